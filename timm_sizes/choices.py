"""The rows of a table as choices (size, accuracy, speed, licence), for pick and report to limit, rank and draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from timm_sizes.architecture import family
from timm_sizes.errors import InputError
from timm_sizes.frames import parse_whole, text_frame, to_numbers, typed
from timm_sizes.hub.units import MB, MIB
from timm_sizes.joins import IMG_SIZE_COLUMNS, SPEED_COLUMNS, join_speed, read_benchmark
from timm_sizes.last_crawl import read_record
from timm_sizes.merge import DETAIL_COLUMNS, SIZE_COLUMNS, TEXT_DETAILS, merge
from timm_sizes.sizes_file import Row
from timm_sizes.tables import DEFAULT_COLUMN, Table, read_bytes, source_name

# Licences (by their ids on the Hub) that allow commercial use and ask for no more than to be named.
PERMISSIVE = frozenset(
    [
        "0bsd",
        "apache-2.0",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "bsl-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc0-1.0",
        "isc",
        "mit",
        "ncsa",
        "unlicense",
        "zlib",
    ]
)
_FACTS = {"license": "license", "repo_id": "hub_repo", "status": "size_status"}  # normalised column: detail column


def choose_table(args: Sequence[str], column: str | None, sizes_file: Path) -> tuple[str, str]:
    """Return the table that *args* name, or that of the last crawl, and its column of names; InputError if unclear."""
    if args:
        return args[0], column or DEFAULT_COLUMN
    tables, crawled = read_record(sizes_file)
    if len(tables) > 1:
        raise InputError(f"the last crawl had {len(tables)} tables: name the one to choose from")
    return tables[0], column or crawled


def load_choices(path: str, column: str, sizes: dict[str, Row], speed: str | None = None) -> pd.DataFrame:
    """Read the table at *path* ("-" for standard input), one row a table row.

    All its columns are kept, with numbers where they are (NaN for blanks). Added, in place of any of the same name:
    ``model`` (the names in *column*), ``size_mb`` (MB), ``family``, ``license``, ``repo_id``, ``status``, ``speed``
    (images a second), ``gmacs`` and ``img_size`` (pixels). Text is "" and numbers are NaN where nothing is known.

    What the table has from ``scrapy merge`` is taken as it is; for what it has not, the rows of the sizes file,
    *sizes*, are asked. *speed* is the path of a benchmark
    table whose figures are joined. Raises InputError for tables that cannot be read, and for a bare one without
    *sizes*.
    """
    table = parse_whole(read_bytes(path), source_name(path), column)
    cells = dict(table.cells)
    if speed is not None:
        cells |= join_speed(table, column, read_benchmark(speed)).columns
    text = text_frame(cells)
    if not sizes and not any(name in text for name in SIZE_COLUMNS.values()):
        raise InputError(f"{table.source}: no sizes in it, and none crawled yet; run scrapy crawl hf_sizes first")
    facts = _facts(text, table, column, sizes)
    added = {
        "model": text[column],
        "size_mb": facts["size_mb"],
        "family": text[column].map({name: family(name) for name in text[column].unique()}),
        **{name: facts[name] for name in _FACTS},
        "speed": _first(text, [names[0] for names in SPEED_COLUMNS.values()]),
        "gmacs": _first(text, ["gmacs", *(names[2] for names in SPEED_COLUMNS.values())]),
        "img_size": _first(text, IMG_SIZE_COLUMNS),
    }
    return typed(text, {column, *TEXT_DETAILS}).assign(**added)


def pareto(frame: pd.DataFrame, smaller: Sequence[str] = ("size_mb",), larger: Sequence[str] = ("top1",)) -> pd.Series:
    """Return which rows of *frame* no other row beats: as good in every column, and better in one.

    Of the columns *smaller* the less the better, of *larger* the more. Rows that are equal in all of them stay
    together; a row without a number in one of them is never on the frontier.
    """
    costs = np.column_stack([*(frame[name] for name in smaller), *(-frame[name] for name in larger)]).astype("float64")
    known = ~np.isnan(costs).any(axis=1)
    points, which = np.unique(costs[known], axis=0, return_inverse=True)
    best = np.zeros(len(frame), dtype=bool)
    best[known] = _unbeaten(points)[which]
    return pd.Series(best, index=frame.index)


def is_permissive(text: str) -> bool:
    """Return whether every licence id in *text* (joined by "+") is in PERMISSIVE; not so for no licence at all."""
    return all(part in PERMISSIVE for part in text.lower().split("+"))


def _unbeaten(points: np.ndarray) -> np.ndarray:
    """Return which of *points* (costs, a row each: distinct and sorted) no other is at most equal to in all columns."""
    if points.shape[1] <= 2:
        last = points[:, -1]
        before = np.concatenate([[np.inf], np.minimum.accumulate(last)[:-1]]) if len(last) else last
        return last < before
    best = np.zeros(len(points), dtype=bool)
    left = np.arange(len(points))
    while len(left):
        # Sorted as they are, no later point can beat the first one that is left.
        first, left = left[0], left[1:]
        best[first] = True
        left = left[(points[left] < points[first]).any(axis=1)]
    return best


def _facts(text: pd.DataFrame, table: Table, column: str, sizes: dict[str, Row]) -> pd.DataFrame:
    """Return size_mb, license, repo_id and status of the table's rows: its own, else those of the sizes file."""
    merged = merge(table, column, sizes, MB, details=True)
    found = text_frame({**merged.second, **merged.last})
    if set(DETAIL_COLUMNS) <= set(text):
        found = text
    known = _size(found)
    size = _size(text).fillna(known)
    facts = pd.DataFrame({name: found[detail] for name, detail in _FACTS.items()}).assign(size_mb=size)
    # Where the size that the table brought along came from, the sizes file cannot tell if it has another one.
    facts.loc[size.notna() & (size != known), "status"] = ""
    return facts


def _size(text: pd.DataFrame) -> pd.Series:
    """Return the MB that a merged table says; of bytes or MiB with the two decimals that MB would have."""
    in_mb = _first(text, [SIZE_COLUMNS[MB]])
    exact = _first(text, ["size_bytes"]) / MB
    return in_mb.fillna(exact.fillna(_first(text, [SIZE_COLUMNS[MIB]]) * MIB / MB).round(2))


def _first(text: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    """Return the numbers of the first of *names* that *text* has; NaN if it has none."""
    found = next((name for name in names if name in text), None)
    return to_numbers(text[found]) if found else pd.Series(np.nan, index=text.index, dtype="float64")
