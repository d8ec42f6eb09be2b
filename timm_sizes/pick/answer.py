"""Answers what pick is asked: the rows that keep to the limits, the columns to show of them, and what to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isnan

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.names.resolve import resolve
from timm_sizes.pick import listing, ranking
from timm_sizes.pick.limits import Limits, fitting, misses, nothing_fits
from timm_sizes.tables.columns import LIMITS, MAX_BATCH, SIZE, TRAINING_COLUMNS, is_accuracy

DEFAULT_ROWS = 10
LADDER_MB = (5, 10, 25, 50, 100)
RUNTIME = (
    "leave room for the runtime: a PyTorch process has 740 MB before any model, ONNX Runtime takes 1.4 to 2.6 times"
)


@dataclass(frozen=True)
class Question:
    """What rows have to keep to, what they are ranked by, and which of them are wanted; None for what is not said.

    ``pareto`` has the metrics of the Pareto line, set off by commas, "" for the usual ones; ``columns`` what to show.
    """

    limits: Limits = field(default_factory=Limits)
    sort: str | None = None
    pareto: str | None = None
    is_unique: bool = False
    rows: int | None = None
    columns: Sequence[str] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing narrows it down."""
        return self == Question()


@dataclass(frozen=True)
class Answer:
    """The ``rows``, the names of the ``columns`` to show, those of them that were ``asked`` for, and ``notes``."""

    rows: pd.DataFrame
    columns: list[str]
    asked: list[str]
    notes: list[str]


def answer(frame: pd.DataFrame, question: Question) -> Answer:
    """Return which rows of *frame*, of load_choices, answer *question*: none where nothing fits, and notes on why.

    Raises InputError for a question about what the table does not have.
    """
    sort = ranking.sort_column(frame, question.sort)
    metrics = [] if question.pareto is None else ranking.pareto_metrics(frame, sort, question.pareto)
    missed = misses(frame, question.limits)
    rows = fitting(frame, missed)
    if rows.empty:
        return Answer(rows, [], [], nothing_fits(frame, missed))
    notes = [f"{len(rows):,} of {len(frame):,} rows fit"]
    if metrics:
        rows = ranking.frontier(rows, metrics)
        notes[0] += f", {len(rows):,} of them on the Pareto line over {', '.join(map(str, metrics))}"
    rows = ranking.ranked(rows, sort)
    if question.is_unique:
        rows = rows.drop_duplicates("model")
        notes.append(f"{len(rows):,} models")
    computed = [name for name in (MAX_BATCH, TRAINING_COLUMNS[0]) if ranking.has_figures(rows, name)]
    asked = [
        sort,
        *computed,
        *(metric.column.name for metric in metrics),
        *(LIMITS[name].name for name in question.limits.bounds),
    ]
    if question.is_open and is_accuracy(sort) and not (ladder := _ladder(rows, sort)).empty:
        rows, asked = ladder, ["best_under", *asked]
        notes = [f"the best of {len(frame):,} rows; set limits to choose: --max-mb 25 --min-{sort} 80 (more: --help)"]
    else:
        rows = rows.head(question.rows or (len(rows) if metrics else DEFAULT_ROWS))
        notes.append(f"{len(rows):,} shown")
    notes += [RUNTIME] if question.limits.device else []
    columns = listing.columns_of(rows, frame, asked, question.columns)
    return Answer(rows, columns, asked, notes + listing.notes_on(rows, columns))


def fits(frame: pd.DataFrame, model: str, limits: Limits) -> tuple[int, str]:
    """Return whether *model* fits the device of *limits*, as an exit status (0 yes, 1 no, 2 unknown) and in a line.

    Of several image sizes it is the one of *limits*, else the smallest: the one that create_model makes a model for.
    """
    if limits.device is None:
        raise InputError(f"--fits {model}: in how much memory? Expected --device-memory too, such as 8GB")
    target = resolve(model)
    is_named = frame["model"] == model
    if not is_named.any() and (target.repo_id or target.path):
        is_named = frame["model"].map(resolve) == target
    rows = frame[is_named & (frame["img_size"].eq(limits.img_size) if limits.img_size else True)]
    if rows.empty:
        return 2, f"unknown: the table has no row of {model}"
    row = rows.sort_values("img_size").iloc[0]
    at = f"{row['model']} at {row['img_size']:g} pixels"
    if isnan(row[MAX_BATCH]):
        return 2, f"unknown: nothing is known of the memory of {at}"
    said = f"{at}: {row[MAX_BATCH]:,.0f} images at a time fit in {limits.device}; {RUNTIME}"
    return int(row[MAX_BATCH] < limits.batch), said


def _ladder(ranked: pd.DataFrame, sort: str) -> pd.DataFrame:
    """Return the best of the *ranked* rows under each of LADDER_MB, and of all; without timm's models for tests."""
    known = ranked[ranked[sort].notna() & ~ranked["model"].str.startswith("test_")]
    limits = {f"{budget} MB": budget for budget in LADDER_MB} | {"any size": inf}
    best = [
        known[known[SIZE.name].fillna(inf) <= most].head(1).assign(best_under=name) for name, most in limits.items()
    ]
    return pd.concat(best)
