"""Answers what pick is asked: the rows that keep to the limits, the columns to show of them, and what to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import ceil, inf, isnan

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture
from timm_sizes.names.near import near
from timm_sizes.names.resolve import resolve
from timm_sizes.pick import listing, ranking
from timm_sizes.pick.limits import Limits, at_pixels, fitting, misses, nothing_fits
from timm_sizes.pick.ranking import has_figures
from timm_sizes.tables.columns import LIMITS, MAX_BATCH, SIZE, TRAINING_COLUMNS, is_accuracy
from timm_sizes.tables.memory import MEMORY_NEEDS

DEFAULT_ROWS = 10
LADDER_MB = (5, 10, 25, 50, 100)


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
    computed = [name for name in (MAX_BATCH, TRAINING_COLUMNS[0]) if has_figures(rows, name)]
    asked = [
        sort,
        *computed,
        *(metric.column.name for metric in metrics),
        *(LIMITS[name].name for name in question.limits.bounds),
    ]
    if question == Question() and is_accuracy(sort) and not (ladder := _ladder(rows, sort)).empty:
        rows, asked = ladder, ["best_under", *asked]
        notes = [f"the best of {len(frame):,} rows; set limits to choose: --max-mb 25 --min-{sort} 80 (more: --help)"]
    else:
        rows = rows.head(question.rows or (len(rows) if metrics else DEFAULT_ROWS))
        notes.append(f"{len(rows):,} shown")
    notes += [f"{name} is not all numbers: neither ranked nor limited by" for name in ranking.unread(frame)]
    notes += [_runtime(rows)] if question.limits.device else []
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
    named = frame[is_named].sort_values("img_size")
    rows = named[named["img_size"] == limits.img_size] if limits.img_size else named
    if rows.empty:
        return 2, f"unknown: the table has no row of {model}{_others(frame, named, model, limits)}"
    row = rows.iloc[0]
    at = f"{row['model']}{at_pixels(row)}"
    most, needed = row[MAX_BATCH], row[TRAINING_COLUMNS[0] if has_figures(rows, TRAINING_COLUMNS[0]) else "memory_mb"]
    if isnan(most):
        return 2, f"unknown: nothing is known of the memory of {at}; {MEMORY_NEEDS}"
    if most >= limits.batch:
        return 0, f"{at}: yes, up to {most:,.0f} at a time fit in {limits.device}; {_runtime(rows)}"
    images = "an image needs" if limits.batch == 1 else f"{limits.batch:,} images need"
    fit = f"at most {most:,.0f} fit" if most else "not one fits"
    return 1, f"{at}: no, {images} {ceil(needed):,} MB; {fit} in {limits.device}; {_runtime(rows)}"


def _others(frame: pd.DataFrame, named: pd.DataFrame, model: str, limits: Limits) -> str:
    """Return what *frame* has instead of *model*, as the end of a sentence: other image sizes, or names like it."""
    if sizes := [f"{size:g}" for size in dict.fromkeys(named["img_size"].dropna())]:
        return f" at {limits.img_size:g} pixels; it has {', '.join(sizes)}"
    close = near(model, dict.fromkeys(chain(frame["model"], map(architecture, frame["model"]))))
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _runtime(rows: pd.DataFrame) -> str:
    """Return what to leave room for beside the computed memory of *rows*; ONNX Runtime was measured in inference."""
    inference = "" if has_figures(rows, TRAINING_COLUMNS[0]) else ", ONNX Runtime takes 1.4 to 2.6 times"
    return f"leave room for the runtime: a PyTorch process has 740 MB before any model{inference}"


def _ladder(ranked: pd.DataFrame, sort: str) -> pd.DataFrame:
    """Return the best of the *ranked* rows under each of LADDER_MB, and of all; without timm's models for tests."""
    known = ranked[ranked[sort].notna() & ~ranking.is_test(ranked)]
    limits = {f"{budget} MB": budget for budget in LADDER_MB} | {"any size": inf}
    best = [
        known[known[SIZE.name].fillna(inf) <= most].head(1).assign(best_under=name) for name, most in limits.items()
    ]
    return pd.concat(best)
