"""JSON tables: a list of objects (or one), as timm's validate.py, benchmark.py and bulk_runner.py write them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

from timm_sizes.errors import InputError
from timm_sizes.tables.csv_table import Columns
from timm_sizes.tables.header import BOM, check_count, no_column

# How JSON tables are written, timm's own way first; the one that gives back the text as it was is kept.
_STYLES: list[dict[str, Any]] = [
    {"indent": indent, "ensure_ascii": escaped} for indent in (4, 2, 1, None) for escaped in (True, False)
]


@dataclass(frozen=True)
class JsonTable:
    """A JSON table: its objects, their keys as columns, and how it was written."""

    source: str
    rows: list[dict[str, Any]]
    columns: list[str]
    style: dict[str, Any]
    line_end: str
    single: bool
    _cells: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> list[str]:
        """Return the text of the column *name*, one of ``columns``, a cell a row; "" for null and where it is not."""
        if name not in self._cells:
            values = (row.get(name) for row in self.rows)
            self._cells[name] = ["" if value is None else str(value) for value in values]
        return self._cells[name]

    def render(self, second: Columns, last: Columns, dropped: AbstractSet[int]) -> Iterator[str]:
        """Yield the table's JSON with the keys *second* after the first key and *last* at the end; see CsvTable."""
        gone = {self.columns[index] for index in dropped}
        rows = []
        for number, row in enumerate(self.rows):
            kept = [(key, value) for key, value in row.items() if key not in gone]
            added = [[(name, _value(cells[number])) for name, cells in new.items()] for new in (second, last)]
            rows.append(dict([*kept[:1], *added[0], *kept[1:], *added[1]]))
        yield json.dumps(rows[0] if self.single else rows, **self.style) + self.line_end


def parse_json(text: str, source: str, column: str) -> JsonTable:
    """Return the JSON table in *text*, which has the key *column*; InputError, naming *source*, for anything else."""
    try:
        data = json.loads(text.removeprefix(BOM))
    except json.JSONDecodeError as error:
        raise InputError(f"{source}, line {error.lineno}: not JSON ({error.msg})") from None
    except (RecursionError, ValueError):
        raise InputError(f"{source}: not a table: JSON nested too deep or with a number too long") from None
    rows = [data] if isinstance(data, dict) else data
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{source}, entry {number}: expected an object with a {column!r} key")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    check_count(len(columns), source)
    if column not in columns:
        raise no_column(column, columns, source)
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{source}: half of a surrogate pair; expected Unicode text") from None
    style = next((style for style in _STYLES if json.dumps(data, **style) == text.strip()), _STYLES[0])
    line_end = "\n" if text.endswith("\n") else ""
    return JsonTable(source, rows, columns, style, line_end, isinstance(data, dict))


def _value(cell: str) -> str | int | float | None:
    """Return a new cell as JSON has it: null where it is empty, a number where it is one."""
    if not cell:
        return None
    try:
        return int(cell)
    except ValueError:
        try:
            return float(cell)
        except ValueError:
            return cell
