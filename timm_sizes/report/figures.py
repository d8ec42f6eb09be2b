"""Which of a table's columns are figures to show, and how: their headers, units, decimals, and which way is better."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from timm_sizes.errors import InputError

# No more than letters, digits and a few signs: these names end up in headers and axis labels.
_ACCURACY = re.compile(r"top([15])(?:_([A-Za-z0-9_.-]{1,40}))?", re.ASCII)
_NOT_ACCURACY = ("err", "diff")  # top1_err and top1_diff of timm's tables say other things


@dataclass(frozen=True)
class Figure:
    """A column of numbers as people read it."""

    column: str
    label: str
    unit: str
    decimals: int
    smaller_is_better: bool = False

    @property
    def header(self) -> str:
        """The label with its unit: Size (MB)."""
        return f"{self.label} ({self.unit})"

    @property
    def title(self) -> str:
        """The label as a title has it: Top-1 accuracy."""
        return f"{self.label} accuracy" if self.unit == "%" else self.label

    def text(self, value: float) -> str:
        """Return *value* as it is shown, "" where it is not known."""
        return "" if pd.isna(value) else f"{value:,.{self.decimals}f}"


SIZE = Figure("size_mb", "Size", "MB", 2, smaller_is_better=True)
SPEED = Figure("speed", "Speed", "images/s", 0)
IMAGE = Figure("img_size", "Input", "px", 0, smaller_is_better=True)
COSTS = (
    SIZE,
    Figure("param_count", "Parameters", "M", 2, smaller_is_better=True),
    Figure("gmacs", "Compute", "GMACs", 2, smaller_is_better=True),
    SPEED,
)


@dataclass(frozen=True)
class Figures:
    """The figures that a table has: what may be gained (y axis), at what cost (x axis), and the input size if known."""

    gains: tuple[Figure, ...]
    costs: tuple[Figure, ...]
    image: Figure | None

    @property
    def gain(self) -> Figure:
        """What a choice is judged by unless told otherwise: the table's first accuracy, else its speed."""
        return self.gains[0]

    @property
    def speed(self) -> Figure | None:
        """The speed, on whichever axis; None if the table has none."""
        return SPEED if SPEED in (*self.gains, *self.costs) else None

    @property
    def shown(self) -> tuple[Figure, ...]:
        """All of them, in the order of the table's columns: size first."""
        rest = [figure for figure in (*self.costs, *([self.image] if self.image else [])) if figure != SIZE]
        return (SIZE, *self.gains, *rest)


def find_figures(frame: pd.DataFrame, source: str) -> Figures:
    """Return the figures that *frame* (of choices.load_choices) has numbers for.

    Raises InputError, naming *source*, for a table with neither an accuracy nor a speed, or without any size.
    """
    accuracies = [_accuracy(name) for name in frame.columns if _has_numbers(frame, name)]
    gains = tuple(figure for figure in accuracies if figure)
    if not gains and not _has_numbers(frame, SPEED.column):
        expected = "an accuracy (top1, top5, top1_…) or a speed (infer_samples_per_sec, train_samples_per_sec)"
        raise InputError(f"{source}: nothing to weigh sizes against; expected a column with {expected}")
    if not _has_numbers(frame, SIZE.column):
        raise InputError(f"{source}: no row has a size; run scrapy crawl hf_sizes for this table first")
    gains = gains or (SPEED,)
    costs = tuple(figure for figure in COSTS if figure not in gains and _has_numbers(frame, figure.column))
    return Figures(gains, costs, IMAGE if _has_numbers(frame, IMAGE.column) else None)


def _accuracy(column: str) -> Figure | None:
    match = _ACCURACY.fullmatch(column)
    if match is None or match[2] in _NOT_ACCURACY:
        return None
    label = f"Top-{match[1]}" + (f" {match[2].replace('_', ' ')}" if match[2] else "")
    return Figure(column, label, "%", 2)


def _has_numbers(frame: pd.DataFrame, column: str) -> bool:
    return column in frame and pd.api.types.is_numeric_dtype(frame[column]) and bool(frame[column].notna().any())
