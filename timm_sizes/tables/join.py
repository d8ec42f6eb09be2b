"""What other timm tables say of a name at an image size: a benchmark's speed or latency, the accuracy on other images.

The same checkpoint at two image sizes has two speeds and two accuracies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture, full_name
from timm_sizes.tables.base import Table
from timm_sizes.tables.columns import (
    ACCURACY,
    ACCURACY_PREFIX,
    BENCHMARK_COLUMNS,
    IMAGE_SIZE,
    LATENCY_COLUMNS,
    PARAM_COUNT,
    SPEED_SOURCE,
    is_accuracy,
)
from timm_sizes.tables.measured_on import results_name, speed_source
from timm_sizes.tables.numbers import number, plain
from timm_sizes.tables.table import DEFAULT_COLUMN, read_table


class Found(NamedTuple):
    """A row of another table: its name and image size in pixels, its cells to join, its param_count in millions."""

    name: str
    img_size: float
    cells: tuple[str, ...]
    parameters: float  # NaN without


@dataclass(frozen=True)
class Join:
    """A table to join: the ``columns`` that it fills, and those that it ``replaces`` in a table merged before.

    What was measured with an architecture (a speed) is so for all of its models: ``by_architecture`` has it, and is
    empty for what is a checkpoint's own (an accuracy).
    """

    source: str
    columns: tuple[str, ...]
    replaces: frozenset[str]
    by_name: dict[tuple[str, float], Found]
    by_architecture: dict[tuple[str, float], Found]
    note: str = ""

    def find(self, name: str, img_size: float) -> Found | None:
        """Return what the table has for the model *name* at *img_size* pixels: its own row, else its architecture's.

        Its own is the one of the same name, else of another name of the same checkpoint.
        """
        names = name.strip(), full_name(name)
        own = next((row for each in names if (row := self.by_name.get((each, img_size)))), None)
        return own or self.by_architecture.get((architecture(name), img_size))


def read_joins(speed: str | None = None, accuracy: str | None = None, latency: str | None = None) -> tuple[Join, ...]:
    """Read the tables to join: benchmarks at the paths *speed* and *latency*, results at *accuracy*, set off by commas.

    Raises InputError for what is not such a table, and for two results tables of one name.
    """
    joins = [] if accuracy is None else [*_accuracies(accuracy)]
    joins += [] if speed is None else [_speed(speed)]
    return (*joins, *([] if latency is None else [_latency(latency)]))


def accuracy_name(path: str) -> str:
    """Return the short name of the results table at *path*: real, v2, a_clean, sketch; else its stem, as a word."""
    name = results_name(path) or Path(path).stem
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "table"


def image_size_column(table: Table, names: Iterable[str] = IMAGE_SIZE.read_from) -> str:
    """Return which of *names* is the column of image sizes of *table*; InputError if it has none of them."""
    found = next((name for name in names if name in table.columns), None)
    if found is None:
        expected = ", ".join(IMAGE_SIZE.read_from)
        raise InputError(f"{table.source}: no column of image sizes to join rows by; expected one of {expected}")
    return found


def _speed(path: str) -> Join:
    table = read_table(path)
    measured = next((name for name, (speed, *_) in BENCHMARK_COLUMNS.items() if speed in table.columns), None)
    if measured is None:
        expected = " or ".join(speed for speed, *_ in BENCHMARK_COLUMNS.values())
        raise InputError(f"{path}: not a benchmark table; expected a column {expected}")
    every = BENCHMARK_COLUMNS[measured]
    figures = [name for name in every if name in table.columns]
    rows = list(_rows(table, (f"{measured}_img_size", *IMAGE_SIZE.read_from), figures))
    at = figures.index(every[1]) if every[1] in figures else None
    batch = "" if at is None else _joined_batch(rows, at)
    note = f"several batch sizes a model in {path}: joined at {batch}, the most frequent one" if batch else ""
    rows = [row for row in rows if not batch or at is None or row.cells[at] == batch]
    replaced = frozenset([*every, f"{measured}_step_time", SPEED_SOURCE])
    return _of_architectures(path, (*figures, SPEED_SOURCE), replaced, rows, note)


def _latency(path: str) -> Join:
    table = read_table(path)
    time, batch = "infer_step_time", BENCHMARK_COLUMNS["infer"][1]
    for name in (time, batch):
        if name not in table.columns:
            raise InputError(f"{path}: no latency in it; expected the columns {time} and {batch}")
    others = sorted({cell for cell in table.column(batch) if number(cell) != 1})
    if others:
        shown = ", ".join(others[:3]) + ("" if len(others) <= 3 else ", …")
        raise InputError(
            f"{path}: measured at batch sizes of {shown}; a latency is of one image, {batch} 1 in each row"
        )
    rows = _rows(table, ("infer_img_size", *IMAGE_SIZE.read_from), [time])
    return _of_architectures(path, LATENCY_COLUMNS, frozenset(LATENCY_COLUMNS), rows)


def _of_architectures(
    path: str, columns: tuple[str, ...], replaced: frozenset[str], rows: Iterable[Found], note: str = ""
) -> Join:
    """Return the join of a benchmark's *rows*, with what it was measured on in the last of *columns*."""
    source = speed_source(path)
    measured = [row._replace(cells=(*row.cells, source if any(row.cells) else "")) for row in rows]
    by_architecture = {(architecture(row.name), row.img_size): row for row in reversed(measured)}
    return Join(path, columns, replaced, _by_name(measured), by_architecture, note)


