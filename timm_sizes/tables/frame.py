"""A table's cells as a DataFrame: its text, and numbers where a whole column is numbers.

A comma sets off thousands in a table whose delimiter is a comma or a tab. In one with another delimiter it is the
decimal comma of the countries whose spreadsheets write such tables; a table says so by ``has_decimal_commas``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from timm_sizes.tables.columns import is_text

_BLANK = ("", "nan", "NaN")  # NaN is what Python writes into JSON
_EXACT = 2**53  # the largest whole number up to which a float64 has all
_GROUPED = r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?"
_DECIMAL_COMMA = r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?"


def text_frame(cells: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return *cells* (of each column, one a row) as a DataFrame of text."""
    return pd.DataFrame({name: pd.Series(column, dtype="str") for name, column in cells.items()})


def to_numbers(cells: pd.Series[str], *, decimal_commas: bool = False) -> pd.Series[float]:
    """Return the numbers that *cells* say; NaN for anything else, and for infinity.

    "1,014.45" is one, unless the cells are of a table with *decimal_commas*: there "80,123" is a little over 80.
    """
    text = plain_numbers(cells, decimal_commas=decimal_commas).str.strip()
    numbers = pd.to_numeric(text, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() < float("inf"))


def plain_numbers(cells: pd.Series[str], *, decimal_commas: bool = False) -> pd.Series[str]:
    """Return *cells* with their numbers as every table has them: a decimal point, and thousands not set off."""
    text = cells.str.strip()
    with_commas = text.str.fullmatch(_DECIMAL_COMMA if decimal_commas else _GROUPED)
    if not with_commas.any():
        return cells
    return cells.mask(with_commas, text.str.replace(",", "." if decimal_commas else ""))


def is_blank(cells: pd.Series[str]) -> pd.Series[bool]:
    """Return which of *cells* say nothing."""
    return cells.str.strip().isin(_BLANK)


def is_whole(numbers: pd.Series[float]) -> pd.Series[bool]:
    """Return which of *numbers* are whole and exact, those that are missing among them."""
    return numbers.isna() | ((numbers % 1 == 0) & (numbers.abs() <= _EXACT))


def typed(frame: pd.DataFrame, column: str, *, decimal_commas: bool = False) -> pd.DataFrame:
    """Return *frame*, of text, with numbers (float64) in the columns that hold nothing else.

    Blank cells are NaN there. Columns of blanks, of numbers too large to be exact, of text by tables.columns, and the
    one of names, *column*, stay text.
    """
    names = [str(name) for name in frame]
    return pd.DataFrame(
        {
            name: frame[name] if name == column or is_text(name) else _typed(frame[name], decimal_commas)
            for name in names
        }
    )


def _typed(cells: pd.Series[str], decimal_commas: bool) -> pd.Series:
    numbers, blank = to_numbers(cells, decimal_commas=decimal_commas), is_blank(cells)
    if blank.all() or (numbers.isna() & ~blank).any() or (numbers.abs() > _EXACT).any():
        return cells
    return numbers
