"""The one table that the benchmarks print: a line a figure, each with its ratio to the line it is read against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Line:
    """One measured figure of *who*, and how it compares with another one of the same run."""

    who: str
    figure: str
    ratio: str = ""


@dataclass(frozen=True)
class Section:
    """The lines that belong together, and what was measured how."""

    title: str
    lines: list[Line]


def render(sections: Iterable[Section]) -> str:
    """Return the *sections* as one aligned table."""
    shown = list(sections)
    lines = [line for section in shown for line in section.lines]
    first, second = (
        max(len(text) for text in column) for column in ([x.who for x in lines], [x.figure for x in lines])
    )
    rows = []
    for section in shown:
        rows += ["", section.title]
        rows += [f"  {line.who:<{first}}  {line.figure:<{second}}  {line.ratio}".rstrip() for line in section.lines]
    return "\n".join(rows)


def spread(values: list[float], unit: str, digits: int = 0) -> str:
    """Return the median of *values* with their range."""
    return f"{median(values):,.{digits}f} {unit} [{min(values):,.{digits}f}-{max(values):,.{digits}f}]"


def times(value: float, other: float, name: str) -> str:
    """Return how many times *other* the *value* is."""
    return f"{value / other:.2f} x {name}"
