"""Prints choices: an aligned table for people, CSV, JSON and Markdown for everything else, and what is to be said."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.files import printable
from timm_sizes.items import Status
from timm_sizes.tables.columns import (
    ACCURACY_PREFIX,
    ACCURACY_SET,
    LISTED,
    MEMORY_COLUMNS,
    SIZE,
    Column,
    Kind,
    column_of,
    is_accuracy,
)
from timm_sizes.tables.formats import as_csv, as_markdown
from timm_sizes.tables.frame import is_whole
from timm_sizes.tables.measured_on import compared_with, device_of, joined_set, remarks

_COLUMNS = tuple(column.name for column in LISTED)
_FOR_PROGRAMS = ("status", "repo_id")
_SIZES = (Kind.SIZE, Kind.BYTES)
_MEASURED = (Kind.SPEED, Kind.TIME)
_ESTIMATED = "~"
_GAP = "  "
_DTYPE, _BATCH = MEMORY_COLUMNS[3:]


def columns_of(rows: pd.DataFrame, frame: pd.DataFrame, needed: Iterable[str], wanted: Sequence[str] = ()) -> list[str]:
    """Return which columns of *rows* to show: those *wanted*, else those *frame* has anything in, and all *needed*.

    What is shown already under another name (model_size_in_mb is size_mb) is not shown again, and a size in another
    unit stands in place of the one in MB. Raises InputError for what is wanted and is no column.
    """
    for name in wanted:
        if name not in rows:
            raise InputError(f"--columns {name}: no such column; there are {', '.join(map(str, rows))}")
    if wanted:
        return list(dict.fromkeys(wanted))
    names = [name for name in _COLUMNS if name in frame and _has_any(frame[name])]
    for new in needed:
        if any(rows[name].equals(rows[new]) for name in names):
            continue
        if column_of(new).kind in _SIZES:
            names = [new if name == SIZE.name else name for name in names]
        else:
            names.insert(1 if column_of(new).kind is Kind.TEXT else 2, new)
    # A figure at a precision of its own has it beside it.
    for name in [*names]:
        beside = [_DTYPE, _BATCH] if column_of(name).kind is Kind.MEMORY else [column_of(name).basis]
        if column_of(name).kind in (Kind.SIZE, Kind.MEMORY):
            shown = [each for each in beside if each in rows and each not in names and _has_any(rows[each])]
            names[names.index(name) + 1 : names.index(name) + 1] = shown
    return names


def fit(rows: pd.DataFrame, columns: Sequence[str], needed: Collection[str], width: int) -> tuple[list[str], list[str]]:
    """Return which of *columns* a line of *width* characters has room for, and which not; 0 is room for all.

    What decides least goes first (see Column.place), then *needed*, what was asked for; the names stay.
    """
    kept, left_out = list(columns), []
    widths = {name: max(map(len, [name, *_texts(rows, name)])) for name in columns}
    go = sorted(columns[1:], key=lambda name: (name in needed, -column_of(name).place, -columns.index(name)))
    while width and go and sum(widths[name] for name in kept) + len(_GAP) * (len(kept) - 1) > width:
        left_out.append(go.pop(0))
        kept.remove(left_out[-1])
    return kept, left_out


def render(rows: pd.DataFrame, columns: Sequence[str], form: str) -> str:
    """Return the *columns* of *rows* as *form*: "table", "csv", "json" or "md".

    For people, an estimated size is marked with "~"; for programs (CSV, JSON) there are status and repo_id. JSON also
    says of each column what it is and what its figures are of; answer.schema.json describes it.
    """
    if form in ("csv", "json"):
        names = list(dict.fromkeys([*columns, *_FOR_PROGRAMS]))
        frame = rows[names].assign(**{name: rows[name].astype("Int64") for name in columns if _is_whole(rows[name])})
        if form == "csv":
            return as_csv(frame)
        about = {
            column.name: {"label": column.label, "unit": column.unit or None, "of": _of(rows, column)}
            for column in map(column_of, names)
        }
        values = frame.astype(object).where(frame.notna() & (frame != ""), None).to_dict("records")
        described = {"columns": about, "rows": values}
        return json.dumps(described, indent=4, ensure_ascii=False) + "\n"
    text = pd.DataFrame({printable(name): _texts(rows, name) for name in columns})
    numbers = [printable(name) for name in columns if rows[name].dtype == "float64"]
    return "".join(as_markdown(text, numbers)) if form == "md" else _aligned(text, numbers)


def notes_on(rows: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return what there is to know of the figures of *rows* in *columns*: what they are of, and what they are not."""
    notes = [
        f"{column.name} {'in' if column.kind in (Kind.MEMORY, Kind.SIZE) else 'on'} {', '.join(of)}"
        for column in map(column_of, columns)
        if (of := _of(rows, column))
    ]
    images = compared_with(_only(rows, ACCURACY_SET))
    notes += [f"{name} against {images}" for name in columns if name.endswith("_diff")]
    precision = _only(rows, SIZE.basis)
    if any(map(is_accuracy, columns)) and precision + _only(rows, _DTYPE) not in ("", "float32"):
        notes.append("accuracies are of the models as published, not at that precision")
    if precision.startswith("int8"):
        notes.append(
            "ONNX Runtime's exports are up to 10 % smaller; tools that quantise only linear layers shrink less"
        )
    for column in map(column_of, columns):
        if column.kind in _MEASURED and column.basis in rows:
            sources = rows.loc[rows[column.name].notna(), ["model", column.basis]].astype("str")
            notes += remarks(column.name, sources.itertuples(index=False, name=None))
    return notes


