"""Reading a benchmark table (CSV, TSV or JSON) and writing it again with columns added, nothing else changed.

A CSV record is kept as the text it was and new cells are spliced into that text, so quoting, number formats and line
ends survive byte for byte, whatever wrote them.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

from timm_sizes.errors import InputError
from timm_sizes.names.resolve import CHECKPOINT_PREFIX

DEFAULT_COLUMN = "model"
CHECKPOINT_COLUMN = "checkpoint"  # timm's validate.py writes it: the local file that the row was measured with
STDIN = "-"
_DELIMITERS = (",", "\t", ";", "|")
_BOM = "\ufeff"

# Limits for tables from strangers: timm's largest has 1,629 rows and 160 kB.
MAX_TABLE_BYTES = 2**29
MAX_COLUMNS = 1_000
MAX_NAME = 4_096  # characters

# How JSON tables are written, timm's own way first; the one that gives back the text as it was is kept.
_JSON_STYLES: list[dict[str, Any]] = [
    {"indent": indent, "ensure_ascii": escaped} for indent in (4, 2, 1, None) for escaped in (True, False)
]

Columns = Mapping[str, Sequence[str]]  # new column: its cells, one a row


@dataclass(frozen=True)
class CsvTable:
    """A CSV table: its records as raw text, and the text of the columns that were asked for."""

    source: str
    delimiter: str
    header: str
    records: list[str]
    columns: list[str]
    cells: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.records)

    def render(self, second: Columns, last: Columns, dropped: set[int]) -> Iterator[str]:
        """Yield the table's text with the columns *second* after the first column and *last* at the end.

        The columns at the positions *dropped* are left out. New cells are quoted where CSV asks for it.
        """
        yield self._splice(self.header, self._quoted([*second]), self._quoted([*last]), dropped)
        # A column at a time, then a row at a time: a cell is quoted once, however many rows have the same.
        seconds = zip(*map(self._quoted, second.values()), strict=True) if second else repeat((), len(self))
        lasts = zip(*map(self._quoted, last.values()), strict=True) if last else repeat((), len(self))
        for record, after_first, at_end in zip(self.records, seconds, lasts, strict=True):
            yield self._splice(record, after_first, at_end, dropped)

    def _splice(self, record: str, after_first: Sequence[str], at_end: Sequence[str], dropped: set[int]) -> str:
        content = record.rstrip("\r\n")
        line_end = record[len(content) :]
        if not dropped and '"' not in content:
            first, *rest = content.split(self.delimiter, 1)  # the others stay as they are, and together
            return self.delimiter.join([first, *after_first, *rest, *at_end]) + line_end
        kept = [text for index, text in enumerate(self._raw_fields(content)) if index not in dropped]
        return self.delimiter.join([*kept[:1], *after_first, *kept[1:], *at_end]) + line_end

    def _raw_fields(self, content: str) -> list[str]:
        if '"' not in content:
            return content.split(self.delimiter)
        return [match[1] for match in self._raw_field.finditer(content)]

    @cached_property
    def _raw_field(self) -> re.Pattern[str]:
        separator = re.escape(self.delimiter)
        return re.compile(rf'(?:^|{separator})(\ufeff?"(?:[^"]|"")*"|[^{separator}]*)')

    def _quoted(self, cells: Sequence[str]) -> list[str]:
        special = re.compile(rf'[{re.escape(self.delimiter)}"\r\n]')
        texts = {
            cell: f'"{cell.replace(chr(34), chr(34) * 2)}"' if special.search(cell) else cell for cell in set(cells)
        }
        return [texts[cell] for cell in cells]


@dataclass(frozen=True)
class JsonTable:
    """A JSON table: a list of objects (or one), as timm's validate.py, benchmark.py and bulk_runner.py write it."""

    source: str
    rows: list[dict[str, Any]]
    columns: list[str]
    cells: dict[str, list[str]]
    style: dict[str, Any]
    line_end: str
    single: bool

    def __len__(self) -> int:
        return len(self.rows)

    def render(self, second: Columns, last: Columns, dropped: set[int]) -> Iterator[str]:
        """Yield the table's JSON with the keys *second* after the first key and *last* at the end; see CsvTable."""
        gone = {self.columns[index] for index in dropped}
        rows = []
        for number, row in enumerate(self.rows):
            kept = [(key, value) for key, value in row.items() if key not in gone]
            added = [[(name, _json_value(cells[number])) for name, cells in new.items()] for new in (second, last)]
            rows.append(dict([*kept[:1], *added[0], *kept[1:], *added[1]]))
        yield json.dumps(rows[0] if self.single else rows, **self.style) + self.line_end


Table = CsvTable | JsonTable


def read_table(path: str, column: str = DEFAULT_COLUMN, keep: Sequence[str] = ()) -> Table:
    """Read the table at *path* ("-" for standard input) and keep the text of *column* and of those in *keep*.

    *column* has to be there, those in *keep* may be missing. Raises InputError, naming file, line and what was
    expected, for anything that is not a table in UTF-8.
    """
    return parse_table(read_bytes(path), source_name(path), column, keep)


