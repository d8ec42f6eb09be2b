"""What the header of every table has to be: of few enough columns, with the column of names among them."""

from __future__ import annotations

from collections.abc import Sequence

from timm_sizes.errors import InputError
from timm_sizes.files import printable

BOM = "\ufeff"
MAX_COLUMNS = 1_000


def check_count(count: int, where: str) -> None:
    """Raise InputError, naming *where*, unless *count* is a number of columns that a table may have."""
    if count > MAX_COLUMNS:
        raise InputError(f"{where}: more than {MAX_COLUMNS:,} columns; no benchmark table has")


def no_column(column: str, seen: Sequence[str], where: str) -> InputError:
    """Return the error for a table, *where*, with the columns *seen* and without *column*."""
    shown = ", ".join(printable(name[:40]) for name in seen[:20]) or "none"
    return InputError(f"{where}: no column {column!r}; columns seen: {shown}")
