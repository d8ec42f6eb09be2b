"""CSV tables (TSV and the like among them): read, and written again with columns added, nothing else changed.

A record is kept as the text it was and new cells are spliced into that text, so quoting, number formats and line ends
survive byte for byte, whatever wrote them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat

from timm_sizes.errors import InputError
from timm_sizes.tables.header import BOM, check_count, no_column

_DELIMITERS = (",", "\t", ";", "|")

Columns = Mapping[str, Sequence[str]]  # new column: its cells, one a row


@dataclass(frozen=True)
class CsvTable:
    """A CSV table: its records as raw text, from which a column's cells are read on demand."""

    source: str
    delimiter: str
    header: str
    records: list[str]
    columns: list[str]
    is_plain: bool  # without a quote in it
    _cells: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.records)

    @property
    def has_decimal_commas(self) -> bool:
        """Whether a comma in a number is a decimal comma; see tables.frame."""
        return self.delimiter not in (",", "\t")

    def column(self, name: str) -> list[str]:
        """Return the text of the column *name*, one of ``columns`` (the first of that name), a cell a row."""
        if name not in self._cells:
            position = self.columns.index(name)
            shared: dict[str, str] = {}  # the same few names and numbers stand in many rows
            self._cells[name] = [shared.setdefault(cell, cell) for cell in self._texts(position)]
        return self._cells[name]

    def render(self, second: Columns, last: Columns, dropped: AbstractSet[int]) -> Iterator[str]:
        """Yield the table's text with the columns *second* after the first column and *last* at the end.

        The columns at the positions *dropped* are left out. New cells are quoted where CSV asks for it.
        """
        yield self._splice(self.header, self._quoted([*second]), self._quoted([*last]), dropped)
        # A column at a time, then a row at a time: a cell is quoted once, however many rows have the same.
        seconds = zip(*map(self._quoted, second.values()), strict=True) if second else repeat((), len(self))
        lasts = zip(*map(self._quoted, last.values()), strict=True) if last else repeat((), len(self))
        for record, after_first, at_end in zip(self.records, seconds, lasts, strict=True):
            yield self._splice(record, after_first, at_end, dropped)

    def _texts(self, position: int) -> Iterator[str]:
        if self.is_plain:
            return (record.split(self.delimiter, position + 1)[position].rstrip("\r\n") for record in self.records)
        contents = (record.rstrip("\r\n") for record in self.records)
        return (row[position] for row in csv.reader(contents, delimiter=self.delimiter, strict=True))

    def _splice(self, record: str, after_first: Sequence[str], at_end: Sequence[str], dropped: AbstractSet[int]) -> str:
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


def parse_csv(text: str, source: str, column: str) -> CsvTable:
    """Return the CSV table in *text*, whose delimiter is the one under which *column* is in its header.

    Raises InputError, naming *source* and the line, for anything else.
    """
    body = text.removeprefix(BOM)
    delimiter = _delimiter(body.partition("\n")[0], source, column)
    records: list[str] = []
    columns: list[str] = []
    header = ""
    is_plain = '"' not in body and body.count("\r") == body.count("\r\n")
    for width, record in (_plain_records if is_plain else _records)(body, delimiter, source):
        if not columns:
            columns = next(csv.reader([record.rstrip("\r\n")], delimiter=delimiter))
            header = text[: len(text) - len(body)] + record
        elif not width and records:
            records[-1] += record  # a blank line stays where it was
        elif width == len(columns):
            records.append(record)
        else:
            line = sum(before.count("\n") for before in (header, *records, record.rstrip("\r\n"))) + 1
            expected = f"expected {len(columns)} cells as in the header, found {width}"
            raise InputError(f"{source}, line {line}: {expected}")
    return CsvTable(source, delimiter, header, records, columns, is_plain)


def _plain_records(body: str, delimiter: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield each record of *body*, which has no quotes, with its number of cells; several times as fast as csv."""
    longest = csv.field_size_limit()
    for number, line in enumerate(_lines(body), start=1):
        if len(line) > longest and max(map(len, line.split(delimiter))) > longest:
            raise InputError(f"{source}, line {number}: not CSV (field larger than {longest:,} characters)")
        yield (0 if line in ("\n", "\r\n") else line.count(delimiter) + 1), line


def _records(body: str, delimiter: str, source: str) -> Iterator[tuple[int, str]]:
    """Yield each record of *body*, one line or several, with its number of cells; InputError for what is not CSV."""
    raw: list[str] = []  # the lines of the record that is being read

    def kept() -> Iterator[str]:
        for line in _lines(body):
            raw.append(line)
            yield line

    reader = csv.reader(kept(), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield len(row), "".join(raw)
            raw.clear()
    except csv.Error as error:
        raise InputError(f"{source}, line {reader.line_num}: not CSV ({error})") from None


def _lines(body: str) -> Iterator[str]:
    """Yield the lines of *body* with their line feeds; splitlines would split at other characters as well."""
    start = 0
    while start < len(body):
        end = body.find("\n", start) + 1 or len(body)
        yield body[start:end]
        start = end


def _delimiter(first_line: str, source: str, column: str) -> str:
    """Return the delimiter under which *column* is a header cell."""
    where = f"{source}, line 1"
    seen: list[str] = []
    for delimiter in _DELIMITERS:
        check_count(first_line.count(delimiter) + 1, where)
        try:
            names = next(csv.reader([first_line], delimiter=delimiter), [])
        except csv.Error as error:
            raise InputError(f"{where}: not CSV ({error})") from None
        if column in names:
            return delimiter
        seen = max(seen, names, key=len)
    raise no_column(column, seen, where)