def read_bytes(path: str) -> bytes:
    """Return what is at *path* ("-" for standard input), at most a little more than MAX_TABLE_BYTES of it.

    Raises InputError when it cannot be read.
    """
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(MAX_TABLE_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{source_name(path)}: {reason}; expected a CSV or JSON table") from None


def source_name(path: str) -> str:
    """Return how messages name the table at *path*."""
    return "standard input" if path == STDIN else path


def parse_table(data: bytes, source: str, column: str = DEFAULT_COLUMN, keep: Sequence[str] = ()) -> Table:
    """Read a table from *data*, as read_table does from a file; *source* names it in messages."""
    text = _decode(data, source)
    del data  # a large table is not needed twice
    parse = _parse_json if text.lstrip(_BOM + " \t\r\n")[:1] in ("[", "{") else _parse_csv
    table = parse(text, source, [column, *keep])
    for number, name in enumerate(table.cells[column], start=1):
        if len(name) > MAX_NAME:
            raise InputError(f"{source}, row {number}: a {column} of {len(name):,} characters; expected a model name")
    return table


def table_names(table: Table, column: str) -> list[str]:
    """Return the names that *table* asks after: each once, in its order, rows without a name left out."""
    return [name for name in dict.fromkeys(row_names(table, column)) if name.strip()]


def row_names(table: Table, column: str) -> list[str]:
    """Return what each row of *table* is sized as: its model, or the local checkpoint that it was measured with."""
    models = table.cells[column]
    paths = table.cells.get(CHECKPOINT_COLUMN)
    if paths is None:
        return models
    return [f"{CHECKPOINT_PREFIX}{path}" if path else model for model, path in zip(models, paths, strict=True)]


def _decode(data: bytes, source: str) -> str:
    if len(data) > MAX_TABLE_BYTES:
        raise InputError(f"{source}: larger than {MAX_TABLE_BYTES // 2**20} MiB; no benchmark table is")
    if not data.strip():
        raise InputError(f"{source}: empty; expected a table with a header line")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{source}: UTF-16 text; expected UTF-8")
    if (at := data.find(b"\0")) >= 0:
        raise InputError(f"{source}, line {_line_of(data, at)}: a NUL byte; expected a text table, not a binary file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_of(data, error.start)
        raise InputError(f"{source}, line {line}: not UTF-8 text; expected a CSV or JSON table") from None


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1


def _parse_csv(text: str, source: str, wanted: list[str]) -> CsvTable:
    body = text.removeprefix(_BOM)
    delimiter = _delimiter(body.partition("\n")[0], source, wanted[0])
    raw: list[str] = []  # physical lines of the record that is being read

    def lines() -> Iterator[str]:
        start = 0
        while start < len(body):
            end = body.find("\n", start) + 1 or len(body)
            raw.append(body[start:end])
            yield raw[-1]
            start = end

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    shared: dict[str, str] = {}  # the same few names and numbers stand in many rows
    records: list[str] = []
    try:
        columns = next(reader)
        header = text[: len(text) - len(body)] + _take(raw)
        positions = {name: columns.index(name) for name in wanted if name in columns}
        cells: dict[str, list[str]] = {name: [] for name in positions}
        gather = [(cells[name].append, position) for name, position in positions.items()]
        for row in reader:
            if not row and records:
                records[-1] += _take(raw)  # a blank line stays where it was
                continue
            if len(row) != len(columns):
                expected = f"expected {len(columns)} cells as in the header, found {len(row)}"
                raise InputError(f"{source}, line {reader.line_num}: {expected}")
            records.append(_take(raw))
            for append, position in gather:
                append(shared.setdefault(row[position], row[position]))
    except csv.Error as error:
        raise InputError(f"{source}, line {reader.line_num}: not CSV ({error})") from None
    return CsvTable(source, delimiter, header, records, columns, cells)


def _take(raw: list[str]) -> str:
    record = raw[0] if len(raw) == 1 else "".join(raw)
    raw.clear()
    return record


def _delimiter(first_line: str, source: str, column: str) -> str:
    """Return the delimiter under which *column* is a header cell."""
    seen: list[str] = []
    for delimiter in _DELIMITERS:
        if first_line.count(delimiter) >= MAX_COLUMNS:
            raise InputError(f"{source}, line 1: more than {MAX_COLUMNS:,} columns; no benchmark table has")
        try:
            names = next(csv.reader([first_line], delimiter=delimiter), [])
        except csv.Error as error:
            raise InputError(f"{source}, line 1: not CSV ({error})") from None
        if column in names:
            return delimiter
        seen = max(seen, names, key=len)
    raise InputError(f"{source}, line 1: {_no_column(column, seen)}")


def _no_column(column: str, seen: Sequence[str]) -> str:
    shown = ", ".join(ascii(name[:40])[1:-1] for name in seen[:20]) or "none"
    return f"no column {column!r}; columns seen: {shown}"


def _parse_json(text: str, source: str, wanted: list[str]) -> JsonTable:
    try:
        data = json.loads(text.removeprefix(_BOM))
    except json.JSONDecodeError as error:
        raise InputError(f"{source}, line {error.lineno}: not JSON ({error.msg})") from None
    except (RecursionError, ValueError):
        raise InputError(f"{source}: not a table: JSON nested too deep or with a number too long") from None
    rows = [data] if isinstance(data, dict) else data
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputError(f"{source}, entry {number}: expected an object with a {wanted[0]!r} key")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if len(columns) > MAX_COLUMNS:
        raise InputError(f"{source}: more than {MAX_COLUMNS:,} columns; no benchmark table has")
    if wanted[0] not in columns:
        raise InputError(f"{source}: {_no_column(wanted[0], columns)}")
    cells = {name: [_json_text(row.get(name)) for row in rows] for name in wanted if name in columns}
    try:
        json.dumps(data, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{source}: half of a surrogate pair; expected Unicode text") from None
    style = next((style for style in _JSON_STYLES if json.dumps(data, **style) == text.strip()), _JSON_STYLES[0])
    line_end = "\n" if text.endswith("\n") else ""
    return JsonTable(source, rows, columns, cells, style, line_end, isinstance(data, dict))


def _json_text(value: Any) -> str:
    return "" if value is None else str(value)


def _json_value(cell: str) -> str | int | float | None:
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
