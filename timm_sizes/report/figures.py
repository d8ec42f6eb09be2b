"""Which of a table's columns a report shows, and on which axis; what they are is said in tables.columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.tables.columns import AXES, IMAGE_SIZE, SIZE, SPEED, Column, Kind, column_of, is_accuracy

BUDGETS_MB = (5, 10, 25, 50, 100, 250)


@dataclass(frozen=True)
class Figures:
    """The figures that a table has: what may be gained (y axis), at what cost (x axis), and the input size if known."""

    gains: tuple[Column, ...]
    costs: tuple[Column, ...]
    image: Column | None

    @property
    def gain(self) -> Column:
        """What choices are ranked by unless another is selected: the table's first accuracy, else its speed."""
        return self.gains[0]

    @property
    def speed(self) -> Column | None:
        """The speed, on whichever axis; None if the table has none."""
        return SPEED if SPEED in (*self.gains, *self.costs) else None

    @property
    def shown(self) -> tuple[Column, ...]:
        """All of them, in the order of the table's columns: size first."""
        rest = [figure for figure in (*self.costs, *([self.image] if self.image else [])) if figure != SIZE]
        return (SIZE, *self.gains, *rest)


def find_figures(frame: pd.DataFrame, source: str) -> Figures:
    """Return the figures that *frame* (of choices.load_choices) has numbers for.

    Raises InputError, naming *source*, for a table with neither an accuracy nor a speed, without any size, or without a
    row that can be drawn.
    """
    gains = tuple(column_of(name) for name in frame.columns if is_accuracy(name) and _has_numbers(frame, name))
    if not gains and not _has_numbers(frame, SPEED.name):
        expected = "an accuracy (top1, top5, top1_…) or a speed (infer_samples_per_sec, train_samples_per_sec)"
        raise InputError(f"{source}: nothing to weigh sizes against; expected a column with {expected}")
    if not _has_numbers(frame, SIZE.name):
        raise InputError(f"{source}: no row has a size; run scrapy crawl hf_sizes for this table first")
    gains = gains or (SPEED,)
    if drawn_rows(frame, gains[0]).empty:
        raise InputError(f"{source}: no row to draw; expected one with a size above 0 and its {gains[0].label.lower()}")
    costs = tuple(figure for figure in AXES if figure not in gains and _has_numbers(frame, figure.name))
    return Figures(gains, costs, IMAGE_SIZE if _has_numbers(frame, IMAGE_SIZE.name) else None)


def drawn_rows(frame: pd.DataFrame, gain: Column) -> pd.DataFrame:
    """Return the rows of *frame* that a chart of *gain* over size can show: what is on a log axis has to be above 0."""
    shown = frame[gain.name].notna() if gain.kind is Kind.ACCURACY else frame[gain.name] > 0
    return frame[(frame[SIZE.name] > 0) & shown]


def best_under(frame: pd.DataFrame, gain: Column) -> Iterator[tuple[int, int | None]]:
    """Yield each of BUDGETS_MB with the position of the row of *frame* that has most of *gain* within it.

    Of rows that are equally good the smallest one counts, then the first. None where no row is small enough.
    """
    ranked = frame.reset_index(drop=True).sort_values(
        [gain.name, SIZE.name], ascending=[gain.smaller_is_better, True], kind="stable"
    )
    ranked = ranked[ranked[gain.name].notna()]
    for budget in BUDGETS_MB:
        fitting = ranked.index[ranked[SIZE.name] <= budget]
        yield budget, (int(fitting[0]) if len(fitting) else None)


def _has_numbers(frame: pd.DataFrame, column: str) -> bool:
    return column in frame and pd.api.types.is_numeric_dtype(frame[column]) and bool(frame[column].notna().any())
