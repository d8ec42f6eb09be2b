"""Printing choices: an aligned table for people, CSV, JSON and Markdown for everything else."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import pandas as pd

from timm_sizes.files import printable
from timm_sizes.items import Status
from timm_sizes.tables.columns import LISTED, SIZE, Kind, column_of
from timm_sizes.tables.formats import as_csv, as_json, as_markdown
from timm_sizes.tables.frame import is_whole

_COLUMNS = tuple(column.name for column in LISTED)
_FOR_PROGRAMS = ("status", "repo_id")
_SIZES = (Kind.SIZE, Kind.BYTES)
_ESTIMATED = "~"
_GAP = "  "
_WORDS = {Kind.MEMORY: "in"}


def columns_of(frame: pd.DataFrame, needed: Iterable[str]) -> list[str]:
    """Return which of the columns to show *frame* has anything in, with those *needed* among them.

    What is shown already under another name (model_size_in_mb is size_mb) is not shown again, and a size in another
    unit stands in place of the one in MB.
    """
    names = [name for name in _COLUMNS if name in frame and _has_any(frame[name])]
    for new in needed:
        if any(frame[name].equals(frame[new]) for name in names):
            continue
        if column_of(new).kind in _SIZES:
            names = [new if name == SIZE.name else name for name in names]
        else:
            names.insert(2, new)
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

    For people, an estimated size is marked with "~"; for programs (CSV, JSON) there are status and repo_id.
    """
    if form in ("csv", "json"):
        frame = rows[[*columns, *_FOR_PROGRAMS]]
        frame = frame.assign(**{name: frame[name].astype("Int64") for name in columns if _is_whole(rows[name])})
        return as_csv(frame) if form == "csv" else "".join(as_json(frame.replace("", None)))
    text = pd.DataFrame({printable(name): _texts(rows, name) for name in columns})
    numbers = [printable(name) for name in columns if rows[name].dtype == "float64"]
    return "".join(as_markdown(text, numbers)) if form == "md" else _aligned(text, numbers)


def measured_on(rows: pd.DataFrame, columns: Iterable[str]) -> list[str]:
    """Return what the figures of *rows* in *columns* are of, as far as that is known: "top1 on ImageNet-ReaL"."""
    said = []
    for column in map(column_of, columns):
        if column.basis in rows:
            found = sorted(set(rows.loc[rows[column.name].notna(), column.basis]) - {""})
            said += [f"{column.name} {_WORDS.get(column.kind, 'on')} {', '.join(found)}"] if found else []
    return said


def has_estimates(rows: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Return whether any of *rows* has an estimated size among the *columns* that are shown of it."""
    is_shown = any(column_of(name).kind in _SIZES for name in columns)
    return is_shown and bool((rows["status"] == Status.ESTIMATED).any())


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
    return [_ESTIMATED + text if mark else text for text, mark in zip(texts, estimated, strict=True)]


def _aligned(text: pd.DataFrame, numbers: Iterable[str]) -> str:
    names = [str(name) for name in text]
    right = set(numbers)
    widths = [max([len(name), *text[name].str.len()]) for name in names]
    lines = []
    for cells in [names, *zip(*(text[name] for name in names), strict=True)]:
        padded = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(names, cells, widths, strict=True)
        )
        lines.append(_GAP.join(padded).rstrip() + "\n")
    return "".join(lines)
