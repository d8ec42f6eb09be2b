"""Which of a table's columns a report shows, and on which axis; what they are is said in tables.columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from timm_sizes.errors import InputError
from timm_sizes.pick.ranking import accuracies, has_figures, metric
from timm_sizes.tables.columns import (
    ACCURACY_PREFIX,
    ACCURACY_SET,
    AXES,
    COLUMNS,
    IMAGE_SIZE,
    SIZE,
    SPEED,
    Column,
    Kind,
    column_of,
)

if TYPE_CHECKING:
    import pandas as pd

# The limits that the page has at a click, by figure: MB, ms, MB.
BUDGETS = {
    "size_mb": (5, 10, 25, 50, 100),
    "latency_ms": (5, 10, 25, 50, 100),
    "memory_mb": (10, 25, 50, 100, 500),
}


@dataclass(frozen=True)
class Figures:
    """The figures that a table has: what may be gained (y axis), at what cost (x axis), and the input size if known.

    ``parts`` are those of the memory that are no axis.
    """

    gains: tuple[Column, ...]
    costs: tuple[Column, ...]
    image: Column | None
    parts: tuple[Column, ...] = ()

    @property
    def gain(self) -> Column:
        """What choices are ranked by unless another is selected: the table's first accuracy, else its speed."""
        return self.gains[0]

    def bases(self, frame: pd.DataFrame, figure: Column) -> Iterator[str]:
        """Yield the columns that say what *figure* is of: the images, the device and the batch, or the precision."""
        if figure == SIZE:
            yield "size_is"
        names = {
            Kind.SPEED: (figure.basis, "infer_batch_size"),
            Kind.MEMORY: ("memory_dtype", "memory_batch"),
        }
        # A joined accuracy's images are in its name.
        is_joined = figure.name.startswith(ACCURACY_PREFIX)
        for name in names.get(figure.kind, () if is_joined else (figure.basis,)):
            if name in frame and (frame[name].astype("str") != "").any():
                yield name

    @property
    def deciding(self) -> tuple[Column, ...]:
        """Those that a choice is made by: input size, size, memory, the first accuracy and speed, as far as known."""
        limited = [figure for figure in self.costs if figure.decides and figure.limit]
        found = [*([self.image] if self.image else []), *limited, self.gain]
        return tuple(sorted(found, key=lambda figure: figure.place))

    @property
    def rest(self) -> tuple[Column, ...]:
        """All others: parts of the memory, further accuracies, parameters, compute."""
        others = [figure for figure in (*self.parts, *self.gains, *self.costs) if figure not in self.deciding]
        return tuple(sorted(others, key=lambda figure: figure.place))

    @property
    def shown(self) -> tuple[Column, ...]:
        """All of them, in the order of the table's columns."""
        return (*self.deciding, *self.rest)

    @property
    def limits(self) -> tuple[Column, ...]:
        """Those of the deciding ones that a choice may be limited by."""
        return tuple(figure for figure in self.deciding if figure != self.image)

    def less_wins(self, column: Column) -> bool:
        """Return whether less of *column* is better on the Pareto line; see pick.ranking."""
        return metric(column, has_accuracy=self.gain != SPEED).is_smaller_better


def find_figures(frame: pd.DataFrame, source: str) -> Figures:
    """Return the figures that *frame* (of pick.rows.load_choices) has numbers for.

    Raises InputError, naming *source*, for a table with neither an accuracy nor a speed, without any size, or without a
    row that can be drawn.
    """
    gains = tuple(_accuracy(frame, name) for name in accuracies(frame))
    if not gains and not has_figures(frame, SPEED.name):
        expected = "an accuracy (top1, top5, top1_…) or a speed (infer_samples_per_sec, train_samples_per_sec)"
        raise InputError(f"{source}: nothing to weigh sizes against; expected a column with {expected}")
    if not has_figures(frame, SIZE.name):
        raise InputError(f"{source}: no row has a size; run scrapy crawl hf_sizes for this table first")
    gains = gains or (SPEED,)
    if drawn_rows(frame, gains[0]).empty:
        raise InputError(f"{source}: no row to draw; expected one with a size above 0 and its {gains[0].label.lower()}")
    costs = tuple(figure for figure in AXES if figure not in gains and has_figures(frame, figure.name))
    has_memory = any(figure.kind is Kind.MEMORY for figure in costs)
    memory = [figure for figure in COLUMNS if figure.kind is Kind.MEMORY and figure not in costs]
    parts = tuple(figure for figure in memory if has_memory and has_figures(frame, figure.name))
    return Figures(gains, costs, IMAGE_SIZE if has_figures(frame, IMAGE_SIZE.name) else None, parts)


def _accuracy(frame: pd.DataFrame, name: str) -> Column:
    """Return the accuracy *name*; one of the table's own says on which images it is, as far as *frame* tells."""
    column = column_of(name)
    sets = set(frame[ACCURACY_SET]) if ACCURACY_SET in frame and not name.startswith(ACCURACY_PREFIX) else set()
    if len(sets) != 1 or "" in sets:
        return column
    return replace(column, label=f"{sets.pop()} {column.label.lower()}")


def drawn_rows(frame: pd.DataFrame, gain: Column) -> pd.DataFrame:
    """Return the rows of *frame* that a chart of *gain* over size can show: what is on a log axis has to be above 0."""
    shown = frame[gain.name].notna() if gain.kind is Kind.ACCURACY else frame[gain.name] > 0
    return frame[(frame[SIZE.name] > 0) & shown]