def _by_name(rows: Sequence[Found]) -> dict[tuple[str, float], Found]:
    # Of several the first, and of a name its own row before another name's of the same checkpoint.
    names: Sequence[Callable[[str], str]] = full_name, str
    return {(name(row.name), row.img_size): row for name in names for row in reversed(rows)}


def _joined_batch(rows: Sequence[Found], at: int) -> str:
    """Return the most frequent batch size of *rows*, "" unless a name has several at one image size."""
    pairs = {(row.name, row.img_size, row.cells[at]) for row in rows}
    is_single = len({pair[:2] for pair in pairs}) == len(pairs)
    return "" if is_single else Counter(row.cells[at] for row in rows).most_common(1)[0][0]


def _accuracies(paths: str) -> Iterator[Join]:
    columns: set[str] = set()
    for path in [paths] if Path(paths).is_file() else paths.split(","):
        column = ACCURACY_PREFIX + accuracy_name(path)
        if column in columns:
            raise InputError(f"{path}: a second table for {column}; rename the file")
        if not is_accuracy(column):
            raise InputError(f"{path}: would be joined as {column}, which is no accuracy; rename the file")
        table = read_table(path)
        if ACCURACY not in table.columns:
            raise InputError(f"{path}: not a results table; expected a column {ACCURACY}")
        columns.add(column)
        by_name = _by_name([*_rows(table, IMAGE_SIZE.read_from, [ACCURACY])])
        yield Join(path, (column,), frozenset([column]), by_name, {})


def _rows(table: Table, sizes: Iterable[str], figures: Sequence[str]) -> Iterator[Found]:
    """Yield each row of *table* that has an image size, with its *figures*."""
    commas = table.has_decimal_commas
    parameters = table.column(PARAM_COUNT) if PARAM_COUNT in table.columns else [""] * len(table)
    columns = (table.column(DEFAULT_COLUMN), table.column(image_size_column(table, sizes)), parameters)
    for name, size, count, *cells in zip(*columns, *map(table.column, figures), strict=True):
        pixels = number(size, decimal_commas=commas)
        if pixels == pixels:  # noqa: PLR0124 - an unknown size is not equal to another unknown one
            texts = tuple(plain(cell, decimal_commas=True) if commas else cell for cell in cells)
            yield Found(name.strip(), pixels, texts, number(count, decimal_commas=commas))
