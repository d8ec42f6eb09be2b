"""The rows of a table as choices (size, accuracy, speed, licence), for pick and report to limit, rank and draw."""

from __future__ import annotations

from math import nan
from pathlib import Path

import numpy as np
import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.items import Status
from timm_sizes.names.architecture import family
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.base import Table
from timm_sizes.tables.columns import (
    ACCURACY,
    ACCURACY_SET,
    COLUMNS,
    LATENCY_SOURCE,
    OF_MEMORY,
    SIZE,
    SIZE_COLUMN,
    SPEED_SOURCE,
    Kind,
    is_text,
    own_columns,
)
from timm_sizes.tables.facts import Facts, Known, key_columns
from timm_sizes.tables.frame import is_blank, typed
from timm_sizes.tables.join import read_joins
from timm_sizes.tables.measured_on import accuracy_set, measured_on, speed_source
from timm_sizes.tables.memory import SIZE_DTYPES, Footprint, Memory, weight_bytes
from timm_sizes.tables.numbers import number
from timm_sizes.tables.table import read_table
from timm_sizes.units import MB

# Columns that a table has under another name: those of a merge, and what a figure is read from.
_READ_FROM: dict[str, tuple[str, ...]] = {"repo_id": ("hub_repo",), "revision": ("hub_revision",)}
_READ_FROM |= {column.name: column.read_from for column in COLUMNS if column.read_from}
_DTYPES_SHOWN = {"int8": "int8, all layers"}
_SIZES = {"size_bytes": 1, SIZE.name: MB, SIZE_COLUMN: MB}  # a table's columns of sizes, with the bytes of their unit

_ROUNDED = 0.005  # MB by which a size of two decimals may be beside the bytes


def load_choices(
    path: str,
    column: str,
    sizes: Sizes,
    speed: str | None = None,
    *,
    accuracy: str | None = None,
    latency: str | None = None,
    dtype: str | None = None,
    memory: Memory | None = None,
) -> pd.DataFrame:
    """Read the table at *path* ("-" for standard input), one row a table row.

    All its columns are kept, with numbers where they are (NaN for blanks). Added, unless the table has them: ``model``
    (the names in *column*), ``size_mb`` (MB) and ``size_bytes``, ``status``, ``license``, ``repo_id``, ``revision``,
    ``family``, the memory, and those of tables.columns that are read from others: ``speed`` (images a second),
    ``gmacs``, ``img_size`` (pixels). Text is "" and numbers are NaN where nothing is known.

    What the table has is taken as it is; what it has not comes from the rows of the sizes file, *sizes*, and from the
    tables at the paths *speed*, *accuracy* (several, set off by commas) and *latency*. With a *dtype* (of
    memory.SIZE_DTYPES) the sizes are computed. Memory is that of one image at this precision, float32 unless told
    otherwise, or as *memory* says. Raises InputError for tables that cannot be read, for a bare one without *sizes*,
    and for one with columns of its own that these options would fill.
    """
    table = read_table(path, column)
    if not sizes and not any(name in table.columns for name in _SIZES):
        raise InputError(f"{table.source}: no sizes in it, and none crawled yet; run scrapy crawl hf_sizes first")
    if not len(table):
        raise InputError(f"{table.source}: no rows in it; expected one per model")
    usual = None if dtype == "int8" else Memory(dtype or "float32")  # what is quantised has a size, but no memory
    facts = Facts(sizes, read_joins(speed, accuracy, latency), memory or usual)
    facts.check_joins(table)
    joined = {name for join in facts.joins for name in join.columns}
    speeds = {each.name for each in COLUMNS if each.kind is Kind.SPEED and joined.intersection(each.read_from)}
    filled = joined | speeds | ({*OF_MEMORY} if dtype or memory else set())
    ours = own_columns(table.columns)
    replaced = filled & set(table.columns) - ours
    cells = {name: table.column(name) for name in table.columns if name not in filled}
    own = typed(cells, column, decimal_commas=table.has_decimal_commas)
    known = _known(table, column, facts, dtype)
    if any(name in own for name in OF_MEMORY):
        known = known.assign(**{name: "" if is_text(name) else np.nan for name in OF_MEMORY})
    if dtype is None:
        known = known.assign(**_sizes(own, known))
    known[SIZE.name] = known["size_bytes"] / MB
    settled = ["model", "size_bytes", SIZE.name, "status"]
    replaced |= {name for name in settled if name in own and name not in ours and _differ(own[name], known[name])}
    if replaced:
        raise InputError(f"{table.source}: has a column {min(replaced)} of its own, which would be replaced")
    frame = own.assign(**{str(name): known[name] for name in known if name in settled or name not in own})
    for name, others in _READ_FROM.items():
        if name not in own:
            there = next((other for other in others if other in frame), None)
            frame[name] = frame[there] if there else frame.get(name, np.nan)
    # The speed in a table of another name may be of anything.
    device = speed_source(path) if Path(path).name.startswith("benchmark-") else ""
    devices = [measured_on(device, each) for each in frame["family"]]
    said = {
        "latency_ms": _latency(frame),
        ACCURACY_SET: accuracy_set(path) if ACCURACY in own else "",
        SPEED_SOURCE: devices,
        LATENCY_SOURCE: devices,
    }
    return frame.assign(**{name: said[name] for name in said if name not in frame})


