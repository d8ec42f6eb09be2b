"""The rows of a table as choices (size, accuracy, speed, licence), for pick and report to limit, rank and draw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.items import ModelSize
from timm_sizes.names.architecture import family
from timm_sizes.sizes_file import read_record
from timm_sizes.tables.frame import parse_whole, text_frame, to_numbers, typed
from timm_sizes.tables.join import IMG_SIZE_COLUMNS, SPEED_COLUMNS, join_speed, read_benchmark
from timm_sizes.tables.merge import DETAIL_COLUMNS, SIZE_COLUMNS, TEXT_DETAILS, merge
from timm_sizes.tables.table import DEFAULT_COLUMN, Table, read_bytes, source_name
from timm_sizes.units import MB, MIB

_FACTS = {"license": "license", "repo_id": "hub_repo", "status": "size_status"}  # normalised column: detail column


def choose_table(args: Sequence[str], column: str | None, sizes_file: Path) -> tuple[str, str]:
    """Return the table that *args* name, or that of the last crawl, and its column of names; InputError if unclear."""
    if args:
        return args[0], column or DEFAULT_COLUMN
    tables, crawled = read_record(sizes_file)
    if len(tables) > 1:
        raise InputError(f"the last crawl had {len(tables)} tables: name the one to choose from")
    return tables[0], column or crawled


def load_choices(path: str, column: str, sizes: dict[str, ModelSize], speed: str | None = None) -> pd.DataFrame:
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


def _facts(text: pd.DataFrame, table: Table, column: str, sizes: dict[str, ModelSize]) -> pd.DataFrame:
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
