"""Addresses of the Hub: an organisation's list, a repo at a commit, its tree page. Nothing here touches /resolve/."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode, urlsplit

_REPO_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?", re.ASCII)
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_AT_COMMIT = re.compile(r"/(?:revision|tree)/([0-9a-f]{40})", re.ASCII)
_NEXT_LINK = re.compile(r'<([^<>]{1,4000})>\s*;\s*rel="next"')

LIST_PAGE_LIMIT = 1000  # the Hub clamps anything larger


def is_endpoint(text: str) -> bool:
    """Tell whether *text* can be the address of a Hub: http or https, a host, and at most a path."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and parts.port != 0
    except ValueError:
        return False


def is_repo_id(text: str) -> bool:
    """Tell whether *text* is a repo id: ``name`` or ``org/name``, as huggingface_hub's validate_repo_id has it.

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


def is_revision(text: str) -> bool:
    """Tell whether *text* can be a branch, tag or commit of a repo (a careful subset of git's rules)."""
    return _REVISION.fullmatch(text) is not None and ".." not in text and "//" not in text


def is_commit(text: str) -> bool:
    """Tell whether *text* is a full commit id: what is asked at a commit never changes."""
    return _COMMIT.fullmatch(text) is not None


def commit_of(url: str) -> str:
    """Return the commit that *url* (of model_info_url or tree_page_url) asks at, "" if it asks at a branch."""
    match = _AT_COMMIT.search(urlsplit(url).path)
    return match[1] if match else ""


def repo_of(url: str, endpoint: str) -> str:
    """Return the repo id that *url* (of model_info_url or tree_page_url) asks after."""
    path = urlsplit(url.removeprefix(f"{endpoint}/")).path.removeprefix("api/models/")
    return path.partition("/revision/")[0].partition("/tree/")[0]


def model_info_url(endpoint: str, repo_id: str, revision: str = "") -> str:
    """Return the address that answers with every file's size: ``/api/models/{repo_id}[/revision/{rev}]?blobs=true``."""
    at = f"/revision/{quote(revision, safe='')}" if revision else ""
    return f"{endpoint}/api/models/{repo_id}{at}?blobs=true"


def tree_page_url(endpoint: str, repo_id: str, revision: str = "") -> str:
    """Return the address of the HTML page that lists a repo's files: ``/{repo_id}/tree/{rev}``."""
    return f"{endpoint}/{repo_id}/tree/{quote(revision or 'main', safe='')}"


def list_url(endpoint: str, author: str) -> str:
    """Return the first page of *author*'s repos with their commits; sorted by what never changes, for stable paging."""
    query = {"author": author, "limit": LIST_PAGE_LIMIT, "sort": "createdAt", "expand[]": "sha"}
    return f"{endpoint}/api/models?{urlencode(query)}"


def next_list_url(endpoint: str, link_header: str) -> str | None:
    """Return the next page's address from a ``Link`` header, or None on the last page.

    A mirror passes on the Hub's own absolute link: only its query is taken, the host stays the endpoint's.
    """
    match = _NEXT_LINK.search(link_header)
    if match is None:
        return None
    try:
        parts = urlsplit(match[1])
    except ValueError:
        return None
    if not parts.path.endswith("/api/models"):
        return None
    return f"{endpoint}/api/models?{parts.query}"