def _known(table: Table, column: str, facts: Facts, dtype: str | None) -> pd.DataFrame:
    """Return what *facts* knows of the rows of *table*: looked up once for all rows that are alike in what decides."""
    names, key = key_columns(table, column)
    reads = list(zip(*map(table.column, names), strict=True))
    places = {read: place for place, read in enumerate(dict.fromkeys(reads))}
    known = pd.DataFrame([_row(facts.of(key(read)), facts, dtype) for read in places])
    return known.take([places[read] for read in reads]).reset_index(drop=True).assign(model=table.column(column))


def _latency(frame: pd.DataFrame) -> pd.Series[float] | float:
    """Return the step time of a benchmark's rows where it is of one image."""
    if not {"infer_step_time", "infer_batch_size"} <= {*frame}:
        return nan
    return frame["infer_step_time"].where(frame["infer_batch_size"] == 1)


def _row(known: Known, facts: Facts, dtype: str | None) -> dict[str, str | float]:
    item, memory = known.checkpoint, known.footprint or Footprint(Memory(), None)
    size, status = known.size_bytes, known.status
    if dtype:
        size = weight_bytes(known.elements, SIZE_DTYPES[dtype])
        status = status if size is None else Status.ESTIMATED
    return {
        "size_bytes": _figure("size_bytes", size),
        "status": str(status),
        "license": item.license,
        "repo_id": item.repo_id,
        "revision": item.sha,
        "family": family(known.key.name),
        **{name: _figure(name, value) for name, value in memory.figures.items()},
        "size_dtype": _DTYPES_SHOWN.get(dtype, dtype) if dtype and size is not None else "",
        **{
            name: (cell if is_text(name) else number(cell))
            for join, found in zip(facts.joins, known.found, strict=True)
            for name, cell in zip(join.columns, found.cells if found else [""] * len(join.columns), strict=True)
        },
    }


def _sizes(own: pd.DataFrame, known: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the bytes and the status of rows: of the size that the table has, else of the one that is *known*.

    A size in MB of two decimals that is the known one, rounded, is taken for it. One that differs is of unknown origin,
    unless the table has a status too.
    """
    name = next((name for name in _SIZES if name in own and own[name].dtype == "float64"), None)
    size = own[name] * _SIZES[name] if name else pd.Series(np.nan, index=known.index)
    is_known = (size - known["size_bytes"]).abs() <= (0 if name == "size_bytes" else _ROUNDED * MB)
    has_own = size.notna()
    status = known["status"].where(~has_own | is_known, "")
    said = next((name for name in ("size_status", "status") if name in own), None)
    if said:
        status = own[said].astype("str").where(has_own | known["size_bytes"].isna(), status)
    return {"size_bytes": known["size_bytes"].where(~has_own | is_known, size.round()), "status": status}


def _differ(mine: pd.Series, known: pd.Series) -> bool:
    """Return whether a cell of *mine* says another thing than *known*: a size is rounded, any status is ours."""
    if mine.dtype == "float64":
        is_same = mine.isna() | ((mine - known).abs() <= _ROUNDED)
    else:
        is_same = is_blank(mine) | mine.isin([*Status]) | (mine == known.astype("str"))
    return not is_same.all()


def _figure(name: str, value: int | str | None) -> str | float:
    """Return *value*, sizes in bytes, as the column *name* has it."""
    if isinstance(value, int):
        return value / MB if name.endswith("_mb") else float(value)
    return value or ("" if is_text(name) else nan)
