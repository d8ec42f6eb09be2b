"""Addresses of the Hub, made and read: an organisation's list, a repo at a commit, its tree and its page."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit

from w3lib.url import safe_url_string

HUB = "https://huggingface.co"

_REPO_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}", re.ASCII)
# A full commit id, git's SHA-1; some self-hosted Hubs have 64 digits. What is requested at a commit never changes.
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.ASCII)
_API_PATH = re.compile(r"/api/models/(?P<repo>[^/]+(?:/[^/]+)?)(?:/(?P<what>revision|tree)/(?P<revision>[^/]+))?/?")
_PAGE_PATH = re.compile(r"/(?P<repo>[^/]+(?:/[^/]+)?)/tree/(?P<revision>[^/]+)/?")
_HOST = re.compile(r"[0-9a-z._:-]+", re.ASCII)
_PORTS = {"http": 80, "https": 443}
_NO_ENDPOINT = f"expected an http(s) URL such as {HUB}"
_NEXT_LINK = re.compile(r'<([^<>]{1,4000})>\s*;\s*rel="next"')

LIST_FIELDS = ("sha", "lastModified", "gated", "private", "cardData", "tags", "siblings", "safetensors")
LIST_PAGE_LIMIT = 1000  # the Hub clamps anything larger


def parse_endpoint(text: str) -> str:
    """Return the address of a Hub as all else here takes it, and as Scrapy writes it in a request's URL.

    Scheme and host are in lower case, the scheme's own port and a slash at the end are left out. A mirror may have a
    path. Raises ValueError for anything but an http(s) URL with a host and at most a path: user and password would come
    out in SIZES_FILE, a query would end up in the middle of the addresses made from it.
    """
    text = text.strip()
    if "@" in text or "?" in text or "#" in text:
        raise ValueError("expected no user, query or fragment in it")
    try:
        parts = urlsplit(safe_url_string(text))
        scheme, host, port = origin(urlunsplit(parts))
    except ValueError:
        raise ValueError(_NO_ENDPOINT) from None
    if scheme not in _PORTS or not host or not _HOST.fullmatch(host) or not port:
        raise ValueError(_NO_ENDPOINT)
    netloc = f"[{host}]" if ":" in host else host
    netloc += "" if port == _PORTS[scheme] else f":{port}"
    return urlunsplit((scheme, netloc, parts.path.rstrip("/"), "", ""))


def rebase(url: str, endpoint: str) -> str:
    """Return *url*, the target of a redirect on *endpoint*'s origin, as an address of the endpoint.

    A proxy that serves the Hub under a path passes the Hub's own ``Location`` on without it.
    """
    own = urlsplit(endpoint)
    parts = urlsplit(url)
    is_below = parts.path == own.path or parts.path.startswith(f"{own.path}/")
    path = parts.path if is_below else own.path + parts.path
    return urlunsplit(parts._replace(scheme=own.scheme, netloc=own.netloc, path=path))


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of *url*; ValueError for a port that is none."""
    parts = urlsplit(url)
    port = _PORTS.get(parts.scheme) if parts.port is None else parts.port
    return parts.scheme, parts.hostname, port


def is_repo_id(text: str) -> bool:
    """Return whether *text* is a repo id: ``name`` or ``org/name``, as huggingface_hub's validate_repo_id has it.

    Each part has 1 to 96 letters, digits, ``-``, ``_`` or ``.``, neither starts nor ends with ``-`` or ``.``
    and holds neither ``--`` nor ``..``; the whole does not end in ``.git``.
    """
    parts = text.split("/")
    return (
        len(parts) <= 2
        and all(_REPO_NAME.fullmatch(part) for part in parts)
        and "--" not in text
        and ".." not in text
        and not text.endswith(".git")
    )


def is_owner(text: str) -> bool:
    """Return whether *text* can be the name of an organisation or user: the first part of a repo id."""
    return is_repo_id(text) and "/" not in text


def is_revision(text: str) -> bool:
    """Return whether *text* can be a branch, tag or commit of a repo (a careful subset of git's rules)."""
    return _REVISION.fullmatch(text) is not None and ".." not in text and "//" not in text


