"""What other timm tables say of a table's rows: a benchmark's speed, and the accuracy in other results tables.

Rows are joined by name and image size: the same checkpoint at two image sizes has two speeds and two accuracies.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture
from timm_sizes.tables.columns import (
    ACCURACY,
    ACCURACY_PREFIX,
    ACCURACY_SET,
    BENCHMARK_COLUMNS,
    IMAGE_SIZE,
    MEMORY_COLUMNS,
    SPEED_SOURCE,
    is_accuracy,
)
from timm_sizes.tables.frame import plain_numbers, to_numbers
from timm_sizes.tables.measured_on import results_name, speed_source
from timm_sizes.tables.table import DEFAULT_COLUMN, Table, read_table

_KEYS = ["name", "img_size"]


@dataclass(frozen=True)
class Sources:
    """The tables to join: a benchmark, and results tables by the column that each fills (top1_real, top1_v2, …)."""

    benchmark: Table | None = None
    accuracies: dict[str, Table] = field(default_factory=dict)

    @property
    def columns(self) -> set[str]:
        """The columns that a merge with these replaces: all figures of a pass, for they belong to one benchmark."""
        speed = (*BENCHMARK_COLUMNS[benchmark_pass(self.benchmark)], SPEED_SOURCE) if self.benchmark else ()
        return {*self.accuracies, *speed}


@dataclass(frozen=True)
class Joined:
    """New columns of text, one cell a row, empty where nothing is known; ``matched`` of the rows have figures."""

    source: str
    columns: dict[str, list[str]]
    matched: int


def read_sources(speed: str | None, accuracy: str | None) -> Sources:
    """Read the benchmark table at the path *speed* and the results tables at the paths *accuracy*, set off by commas.

    Raises InputError for what is not such a table, and for two results tables of one name.
    """
    return Sources(_read_benchmark(speed) if speed else None, _read_accuracies(accuracy) if accuracy else {})


def join(table: Table, column: str, sources: Sources) -> list[Joined]:
    """Return what each of *sources* says of the rows of *table*, whose names are in *column*; see join_speed."""
    accuracies = [_join_accuracy(table, column, name, other) for name, other in sources.accuracies.items()]
    return accuracies + ([join_speed(table, column, sources.benchmark)] if sources.benchmark else [])


def summary(joined: Joined, rows: int) -> str:
    """Return a line on how many of a table's *rows* the join found."""
    return f"{', '.join(joined.columns)}: {joined.matched:,} of {rows:,} rows are in {joined.source}"


def is_joined(name: str, columns: Collection[str]) -> bool:
    """Return whether the column *name* of a table with *columns* may come from a join.

    The speed beside an image or batch size of its pass is the table's own (a benchmark's), and so are timm's top1_err
    and top1_diff.
    """
    if name in (*MEMORY_COLUMNS, SPEED_SOURCE, ACCURACY_SET):
        return True
    if name.startswith(ACCURACY_PREFIX):
        return is_accuracy(name)
    measured = name.partition("_")[0]
    is_benchmark = f"{measured}_img_size" in columns or f"{measured}_batch_size" in columns
    return name in BENCHMARK_COLUMNS.get(measured, ()) and not is_benchmark


def benchmark_pass(benchmark: Table) -> str:
    """Return what *benchmark* measures, "infer" or "train"; InputError if neither."""
    for measured, (speed, *_) in BENCHMARK_COLUMNS.items():
        if speed in benchmark.columns:
            return measured
    expected = " or ".join(speed for speed, *_ in BENCHMARK_COLUMNS.values())
    raise InputError(f"{benchmark.source}: not a benchmark table; expected a column {expected}")


def accuracy_name(path: str) -> str:
    """Return the short name of the results table at *path*: real, v2, a_clean, sketch; else its stem, as a word."""
    name = results_name(path) or Path(path).stem
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "table"


