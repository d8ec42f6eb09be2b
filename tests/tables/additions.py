"""Columns to add to a table in a test, given a cell a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from timm_sizes.tables.base import Additions, Table

Columns = Mapping[str, Sequence[str]]


def adding(table: Table, second: Columns, last: Columns, dropped: Collection[int] = ()) -> Additions:
    """Return the additions that give each row of *table* its cells; rows of the same text have the same."""
    keys = zip(*map(table.column, table.columns), strict=True)
    rows = [tuple(zip(*columns.values(), strict=True)) or ((),) * len(table) for columns in (second, last)]
    cells = dict(zip(keys, zip(*rows, strict=True), strict=True))
    return Additions(tuple(second), tuple(last), frozenset(dropped), tuple(table.columns), cells.__getitem__)


def rendered(table: Table, second: Columns, last: Columns, dropped: Collection[int] = ()) -> bytes:
    """Return *table* as a file, with these columns added and those at the positions *dropped* left out."""
    chunks = table.render(adding(table, second, last, dropped), Counter())
    return b"".join(chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)