class Kind(Enum):
    """What an address of the Hub answers with."""

    REPO = auto()
    TREE = auto()
    LIST = auto()
    PAGE = auto()  # for people, the tree page of a repo among them
    FILE = auto()  # counts as a download
    API = auto()  # anything else


class Address(NamedTuple):
    """What a URL of the Hub is about: a repo, "" for none, at a revision, "" for main or none."""

    kind: Kind
    repo_id: str = ""
    revision: str = ""

    @property
    def commit(self) -> str:
        """The revision, if it is a commit."""
        return self.revision if COMMIT.fullmatch(self.revision) else ""

    @property
    def bucket(self) -> str:
        """The bucket of the quota that a request counts in."""
        return {Kind.PAGE: "pages", Kind.FILE: "resolvers"}.get(self.kind, "api")


@lru_cache(1024)  # cache, quota, token and spider need it for the same URL
def address_of(url: str, endpoint: str) -> Address | None:
    """Return what *url* is at the Hub whose address is *endpoint* (of parse_endpoint), None for another server's."""
    if not url.startswith(f"{endpoint}/"):
        return None
    path = urlsplit(url[len(endpoint) :]).path
    if path.rstrip("/") == "/api/models":
        return Address(Kind.LIST)
    if "/resolve/" in unquote(path):
        return Address(Kind.FILE)
    is_api = path.startswith("/api/")
    match = (_API_PATH if is_api else _PAGE_PATH).fullmatch(path)
    if match is None:
        return Address(Kind.API if is_api else Kind.PAGE)
    kind = Kind.TREE if is_api and match["what"] == "tree" else Kind.REPO if is_api else Kind.PAGE
    return Address(kind, match["repo"], unquote(match["revision"] or ""))


def model_info_url(endpoint: str, repo_id: str, revision: str = "") -> str:
    """Return the address that answers with every file's size: ``/api/models/{repo_id}[/revision/{rev}]?blobs=true``."""
    at = f"/revision/{quote(revision, safe='')}" if revision else ""
    return f"{endpoint}/api/models/{repo_id}{at}?blobs=true"


def plain_info_url(endpoint: str, repo_id: str, revision: str = "") -> str:
    """Return the address that the official client requests: ``/api/models/{repo_id}/revision/{rev}``.

    For mirrors that refuse model_info_url; the sizes may have to come from tree_url.
    """
    return f"{endpoint}/api/models/{repo_id}/revision/{quote(revision or 'main', safe='')}"


def tree_url(endpoint: str, repo_id: str, revision: str = "") -> str:
    """Return the address of a repo's files with their sizes: ``/api/models/{repo_id}/tree/{rev}?recursive=true``.

    For mirrors that leave the sizes out of the answer at model_info_url.
    """
    return f"{endpoint}/api/models/{repo_id}/tree/{quote(revision or 'main', safe='')}?recursive=true"


def tree_page_url(endpoint: str, repo_id: str, revision: str = "") -> str:
    """Return the address of the HTML page that lists a repo's files: ``/{repo_id}/tree/{rev}``."""
    return f"{endpoint}/{repo_id}/tree/{quote(revision or 'main', safe='')}"


def list_url(endpoint: str, author: str, *, with_dtypes: bool = False, is_sorted: bool = True) -> str:
    """Return the first page of *author*'s repos with their commits, and the elements by dtype if *with_dtypes*.

    It is sorted by what never changes, for stable paging. Some self-hosted Hubs refuse the order: *is_sorted* false
    leaves it out. ``usedStorage`` is refused in a list, and a list has no file sizes.
    """
    query = {"author": author, "limit": LIST_PAGE_LIMIT, **({"sort": "createdAt"} if is_sorted else {})}
    fields = [("expand[]", name) for name in (LIST_FIELDS if with_dtypes else LIST_FIELDS[:1])]
    return f"{endpoint}/api/models?{urlencode([*query.items(), *fields])}"


def next_page_url(url: str, link_header: str) -> str | None:
    """Return the address of the page that follows on *url* (of list_url or tree_url), or None on the last page.

    A mirror passes on the Hub's own absolute link: only its query is taken.
    """
    match = _NEXT_LINK.search(link_header)
    try:
        link = urlsplit(match[1]) if match else None
    except ValueError:
        return None
    return urlunsplit(urlsplit(url)._replace(query=link.query)) if link and "/api/models" in link.path else None
