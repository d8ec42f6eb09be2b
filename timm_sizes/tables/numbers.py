"""What a cell says as a number, which depends on the table that it stands in.

A comma sets off thousands in a table whose delimiter is a comma or a tab. In one with another delimiter it is the
decimal comma of the countries whose spreadsheets write such tables, with points for thousands before it ("1.136,48"); a
table says so by ``has_decimal_commas``.
"""

from __future__ import annotations

import re
from math import isfinite, nan

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+|[1-9]\d{0,2}(?:\.\d{3})+),\d+(?:[eE][+-]?\d+)?", re.ASCII)


def number(cell: str, *, decimal_commas: bool = False) -> float:
    """Return the number that *cell* says, NaN for anything else and for infinity.

    "1,014.45" is one, unless the cell is of a table with *decimal_commas*: there "80,123" is a little over 80.
    """
    text = plain(cell, decimal_commas=decimal_commas).strip()
    value = float(text) if _NUMBER.fullmatch(text) else nan
    return value if isfinite(value) else nan


def plain(cell: str, *, decimal_commas: bool = False) -> str:
    """Return the number in *cell* as every table has it (a decimal point, thousands not set off); other text as is."""
    if "," not in cell or not (_DECIMAL_COMMA if decimal_commas else _GROUPED).fullmatch(cell.strip()):
        return cell
    thousands = "." if decimal_commas else ","
    return cell.strip().replace(thousands, "").replace(",", ".")
