"""A table's cells as a DataFrame: its text, and numbers where a whole column is numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

import pandas as pd

from timm_sizes.tables.columns import is_text
from timm_sizes.tables.numbers import number

_BLANK = ("", "nan", "NaN")  # NaN is what Python writes into JSON
_EXACT = 2**53  # the largest whole number up to which a float64 has all


def text_frame(cells: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return *cells* (of each column, one a row) as a DataFrame of text."""
    return pd.DataFrame({name: pd.Series(column, dtype="str") for name, column in cells.items()})


def is_blank(cells: pd.Series[str]) -> pd.Series[bool]:
    """Return which of *cells* say nothing."""
    return cells.str.strip().isin(_BLANK)


def is_whole(numbers: pd.Series[float]) -> pd.Series[bool]:
    """Return which of *numbers* are whole and exact, those that are missing among them."""
    return numbers.isna() | ((numbers % 1 == 0) & (numbers.abs() <= _EXACT))


def typed(
    cells: pd.DataFrame | Mapping[str, Sequence[str]], column: str, *, decimal_commas: bool = False
) -> pd.DataFrame:
    """Return *cells*, text by column, as a DataFrame with numbers (float64) in the columns that hold nothing else.

    Blank cells are NaN there. Columns of blanks, of numbers too large to be exact, of text by tables.columns, and the
    one of names, *column*, stay text.
    """
    return pd.DataFrame(
        {name: _typed(cells[name], name == column or is_text(name), decimal_commas) for name in map(str, cells)}
    )


def values(text: pd.DataFrame, column: str = "") -> pd.DataFrame:
    """Return *text* with numbers where a column is numbers (Int64 or float64) and with nothing for blank cells.

    Columns of text, and the one of names, *column*, stay what they are.
    """
    frame = typed(text, column)
    for name in frame:
        if frame[name].dtype == "float64":
            is_whole = not text[name].str.contains("[.eE]").any()
            frame[name] = frame[name].astype("Int64") if is_whole else frame[name]
        else:
            frame[name] = frame[name].mask(is_blank(frame[name]))
    return frame


def _typed(cells: pd.Series[str] | Sequence[str], is_text: bool, decimal_commas: bool) -> pd.Series:
    # A column has few different cells, so each is read once.
    numbers = {} if is_text else {cell: number(cell, decimal_commas=decimal_commas) for cell in set(cells)}
    known = {cell: value for cell, value in numbers.items() if not isnan(value)}
    if (
        not known
        or max(map(abs, known.values())) > _EXACT
        or any(cell.strip() not in _BLANK for cell in numbers.keys() - known)
    ):
        return pd.Series(cells, dtype="str")
    return pd.Series([numbers[cell] for cell in cells], dtype="float64")
