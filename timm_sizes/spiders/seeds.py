"""What a crawl of hf_sizes starts from: the spider's arguments, read and checked, and the names in local tables."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from glob import glob, has_magic
from itertools import chain, count
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from timm_sizes.errors import InputError
from timm_sizes.hub.endpoints import is_owner
from timm_sizes.sizes_file import kept_path
from timm_sizes.tables.table import (
    DEFAULT_COLUMN,
    STDIN,
    parse_table,
    read_bytes,
    source_name,
    table_ending,
    table_names,
)

ROUTES = ("api", "list", "page")
# What a crawl without a table is seeded from: upstream's own, and offline the copy that comes along.
SHIPPED_TABLE = Path(__file__).parent.parent / "tables" / "data" / "results-imagenet-real.csv"
UPSTREAM_TABLE_URL = (
    "https://raw.githubusercontent.com/huggingface/pytorch-image-models/main/results/results-imagenet-real.csv"
)
# The spider's arguments, each with a line on what it is.
ARGUMENTS = {
    "table": "benchmark tables: paths, URLs or globs, separated by commas, or - for standard input"
    " (default: timm's results-imagenet-real.csv, from GitHub)",
    "author": "instead of a table, or beside one: all repos of these organisations, separated by commas",
    "models": "instead of a table: these model names, separated by commas",
    "column": f"the tables' column of names (default: {DEFAULT_COLUMN})",
    "route": "api: exact sizes, a request a repo (default); list: estimates within 0.1 %, 1,000 repos a request; "
    "page: from the repos' HTML pages",
    "refresh": "1: request everything anew, also what is in the HTTP cache",
    "dry_run": "1: print what would be requested, and send nothing",
}
_SOURCES = ("table", "author", "models")
_SWITCH = {"0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True)
class Seeds:
    """A crawl's checked arguments, and the ``names`` that are known before it starts; the same throughout a crawl."""

    sizes_file: Path
    names: tuple[str, ...]
    route: str
    endpoint: str
    # Where the merge will find the tables; what comes from a URL or by standard input is kept there by the crawl.
    tables: tuple[Path, ...] = ()
    urls: Mapping[str, Path] = field(default_factory=dict)
    unkept: Mapping[Path, bytes] = field(default_factory=dict)
    authors: tuple[str, ...] = ()
    # Names that may be of local files: a stranger's table must not have files here measured.
    local_names: frozenset[str] = frozenset()
    by_name: bool = False
    column: str = DEFAULT_COLUMN
    refresh: bool = False
    dry_run: bool = False
    offline: bool = False

    @property
    def job_identity(self) -> str:
        """A fingerprint of what is crawled and from where: a job directory with another one is another crawl's."""
        parts = [*self.names, *self.urls, *self.authors, self.column, self.route, self.endpoint]
        return hashlib.sha256("\n".join([*parts, f"{self.refresh} {self.offline}"]).encode()).hexdigest()