def has_estimates(rows: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Return whether any of *rows* has an estimated size among the *columns* that are shown of it."""
    is_shown = any(column_of(name).kind in _SIZES for name in columns)
    return is_shown and bool((rows["status"] == Status.ESTIMATED).any())


def _of(rows: pd.DataFrame, column: Column) -> list[str]:
    """Return what the figures of *rows* in *column* are of, as far as that is known: images, a device, a precision."""
    if column.kind is Kind.ACCURACY and column.name.startswith(ACCURACY_PREFIX):
        return [joined_set(column.name.removeprefix(ACCURACY_PREFIX))]
    if column.basis not in rows or not column.basis:
        return []
    shown = rows[rows[column.name].notna()]
    found = sorted(set(shown[column.basis].map(device_of if column.kind in _MEASURED else str)) - {""})
    if column.kind is Kind.MEMORY:
        found += [f"batch {count}" for count in sorted(set(_texts(shown, _BATCH)) - {""})]
    return found


def _only(rows: pd.DataFrame, name: str) -> str:
    found = set(rows[name]) - {""} if name in rows else set()
    return str(found.pop()) if len(found) == 1 else ""


def _has_any(cells: pd.Series) -> bool:
    return bool(cells.notna().any() if cells.dtype == "float64" else (cells != "").any())


def _is_whole(cells: pd.Series) -> bool:
    """Return whether *cells* are whole numbers, of a kind whose numbers have no decimals by their nature."""
    if column_of(str(cells.name)).kind not in (Kind.IMAGE_SIZE, Kind.BYTES, Kind.OTHER) or cells.dtype != "float64":
        return False
    return bool(is_whole(cells).all())


def _texts(rows: pd.DataFrame, name: str) -> list[str]:
    cells = rows[name]
    if cells.dtype != "float64":
        return [printable(cell) for cell in cells]
    decimals = 0 if _is_whole(cells) else column_of(name).kind.decimals
    texts = ["" if missing else f"{number:.{decimals}f}" for number, missing in zip(cells, cells.isna(), strict=True)]
    if column_of(name).kind not in _SIZES:
        return texts
    estimated = rows["status"] == Status.ESTIMATED
    return [_ESTIMATED + text if mark and text else text for text, mark in zip(texts, estimated, strict=True)]


def _aligned(text: pd.DataFrame, numbers: Collection[str]) -> str:
    columns = []
    for name in map(str, text):
        cells = [name, *text[name]]
        width = max(map(len, cells))
        columns.append([cell.rjust(width) if name in numbers else cell.ljust(width) for cell in cells])
    return "".join(f"{_GAP.join(line).rstrip()}\n" for line in zip(*columns, strict=True))
