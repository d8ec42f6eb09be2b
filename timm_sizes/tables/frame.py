"""A table's cells as a DataFrame: its text, and numbers where a whole column is numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from timm_sizes.tables.columns import is_text

_BLANK = ("", "nan", "NaN")  # NaN is what Python writes into JSON
_EXACT = 2**53  # the largest whole number up to which a float64 has all
_WITH_COMMAS = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?"


def text_frame(cells: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return *cells* (of each column, one a row) as a DataFrame of text."""
    return pd.DataFrame({name: pd.Series(column, dtype="str") for name, column in cells.items()})


def to_numbers(cells: pd.Series[str]) -> pd.Series[float]:
    """Return the numbers that *cells* say ("1,014.45" is one); NaN for anything else, and for infinity."""
    text = cells.str.strip()
    grouped = text.str.fullmatch(_WITH_COMMAS)
    if grouped.any():
        text = text.mask(grouped, text.str.replace(",", ""))
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() < float("inf"))


def is_blank(cells: pd.Series[str]) -> pd.Series[bool]:
    """Return which of *cells* say nothing."""
    return cells.str.strip().isin(_BLANK)


def typed(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return *frame*, of text, with numbers (float64) in the columns that hold nothing else.

    Blank cells are NaN there. Columns of blanks, of numbers too large to be exact, of text by tables.columns, and the
    one of names, *column*, stay text.
    """
    names = [str(name) for name in frame]
    return pd.DataFrame(
        {name: frame[name] if name == column or is_text(name) else _typed(frame[name]) for name in names}
    )


def _typed(cells: pd.Series[str]) -> pd.Series:
    numbers, blank = to_numbers(cells), is_blank(cells)
    if blank.all() or (numbers.isna() & ~blank).any() or (numbers.abs() > _EXACT).any():
        return cells
    return numbers
