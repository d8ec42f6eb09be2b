"""Printing choices: an aligned table for people, CSV, JSON and Markdown for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from timm_sizes.files import printable
from timm_sizes.items import Status
from timm_sizes.tables.columns import LISTED, SIZE, column_of
from timm_sizes.tables.formats import as_csv, as_json, as_markdown
from timm_sizes.tables.frame import is_whole

_COLUMNS = tuple(column.name for column in LISTED)
_FOR_PROGRAMS = ("status", "repo_id")
_ESTIMATED = "~"


def columns_of(frame: pd.DataFrame, sort: str) -> list[str]:
    """Return which of the columns to show *frame* has anything in, with *sort* among them."""
    names = list(_COLUMNS) if sort in _COLUMNS else [*_COLUMNS[:2], sort, *_COLUMNS[2:]]
    return [name for name in names if name in frame and _has_any(frame[name])]


def render(rows: pd.DataFrame, columns: Sequence[str], form: str) -> str:
    """Return the *columns* of *rows* as *form*: "table", "csv", "json" or "md".

    For people, an estimated size is marked with "~"; for programs (CSV, JSON) there are status and repo_id.
    """
    if form in ("csv", "json"):
        frame = rows[[*columns, *_FOR_PROGRAMS]]
        if "img_size" in columns and is_whole(frame["img_size"]).all():
            frame = frame.assign(img_size=frame["img_size"].astype("Int64"))
        return as_csv(frame) if form == "csv" else "".join(as_json(frame.replace("", None)))
    text = pd.DataFrame({printable(name): _texts(rows, name) for name in columns})
    numbers = [printable(name) for name in columns if rows[name].dtype == "float64"]
    return "".join(as_markdown(text, numbers)) if form == "md" else _aligned(text, numbers)


def has_estimates(rows: pd.DataFrame) -> bool:
    """Return whether any of *rows* has an estimated size."""
    return bool((rows["status"] == Status.ESTIMATED).any())


def _has_any(cells: pd.Series) -> bool:
    return bool(cells.notna().any() if cells.dtype == "float64" else (cells != "").any())


def _texts(rows: pd.DataFrame, name: str) -> list[str]:
    cells = rows[name]
    if cells.dtype != "float64":
        return [printable(cell) for cell in cells]
    decimals = column_of(name).kind.decimals
    texts = ["" if missing else f"{number:.{decimals}f}" for number, missing in zip(cells, cells.isna(), strict=True)]
    if name != SIZE.name:
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
        lines.append("  ".join(padded).rstrip() + "\n")
    return "".join(lines)
