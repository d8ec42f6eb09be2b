"""The rows of a table as choices (size, accuracy, speed, licence), for pick and report to limit, rank and draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.names.architecture import family
from timm_sizes.tables.columns import ACCURACY_SET, COLUMNS, SPEED_SOURCE
from timm_sizes.tables.frame import text_frame, to_numbers, typed
from timm_sizes.tables.join import read_sources
from timm_sizes.tables.measured_on import speed_source
from timm_sizes.tables.memory import Memory
from timm_sizes.tables.merge import DETAIL_COLUMNS, SIZE_COLUMNS, Merged, merge_table
from timm_sizes.tables.table import read_table
from timm_sizes.units import MB, MIB

_Reader = Callable[["pd.Series[str]"], "pd.Series[float]"]

_FACTS = {"license": "license", "repo_id": "hub_repo", "status": "size_status"}  # normalised column: detail column


def load_choices(
    path: str, column: str, sizes: Mapping[str, ModelSize], speed: str | None = None, dtype: str | None = None
) -> pd.DataFrame:
    """Read the table at *path* ("-" for standard input), one row a table row.

    All its columns are kept, with numbers where they are (NaN for blanks). Added, in place of any of the same name:
    ``model`` (the names in *column*), ``size_mb`` (MB), ``family``, ``license``, ``repo_id``, ``status``, and those of
    tables.columns that are read from others: ``speed`` (images a second), ``gmacs``, ``img_size`` (pixels). Text is ""
    and numbers are NaN where nothing is known.

    What the table has from ``scrapy merge`` is taken as it is; what it has not comes from the rows of the sizes file,
    *sizes*. *speed* is the path of a benchmark table whose figures are joined. Memory is computed for float32, or for
    *dtype* (of memory.PRECISIONS), at which the sizes are then computed too. Raises InputError for tables that
    cannot be read, and for a bare one without *sizes*.
    """
    table = read_table(path, column)
    if not sizes and not any(name in table.columns for name in SIZE_COLUMNS.values()):
        raise InputError(f"{table.source}: no sizes in it, and none crawled yet; run scrapy crawl hf_sizes first")
    memory = Memory(dtype or "float32")
    merged = merge_table(table, column, sizes, read_sources(speed, None), details=True, memory=memory)
    joined = {name: cells for source in merged.joined for name, cells in source.columns.items()}
    text = text_frame({name: table.column(name) for name in table.columns} | joined)
    numbers = partial(to_numbers, decimal_commas=table.has_decimal_commas)
    facts = _facts(text, merged, numbers)
    if dtype is not None:
        facts = facts.assign(size_mb=to_numbers(text["weights_mb"]))
        facts.loc[facts["size_mb"].notna(), "status"] = str(Status.ESTIMATED)
    added = {
        "model": text[column],
        "size_mb": facts["size_mb"],
        "family": text[column].map({name: family(name) for name in text[column].unique()}),
        **{name: facts[name] for name in _FACTS},
        **{known.name: _first(text, known.read_from, numbers) for known in COLUMNS if known.read_from},
        ACCURACY_SET: text.get(ACCURACY_SET, ""),
        SPEED_SOURCE: text.get(SPEED_SOURCE, _measured_on(path)),
    }
    return typed(text, column, decimal_commas=table.has_decimal_commas).assign(**added)


def _measured_on(path: str) -> str:
    """Return what the benchmark at *path* was run on, "" for a table of another name: its speed may be of anything."""
    return speed_source(path) if Path(path).name.startswith("benchmark-") else ""


def _facts(text: pd.DataFrame, merged: Merged, numbers: _Reader) -> pd.DataFrame:
    """Return size_mb, license, repo_id and status of the table's rows: its own, else those of the sizes file."""
    found = text_frame({**merged.second, **merged.details})
    if set(DETAIL_COLUMNS) <= set(text):
        found = text
    known = _size(found, numbers)
    size = _size(text, numbers).fillna(known)
    facts = pd.DataFrame({name: found[detail] for name, detail in _FACTS.items()}).assign(size_mb=size)
    # A size in the table that differs from the one in the sizes file is of unknown origin.
    facts.loc[size.notna() & (size != known), "status"] = ""
    return facts


def _size(text: pd.DataFrame, numbers: _Reader) -> pd.Series:
    """Return the MB that a merged table says; of bytes or MiB with the two decimals that MB would have."""
    in_mb = _first(text, [SIZE_COLUMNS[MB]], numbers)
    exact = _first(text, ["size_bytes"], numbers) / MB
    return in_mb.fillna(exact.fillna(_first(text, [SIZE_COLUMNS[MIB]], numbers) * MIB / MB).round(2))


def _first(text: pd.DataFrame, names: Sequence[str], numbers: _Reader) -> pd.Series:
    """Return the numbers of the first of *names* that *text* has; NaN if it has none."""
    found = next((name for name in names if name in text), None)
    return numbers(text[found]) if found else pd.Series(np.nan, index=text.index, dtype="float64")
