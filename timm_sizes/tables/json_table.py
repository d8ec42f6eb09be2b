"""JSON tables: a list of objects, one object, or an object a line; timm's scripts write the first two.

An object is kept as the text it was and new keys are spliced into that text, so number formats, escapes and layout
survive byte for byte, as they do in CSV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any, ClassVar

from timm_sizes.errors import InputError
from timm_sizes.tables.columns import is_text
from timm_sizes.tables.csv_table import Columns
from timm_sizes.tables.header import check_count, no_column
from timm_sizes.tables.json_text import entries, layout, members

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class JsonTable:
    """A JSON table: the text of its objects and of what stands between them, their keys as columns, and their cells."""

    source: str
    # The text before the first record, between the records, and after the last: one more than there are records.
    gaps: list[str]
    records: list[str]
    rows: list[dict[str, Any]]
    columns: list[str]
    is_ascii: bool
    _cells: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)
    has_decimal_commas: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.records)

    @property
    def is_lines(self) -> bool:
        """Whether the objects stand one a line, without a list around them."""
        return "[" not in self.gaps[0] and len(self) > 1

    def column(self, name: str) -> list[str]:
        """Return the text of the column *name*, one of ``columns``, a cell a row; "" for null and where it is not."""
        if name not in self._cells:
            values = (row.get(name) for row in self.rows)
            self._cells[name] = ["" if value is None else str(value) for value in values]
        return self._cells[name]

    def render(self, second: Columns, last: Columns, dropped: AbstractSet[int]) -> Iterator[str]:
        """Yield the table's JSON with the keys *second* after the first key and *last* at the end; see CsvTable."""
        gone = {self.columns[index] for index in dropped}
        yield self.gaps[0]
        for number, record in enumerate(self.records):
            after_first, at_end = ([(name, cells[number]) for name, cells in new.items()] for new in (second, last))
            yield self._splice(record, after_first, at_end, gone & self.rows[number].keys())
            yield self.gaps[number + 1]

    def _splice(
        self, record: str, after_first: list[tuple[str, str]], at_end: list[tuple[str, str]], gone: AbstractSet[str]
    ) -> str:
        # The first two say what the layout is; all are needed only where some are left out.
        found = list(members(record) if gone else islice(members(record), 2))
        separator, colon = layout(record, found)
        new = [
            "".join(f"{separator}{self._text(name)}{colon}{self._value(name, cell)}" for name, cell in cells)
            for cells in (after_first, at_end)
        ]
        kept = [member for member in found if member[0] not in gone]
        if not kept:
            return f"{{{''.join(new).removeprefix(separator)}}}"
        first_end = kept[0][2]
        end = len(record[:-1].rstrip(" \t\r\n"))
        if not gone:
            return f"{record[:first_end]}{new[0]}{record[first_end:end]}{new[1]}{record[end:]}"
        # What is kept, each with the separator before it; the first takes the place of the first that was.
        before = {member[1]: previous[2] for previous, member in pairwise(found)}
        rest = "".join(record[before[start] : stop] for _, start, stop in kept[1:])
        return f"{record[: found[0][1]]}{record[kept[0][1] : first_end]}{new[0]}{rest}{new[1]}{record[end:]}"

    def _text(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self.is_ascii)

    def _value(self, name: str, cell: str) -> str:
        """Return a new cell as JSON has it: null where it is empty, a number, in its own text, where it is one."""
        if not cell:
            return "null"
        return cell if _NUMBER.fullmatch(cell) and not is_text(name) else self._text(cell)


def parse_json(text: str, source: str, column: str) -> JsonTable:
    """Return the JSON table in *text*, which has the key *column*; InputError, naming *source*, for anything else."""
    gaps: list[str] = []
    records: list[str] = []
    rows: list[dict[str, Any]] = []
    end = 0
    for number, (row, start, stop) in enumerate(entries(text, source), start=1):
        if not isinstance(row, dict):
            raise InputError(f"{source}, entry {number}: expected an object with a {column!r} key")
        gaps.append(text[end:start])
        records.append(text[start:stop])
        rows.append(row)
        end = stop
    gaps.append(text[end:])
    shared: dict[str, str] = {}
    gaps = [shared.setdefault(gap, gap) for gap in gaps]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    check_count(len(columns), source)
    if column not in columns:
        raise no_column(column, columns, source)
    try:
        if "\\u" in text:
            json.dumps(rows, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{source}: half of a surrogate pair; expected Unicode text") from None
    return JsonTable(source, gaps, records, rows, columns, text.isascii())