def read_seeds(arguments: Mapping[str, Any], sizes_file: Path, endpoint: str, *, offline: bool) -> Seeds:
    """Check the spider's *arguments* (``-a`` on the command line; a script may give lists) and read the local tables.

    Tables that are not local are to be kept beside *sizes_file*. Raises InputError for anything that would make the
    crawl pointless, before a request is sent.
    """
    route = arguments.get("route", ROUTES[0])
    if route not in ROUTES:
        raise InputError(f"route={route!r}: expected {', '.join(ROUTES[:-1])} or {ROUTES[-1]}")
    given = [name for name in _SOURCES if name in arguments]
    if len(given) > 1 and "models" in given:
        raise InputError(f"{' and '.join(given)}: expected models alone, or a table, an author, or both of these")
    column = arguments.get("column", DEFAULT_COLUMN)
    authors = tuple(_listed(arguments, "author"))
    if authors and offline:
        raise InputError("author: HF_HUB_OFFLINE is set; expected a local table or models")
    for author in authors:
        if not is_owner(author):
            raise InputError(f"author={author}: expected the name of an organisation or a user on the Hub")
    local_names = _listed(arguments, "models")
    names = dict.fromkeys(local_names)
    has_tables = "table" in arguments or not given
    sources = dict.fromkeys(_sources(arguments.get("table"), offline=offline) if has_tables else ())
    # Kept tables must not take the place of one that is read: it may be what an earlier crawl kept.
    taken = {Path(source).resolve() for source in sources if not _SCHEME.match(source)}
    tables, urls, unkept = [], {}, {}
    for source in sources:
        if _SCHEME.match(source):
            filename = PurePosixPath(unquote(urlsplit(source).path)).name
            urls[source] = _kept_path(sizes_file, filename, taken)
            continue
        data = read_bytes(source)
        found = table_names(parse_table(data, source_name(source), column), column)
        names |= dict.fromkeys(found)
        if source == STDIN:
            path = _kept_path(sizes_file, f"stdin{table_ending(data)}", taken)
            unkept[path] = data
        else:
            path = Path(source)
            local_names += found
        tables.append(path)
    return Seeds(
        sizes_file=sizes_file,
        names=tuple(names),
        tables=tuple(tables),
        urls=urls,
        unkept=unkept,
        authors=authors,
        local_names=frozenset(local_names),
        by_name="models" in arguments,
        column=column,
        route=route,
        refresh=_switch(arguments, "refresh"),
        dry_run=_switch(arguments, "dry_run"),
        offline=offline,
        endpoint=endpoint,
    )


def _kept_path(sizes_file: Path, filename: str, taken: set[Path]) -> Path:
    """Return where a table that is not local is kept: under its own name, made harmless and not among those *taken*."""
    name = _UNSAFE.sub("_", filename).lstrip(".")[-100:] or "table.csv"
    numbered = (kept_path(sizes_file, f"{number}-{name}") for number in count(2))
    path = next(path for path in chain([kept_path(sizes_file, name)], numbered) if path.resolve() not in taken)
    taken.add(path.resolve())
    return path


def _sources(text: Any, *, offline: bool) -> Iterator[str]:
    """Yield the tables that the argument ``table`` means, globs expanded."""
    if text is None:
        yield str(SHIPPED_TABLE) if offline else UPSTREAM_TABLE_URL
        return
    for part in map(str, text) if isinstance(text, list | tuple) else _split(str(text)):
        scheme = _SCHEME.match(part)
        if scheme is not None:
            yield _checked_url(part, scheme[0].lower(), offline=offline)
        elif has_magic(part) and not Path(part).is_file():
            matches = sorted(path for path in glob(part, recursive=True) if Path(path).is_file())  # noqa: PTH207 - Path.glob takes no absolute pattern
            if not matches:
                raise InputError(f"table={part}: no file matches")
            yield from matches
        elif part:
            yield part
        else:
            raise InputError("table is empty; expected a path, a URL, a glob, or - for standard input")


def _split(text: str) -> list[str]:
    return [text] if Path(text).is_file() else text.split(",")


def _checked_url(url: str, scheme: str, *, offline: bool) -> str:
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise InputError("table: a URL with a login in it, which would be logged; expected one without, or a file")
    if scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InputError(f"table={url}: expected a path or an http(s) URL")
    if offline:
        raise InputError(f"table={url}: HF_HUB_OFFLINE is set; expected a local table")
    return url


def _listed(arguments: Mapping[str, Any], name: str) -> list[str]:
    if name not in arguments:
        return []
    given = arguments[name]
    parts = [part.strip() for part in (given.split(",") if isinstance(given, str) else map(str, given))]
    # What was no UTF-8 on the command line comes as halves of surrogate pairs, which no file can hold.
    if not all(part and part.isprintable() for part in parts):
        raise InputError(f"{name}={arguments[name]!r}: expected names separated by commas")
    return list(dict.fromkeys(parts))


def _switch(arguments: Mapping[str, Any], name: str) -> bool:
    value = str(arguments.get(name, "0")).lower()
    if value not in _SWITCH:
        raise InputError(f"{name}={value!r}: expected 0 or 1")
    return _SWITCH[value]
