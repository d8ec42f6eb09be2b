"""Which figures rows are ranked by and weighed against each other with, for pick and for the report."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.pick.pareto import pareto
from timm_sizes.tables.columns import ACCURACY, COLUMNS, SIZE, SPEED, Column, Kind, column_of, is_accuracy

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


def accuracies(frame: pd.DataFrame) -> list[str]:
    """Return the accuracies that *frame* has figures of, in its order."""
    return [str(name) for name in frame if is_accuracy(str(name)) and has_figures(frame, str(name))]


def default_sort(frame: pd.DataFrame) -> str:
    """Return what rows are ranked by unless told otherwise: top1, else another accuracy, else the speed."""
    found = accuracies(frame)
    if found:
        return ACCURACY if ACCURACY in found else found[0]
    return SPEED.name if has_figures(frame, SPEED.name) else ACCURACY


def check_sort(frame: pd.DataFrame, sort: str) -> None:
    """Raise InputError unless *frame* has numbers in the column *sort* to rank by."""
    if not has_figures(frame, sort):
        numeric = [str(name) for name in frame if has_figures(frame, str(name))]
        raise InputError(f"--sort {sort}: no such figures in the table; there are {', '.join(numeric)}")


def ranked(rows: pd.DataFrame, sort: str) -> pd.DataFrame:
    """Return *rows*, the best in the column *sort* first, the smaller ones first where they are equal in it."""
    return rows.sort_values([sort, "size_mb"], ascending=[column_of(sort).smaller_is_better, True], kind="stable")


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
        columns = [_named(frame, name.strip()) for name in names.split(",")]
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


def _named(frame: pd.DataFrame, name: str) -> Column:
    """Return the column of *frame* that is named so, labelled so ("size") or limited under that name ("mb")."""
    known = next((column for column in COLUMNS if name.lower() in (column.label.lower(), column.limit)), None)
    column = column_of(name) if name in frame or known is None else known
    if not has_figures(frame, column.name) or not column.kind.better:
        there = [str(each) for each in frame if has_figures(frame, str(each)) and column_of(str(each)).kind.better]
        raise InputError(f"--pareto {name}: no such metric in the table; there are {', '.join(there)}")
    return column