def join_speed(table: Table, column: str, benchmark: Table) -> Joined:
    """Return the figures of *benchmark* for the rows of *table*, whose names are in *column*, as text.

    A row's own name comes first (a benchmark of tagged names), then its architecture; of several benchmark rows the
    first. Raises InputError if one of the tables has no column of image sizes.
    """
    measured = benchmark_pass(benchmark)
    names = [name for name in BENCHMARK_COLUMNS[measured] if name in benchmark.columns]
    known = _keyed(benchmark, DEFAULT_COLUMN, (f"{measured}_img_size", *IMAGE_SIZE.read_from)).assign(
        **{name: _cells_for(table, benchmark, name) for name in names}
    )
    rows = _keyed(table, column)
    exact = _look_up(rows, known)
    by_architecture = _look_up(_by_architecture(rows), _by_architecture(known))
    joined = _joined(benchmark, names, exact.where(exact.notna().any(axis="columns"), by_architecture))
    is_known = zip(*joined.columns.values(), strict=True)
    joined.columns[SPEED_SOURCE] = [speed_source(benchmark.source) if any(cells) else "" for cells in is_known]
    return joined


def _read_benchmark(path: str) -> Table:
    table = read_table(path)
    benchmark_pass(table)
    return table


def _read_accuracies(paths: str) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for path in [paths] if Path(paths).is_file() else paths.split(","):
        column = ACCURACY_PREFIX + accuracy_name(path)
        if column in tables:
            raise InputError(f"{path}: a second table for {column}; rename the file")
        if not is_accuracy(column):
            raise InputError(f"{path}: would be joined as {column}, which is no accuracy; rename the file")
        table = read_table(path)
        if ACCURACY not in table.columns:
            raise InputError(f"{path}: not a results table; expected a column {ACCURACY}")
        tables[column] = table
    return tables


def _join_accuracy(table: Table, column: str, name: str, other: Table) -> Joined:
    known = _keyed(other, DEFAULT_COLUMN).assign(**{name: _cells_for(table, other, ACCURACY)})
    return _joined(other, [name], _look_up(_keyed(table, column), known))


def image_sizes(table: Table, size_columns: tuple[str, ...] = IMAGE_SIZE.read_from) -> pd.Series[float]:
    """Return the image sizes of the rows of *table* in pixels, NaN where unknown; InputError if it has none."""
    found = next((name for name in size_columns if name in table.columns), None)
    if found is None:
        expected = ", ".join(IMAGE_SIZE.read_from)
        raise InputError(f"{table.source}: no column of image sizes to join rows by; expected one of {expected}")
    return to_numbers(pd.Series(table.column(found), dtype="str"), decimal_commas=table.has_decimal_commas)


def _keyed(table: Table, column: str, size_columns: tuple[str, ...] = IMAGE_SIZE.read_from) -> pd.DataFrame:
    names = pd.Series(table.column(column), dtype="str").str.strip()
    return pd.DataFrame({"name": names, "img_size": image_sizes(table, size_columns)})


def _cells_for(table: Table, other: Table, name: str) -> list[str]:
    """Return the text of the column *name* of *other*; where *table* would read a comma in it otherwise, without it."""
    cells = other.column(name)
    if other.has_decimal_commas == table.has_decimal_commas:
        return cells
    return plain_numbers(pd.Series(cells, dtype="str"), decimal_commas=other.has_decimal_commas).tolist()


def _by_architecture(frame: pd.DataFrame) -> pd.DataFrame:
    known = {name: architecture(name) for name in frame["name"].unique()}
    return frame.assign(name=frame["name"].map(known))


def _look_up(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of *known* for each of *rows*, NaN where it has none."""
    # pandas would join an unknown image size with any other unknown one.
    first = known.dropna(subset=["img_size"]).drop_duplicates(_KEYS)
    return rows[_KEYS].merge(first, on=_KEYS, how="left", validate="many_to_one").drop(columns=_KEYS)


def _joined(source: Table, names: list[str], cells: pd.DataFrame) -> Joined:
    matched = int(cells.notna().any(axis="columns").sum())
    return Joined(source.source, {name: cells[name].fillna("").tolist() for name in names}, matched)
