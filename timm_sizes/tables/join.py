"""What other timm tables say of a table's rows: a benchmark's speed, and the accuracy in other results tables.

Rows are joined by name and image size: the same checkpoint at two image sizes has two speeds and two accuracies.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture
from timm_sizes.tables.frame import to_numbers
from timm_sizes.tables.table import DEFAULT_COLUMN, Table, read_table

IMG_SIZE_COLUMNS = ("img_size", "infer_img_size", "train_img_size")
SPEED_KINDS = ("infer", "train")  # benchmark.py writes either or both; what is deployed is inference
SPEED_FIGURES = ("samples_per_sec", "step_time", "gmacs", "macts")
SPEED_COLUMNS = {kind: tuple(f"{kind}_{figure}" for figure in SPEED_FIGURES) for kind in SPEED_KINDS}
ACCURACY = "top1"
ACCURACY_PREFIX = f"{ACCURACY}_"
_NOT_ACCURACIES = ("top1_err", "top1_diff")  # columns of timm's

_RESULTS_NAME = re.compile(r"results-(?:imagenet-)?(?=.)(.*)", re.DOTALL)
_VERSION_NAME = re.compile(r"imagenet(v\d+)\b.*", re.DOTALL)
_KEYS = ["name", "img_size"]


@dataclass(frozen=True)
class Sources:
    """The tables to join: a benchmark, and results tables by the column that each fills (top1_real, top1_v2, …)."""

    benchmark: Table | None
    accuracies: dict[str, Table]

    @property
    def columns(self) -> set[str]:
        """The columns that a merge with these replaces: all figures of a kind, for they belong to one benchmark."""
        speed = SPEED_COLUMNS[speed_kind(self.benchmark)] if self.benchmark else ()
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
    return Sources(read_benchmark(speed) if speed else None, _read_accuracies(accuracy) if accuracy else {})


def join(table: Table, column: str, sources: Sources) -> list[Joined]:
    """Return what each of *sources* says of the rows of *table*, whose names are in *column*; see join_speed."""
    accuracies = [_join_accuracy(table, column, name, other) for name, other in sources.accuracies.items()]
    return accuracies + ([join_speed(table, column, sources.benchmark)] if sources.benchmark else [])


def summary(joined: Joined, rows: int) -> str:
    """Return a line on how many of a table's *rows* the join found."""
    return f"{', '.join(joined.columns)}: {joined.matched:,} of {rows:,} rows are in {joined.source}"


def is_accuracy(column: str) -> bool:
    """Return whether *column* is a top-1 accuracy: timm's own, or one that was joined."""
    return column.startswith(ACCURACY) and column not in _NOT_ACCURACIES


def is_joined(name: str, columns: Collection[str]) -> bool:
    """Return whether the column *name* of a table with *columns* may come from a join.

    The speed beside an image or batch size of its kind is the table's own (a benchmark's), and so are timm's top1_err
    and top1_diff.
    """
    if name.startswith(ACCURACY_PREFIX):
        return is_accuracy(name)
    kind = name.partition("_")[0]
    is_benchmark = f"{kind}_img_size" in columns or f"{kind}_batch_size" in columns
    return name in SPEED_COLUMNS.get(kind, ()) and not is_benchmark


def read_benchmark(path: str) -> Table:
    """Read the benchmark table at *path*; InputError if it is not one."""
    figures = [name for names in SPEED_COLUMNS.values() for name in names]
    table = read_table(path, DEFAULT_COLUMN, [*IMG_SIZE_COLUMNS, *figures])
    speed_kind(table)
    return table


def speed_kind(benchmark: Table) -> str:
    """Return what *benchmark* measures, "infer" or "train"; InputError if neither."""
    for kind in SPEED_KINDS:
        if SPEED_COLUMNS[kind][0] in benchmark.cells:
            return kind
    expected = " or ".join(SPEED_COLUMNS[kind][0] for kind in SPEED_KINDS)
    raise InputError(f"{benchmark.source}: not a benchmark table; expected a column {expected}")


def accuracy_name(path: str) -> str:
    """Return the short name of the results table at *path*: real, v2, a_clean, sketch; else its stem, as a word."""
    stem = Path(path).stem
    results = _RESULTS_NAME.fullmatch(stem)
    name = results[1] if results else stem
    version = _VERSION_NAME.fullmatch(name) if results else None
    return re.sub(r"\W+", "_", version[1] if version else name, flags=re.ASCII).strip("_") or "table"


def join_speed(table: Table, column: str, benchmark: Table) -> Joined:
    """Return the figures of *benchmark* for the rows of *table*, whose names are in *column*, as text.

    A row's own name comes first (a benchmark of tagged names), then its architecture; of several benchmark rows the
    first. Raises InputError if one of the tables has no column of image sizes.
    """
    kind = speed_kind(benchmark)
    names = [name for name in SPEED_COLUMNS[kind] if name in benchmark.cells]
    known = _keyed(benchmark, DEFAULT_COLUMN, (f"{kind}_img_size", *IMG_SIZE_COLUMNS)).assign(
        **{name: benchmark.cells[name] for name in names}
    )
    rows = _keyed(table, column, IMG_SIZE_COLUMNS)
    exact = _look_up(rows, known)
    by_architecture = _look_up(_by_architecture(rows), _by_architecture(known))
    return _joined(benchmark, names, exact.where(exact.notna().any(axis="columns"), by_architecture))


def _read_accuracies(paths: str) -> dict[str, Table]:
    tables: dict[str, Table] = {}
    for path in [paths] if Path(paths).is_file() else paths.split(","):
        column = ACCURACY_PREFIX + accuracy_name(path)
        if column in tables:
            raise InputError(f"{path}: a second table for {column}; rename the file")
        table = read_table(path, DEFAULT_COLUMN, [*IMG_SIZE_COLUMNS, ACCURACY])
        if ACCURACY not in table.cells:
            raise InputError(f"{path}: not a results table; expected a column {ACCURACY}")
        tables[column] = table
    return tables


def _join_accuracy(table: Table, column: str, name: str, other: Table) -> Joined:
    known = _keyed(other, DEFAULT_COLUMN, IMG_SIZE_COLUMNS).assign(**{name: other.cells[ACCURACY]})
    return _joined(other, [name], _look_up(_keyed(table, column, IMG_SIZE_COLUMNS), known))


def _keyed(table: Table, column: str, size_columns: tuple[str, ...]) -> pd.DataFrame:
    found = next((name for name in size_columns if name in table.cells), None)
    if found is None:
        expected = ", ".join(IMG_SIZE_COLUMNS)
        raise InputError(f"{table.source}: no column of image sizes to join rows by; expected one of {expected}")
    names = pd.Series(table.cells[column], dtype="str").str.strip()
    return pd.DataFrame({"name": names, "img_size": to_numbers(pd.Series(table.cells[found], dtype="str"))})


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
