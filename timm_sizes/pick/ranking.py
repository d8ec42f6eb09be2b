"""Chooses what rows are ranked by and weighed against each other with, for pick and for the report."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture
from timm_sizes.pick.pareto import pareto
from timm_sizes.tables.columns import ACCURACY, COLUMNS, SIZE, SPEED, Column, Kind, column_of, is_accuracy
from timm_sizes.tables.frame import is_blank

_COSTS = (Kind.SIZE, Kind.MEMORY, Kind.COUNT, Kind.COMPUTE)


@dataclass(frozen=True)
class Metric:
    """A column that rows are weighed by, and whether less of it is better; as text, its name."""

    column: Column
    is_smaller_better: bool

    def __str__(self) -> str:
        is_turned = self.column.smaller_is_better and not self.is_smaller_better
        return f"{self.column.name} (the larger)" if is_turned else self.column.name


def has_figures(frame: pd.DataFrame, name: str) -> bool:
    """Return whether *frame* (of load_choices) has a number in the column *name*."""
    return name in frame and pd.api.types.is_numeric_dtype(frame[name]) and bool(frame[name].notna().any())


def unread(frame: pd.DataFrame) -> list[str]:
    """Return the columns of *frame* that would be figures, did they not hold text too: 80%."""
    texts = (name for name in map(str, frame) if column_of(name).kind.better and frame[name].dtype == "str")
    return [name for name in texts if not is_blank(frame[name]).all()]


def is_test(frame: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows of *frame* are of timm's test_* models, made to test code with; none where all of them are."""
    found = frame["model"].map(lambda name: architecture(name).startswith("test_")).astype(bool)
    return found if not found.all() else ~found


def accuracies(frame: pd.DataFrame) -> list[str]:
    """Return the accuracies that *frame* has figures of, in its order."""
    return [str(name) for name in frame if is_accuracy(str(name)) and has_figures(frame, str(name))]


def sort_column(frame: pd.DataFrame, wanted: str | None) -> str:
    """Return the column that rows are ranked by: the one *wanted* by its name or label, see _named.

    Else it is top1, another accuracy, the speed, or the size, the first of them that *frame* has figures of.
    """
    if wanted is not None:
        return _named(frame, "--sort", wanted).name
    preferred = [*([ACCURACY] if has_figures(frame, ACCURACY) else accuracies(frame)), SPEED.name, SIZE.name]
    return next((name for name in preferred if has_figures(frame, name)), SIZE.name)


def ranked(rows: pd.DataFrame, sort: str) -> pd.DataFrame:
    """Return *rows*, the best in the column *sort* first, the smaller ones first where they are equal in it."""
    by = dict.fromkeys([sort, SIZE.name])
    return rows.sort_values([*by], ascending=[column_of(name).smaller_is_better for name in by], kind="stable")


def metric(column: Column, *, has_accuracy: bool) -> Metric:
    """Return *column* as a metric of a table with an accuracy, or without one.

    Where no accuracy says what a model is good for, its size does, and the larger is the better: or else the few
    smallest, which are the fastest too, would beat all others.
    """
    return Metric(column, column.smaller_is_better and (has_accuracy or column.kind not in _COSTS))


def pareto_metrics(frame: pd.DataFrame, sort: str, names: str = "") -> list[Metric]:
    """Return what rows of *frame* are weighed by: *names*, set off by commas ("size,top1,speed"), or what there is.

    That is the size, an accuracy (top1, or *sort* if that is another one) and the speed. Raises InputError for a table
    with neither accuracy nor speed, and for names of what it does not have.
    """
    if names:
        columns = [_named(frame, "--pareto", name.strip()) for name in names.split(",")]
        for column in columns:
            if not column.kind.better:
                raise InputError(f"--pareto {column.name}: neither more nor less of it is better")
    else:
        gains = [sort if is_accuracy(sort) else ACCURACY, SPEED.name]
        columns = [SIZE, *(column_of(name) for name in gains if has_figures(frame, name))]
        if columns == [SIZE]:
            raise InputError("--pareto needs an accuracy or a speed beside the size; the table has neither")
    has_accuracy = bool(accuracies(frame))
    return [metric(column, has_accuracy=has_accuracy) for column in columns]


def frontier(rows: pd.DataFrame, metrics: list[Metric]) -> pd.DataFrame:
    """Return the rows that no other beats: as good in all *metrics*, and better in one."""
    smaller = [each.column.name for each in metrics if each.is_smaller_better]
    return rows[pareto(rows, smaller, [each.column.name for each in metrics if not each.is_smaller_better])]


def _named(frame: pd.DataFrame, option: str, name: str) -> Column:
    """Return the column of *frame* that is named so, labelled so ("size") or limited under that name ("mb").

    Raises InputError if it has no figures.
    """
    known = next((column for column in COLUMNS if name.lower() in (column.label.lower(), column.limit)), None)
    column = column_of(name) if name in frame or known is None else known
    if not has_figures(frame, column.name):
        there = ", ".join(str(each) for each in frame if has_figures(frame, str(each)))
        raise InputError(f"{option} {name}: no such figures in the table; there are {there}")
    return column
