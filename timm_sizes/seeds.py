"""What a crawl starts from: the spider's arguments, read and checked, and the names in the tables they point to."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from timm_sizes.errors import InputError
from timm_sizes.files import check_writable
from timm_sizes.sizes_file import kept_path, read_sizes
from timm_sizes.tables.table import (
    DEFAULT_COLUMN,
    STDIN,
    parse_table,
    read_bytes,
    source_name,
    table_names,
)

ROUTES = ("api", "page")
SAMPLE_TABLE = Path(__file__).parent / "tables" / "data" / "sample_results.csv"
UPSTREAM_TABLE_URL = (
    "https://raw.githubusercontent.com/huggingface/pytorch-image-models/main/results/results-imagenet-real.csv"
)
_ARGUMENTS = ("table", "column", "route", "refresh", "dry_run")
_SWITCH = {"0": False, "no": False, "false": False, "1": True, "yes": True, "true": True}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)


@dataclass(frozen=True)
class Seeds:
    """A crawl's checked arguments; ``names`` are those of the tables at hand, ``urls`` tables still to be fetched."""

    sizes_file: Path
    offline: bool
    column: str
    route: str
    refresh: bool
    dry_run: bool
    names: list[str] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)  # where the merge will find them
    urls: dict[str, Path] = field(default_factory=dict)  # with where each is to be kept
    unkept: dict[Path, bytes] = field(default_factory=dict)  # what came by standard input, still to be kept

    @property
    def digest(self) -> str:
        """A fingerprint of the question: a job directory with another one belongs to another crawl."""
        asked = [*self.names, *self.urls, self.column, self.route, str(self.refresh), str(self.sizes_file.resolve())]
        return hashlib.sha256("\n".join(asked).encode()).hexdigest()


def read_seeds(arguments: Mapping[str, str], sizes_file: Path, *, offline: bool) -> Seeds:
    """Check the spider's *arguments* (``-a`` on the command line), read the local tables, check *sizes_file*.

    Raises InputError for anything that would make the crawl pointless, before a request is sent.
    """
    unknown = [name for name in arguments if name not in _ARGUMENTS]
    if unknown:
        raise InputError(f"unknown spider argument {unknown[0]!r}; there are {', '.join(_ARGUMENTS)}")
    route = arguments.get("route", ROUTES[0])
    if route not in ROUTES:
        raise InputError(f"route={route!r}: expected {' or '.join(ROUTES)}")
    check_writable(sizes_file, "SIZES_FILE")
    read_sizes(sizes_file)
    seeds = Seeds(
        sizes_file=sizes_file,
        offline=offline,
        column=arguments.get("column", DEFAULT_COLUMN),
        route=route,
        refresh=_switch(arguments, "refresh"),
        dry_run=_switch(arguments, "dry_run"),
    )
    names: dict[str, None] = {}
    for source in _sources(arguments.get("table"), offline=offline):
        if _SCHEME.match(source):
            seeds.urls[source] = _kept_path(source, seeds)
        else:
            names |= dict.fromkeys(_read_local(source, seeds))
    seeds.names.extend(names)
    return seeds


def _read_local(source: str, seeds: Seeds) -> list[str]:
    data = read_bytes(source)
    if source == STDIN:
        suffix = "json" if data.lstrip()[:1] in (b"[", b"{") else "csv"
        path = kept_path(seeds.sizes_file, f"stdin.{suffix}")
        seeds.unkept[path] = data
        seeds.tables.append(path)
    else:
        seeds.tables.append(Path(source))
    table = parse_table(data, source_name(source), seeds.column)
    return table_names(table, seeds.column)


def _sources(text: str | None, *, offline: bool) -> Iterator[str]:
    """Yield the tables that the argument ``table`` means, globs expanded."""
    if text is None:
        yield str(SAMPLE_TABLE) if offline else UPSTREAM_TABLE_URL
        return
    for part in [text] if Path(text).is_file() else text.split(","):
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


def _checked_url(url: str, scheme: str, *, offline: bool) -> str:
    if scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise InputError(f"table={url}: expected a path or an http(s) URL")
    if offline:
        raise InputError(f"table={url}: HF_HUB_OFFLINE is set; expected a local table")
    return url


def _kept_path(url: str, seeds: Seeds) -> Path:
    """Return where the table at *url* is kept for the merge: beside SIZES_FILE, under its own name made harmless."""
    name = _UNSAFE.sub("_", unquote(PurePosixPath(urlsplit(url).path).name)).lstrip(".")[-100:] or "table.csv"
    taken = sum(kept.name.endswith(name) for kept in seeds.urls.values())
    return kept_path(seeds.sizes_file, f"{taken + 1}-{name}" if taken else name)


def _switch(arguments: Mapping[str, str], name: str) -> bool:
    value = arguments.get(name, "0").lower()
    if value not in _SWITCH:
        raise InputError(f"{name}={value!r}: expected 0 or 1")
    return _SWITCH[value]
