"""CSV tables (TSV and the like among them): read, and written again with columns added, nothing else changed.

A record is kept as the text it was and new cells are inserted into that text, so quoting, number formats and line ends
survive byte for byte, whatever wrote them.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice, repeat
from operator import itemgetter
from typing import NamedTuple

from timm_sizes.errors import InputError
from timm_sizes.tables.base import (
    MAX_NAME,
    Additions,
    Cells,
    Seen,
    Table,
    TableText,
    check_columns,
    check_name,
    no_column,
)

_DELIMITERS = (",", "\t", ";", "|")
_QUOTE = '"'
_TITLE_LINES = 5  # where a header is looked for, to say that it has to be the first line
# Lines that all have a quote, or else lines that all have none.
_RUN = re.compile(r'(?:[^"\n]*"[^\n]*\n)+|[^"]*\n')


class _Run(NamedTuple):
    """Records without their line ends, and of each the cells that were asked for; ``is_plain`` if none has a quote."""

    records: list[str]
    cells: list[Cells]
    line_end: str
    is_plain: bool


class CsvTable(Table):
    """A CSV table; its delimiter is the one under which its column of names is in the header."""

    def __init__(self, text: TableText, column: str) -> None:
        """Read the header of *text*, which has the *column*; InputError for anything else."""
        super().__init__(text, column)
        self.delimiter, self.columns = _header(text, column)
        self.has_decimal_commas = self.delimiter not in (",", "\t")
        self.ending = ".tsv" if self.delimiter == "\t" else ".csv"
        separator = re.escape(self.delimiter)
        self._raw_cell = re.compile(rf'(?:^|{separator})("[^"]*(?:""[^"]*)*"|[^{separator}]*)')
        self._special = re.compile(rf'[{separator}"\r\n]')

    def rows(self, names: Sequence[str]) -> Iterator[Cells]:
        for run in islice(self._runs(names), 1, None):
            yield from run.cells

    def render(self, added: Additions, seen: Seen) -> Iterator[str]:
        kept = [position for position in range(len(self.columns)) if position not in added.dropped]
        runs = self._runs(added.reads)
        yield self._text.bom + self._insert(next(runs), kept, [self._text_of(kept, added.second, added.last)])
        texts: dict[Cells, tuple[str, str]] = {}
        for run in runs:
            seen.update(run.cells)
            if len(texts) < len(seen):
                texts |= {read: self._text_of(kept, *added.cells(read)) for read in set(run.cells).difference(texts)}
            yield self._insert(run, kept, map(texts.__getitem__, run.cells))

    def _insert(self, run: _Run, kept: list[int], new: Iterable[tuple[str, str]]) -> str:
        """Return the text of *run* with its columns *kept*, and texts after the first cell and at the end."""
        records, delimiter = run.records, self.delimiter
        if len(kept) < len(self.columns):
            keep = _getter(kept)
            rows = (record.split(delimiter) if run.is_plain else self._raw_cell.findall(record) for record in records)
            records = [delimiter.join(keep(row)) for row in rows]
        if run.is_plain and len(kept) > 1:
            texts = [
                record.replace(delimiter, second, 1) + last for record, (second, last) in zip(records, new, strict=True)
            ]
        else:
            ends = (match.end() for match in map(self._raw_cell.match, records) if match)
            texts = [
                f"{record[:end]}{second}{record[end + 1 :]}{last}"
                for record, end, (second, last) in zip(records, ends, new, strict=True)
            ]
        return run.line_end.join([*texts, ""]) or run.line_end

    def _text_of(self, kept: list[int], second: Cells, last: Cells) -> tuple[str, str]:
        """Return the text to put in place of a record's first delimiter and at its end, quoted where CSV needs it."""
        after_first, at_end = (
            "".join(
                self.delimiter + (f'"{cell.replace(_QUOTE, _QUOTE * 2)}"' if self._special.search(cell) else cell)
                for cell in cells
            )
            for cells in (second, last)
        )
        return after_first + (self.delimiter if len(kept) > 1 else ""), at_end

    def _runs(self, names: Sequence[str] = ()) -> Iterator[_Run]:
        """Yield the records, with their cells in the columns *names*: the header, then as many at a time as are alike.

        A blank line is a run of no records.
        """
        positions = [self.columns.index(name) for name in names]
        read, most = _getter(positions), max(positions, default=0) + 1
        blocks = self._text.blocks()
        line, width, name_at = 0, 0, 0
        waiting: deque[str] = deque()  # lines to be read one by one
        taken: list[str] = []  # the lines of the record that is being read

        def fed() -> Iterator[str]:
            while waiting or (block := next(blocks, "")):
                if not waiting:
                    waiting.extend(StringIO(block, newline="\n"))
                taken.append(waiting.popleft())
                yield taken[-1]

        reader = csv.reader(fed(), delimiter=self.delimiter, strict=True)
        for block in blocks:
            at = 0
            while width and (match := _RUN.match(block, at)) and (run := self._alike(match[0], width, read, most)):
                at = match.end()
                line += len(run.records)
                yield run
            waiting.extend(StringIO(block[at:], newline="\n"))
            while waiting:
                try:
                    row = next(reader)
                except csv.Error as error:
                    raise InputError(f"{self._text.at(line + len(taken))}: not CSV ({error})") from None
                text = "".join(taken)
                line += len(taken)
                taken.clear()
                if not width:
                    width, name_at = len(row), _names(row).index(self.name_column)
                if row and len(row) != width:
                    raise InputError(
                        f"{self._text.at(line)}: expected {width} cells as in the header, found {len(row)}"
                    )
                if row:
                    check_name(row[name_at], self.name_column, self._text.at(line))
                record = text.rstrip("\r\n")
                yield _Run([record] if row else [], [read(row)] if row else [], text[len(record) :], is_plain=False)

    def _alike(self, text: str, width: int, read: _Getter, splits: int) -> _Run | None:
        """Return the lines of *text* as records if each is one, of *width* cells and of no extraordinary length."""
        lines, line_end = text.split("\n"), "\n"
        if returns := text.count("\r"):
            if not returns == text.count("\r\n") == len(lines) - 1:
                return None
            lines, line_end = text.split("\r\n"), "\r\n"
        lines.pop()  # what follows the last line end
        if (width == 1 and not all(lines)) or max(map(len, lines)) > MAX_NAME:
            return None
        delimiter = self.delimiter
        if '"' not in lines[0]:
            if set(map(str.count, lines, repeat(delimiter))) != {width - 1}:
                return None
            return _Run(lines, [read(record.split(delimiter, splits)) for record in lines], line_end, is_plain=True)
        try:
            cells = [read(row) for row in csv.reader(lines, delimiter=delimiter, strict=True) if len(row) == width]
        except csv.Error:
            return None
        return _Run(lines, cells, line_end, is_plain=False) if len(cells) == len(lines) else None


_Getter = Callable[[Sequence[str]], Cells]


def _getter(positions: Sequence[int]) -> _Getter:
    """Return a function that returns the cells at *positions* of a row."""
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda cells: tuple(cells[position] for position in positions)


def _names(header: Sequence[str]) -> list[str]:
    return [name.strip() for name in header]  # pandas writes none, people write "model, top1"


def _header(text: TableText, column: str) -> tuple[str, list[str]]:
    """Return the delimiter under which *column* is in the first record of *text*, and the names in that."""
    seen: list[str] = []
    for delimiter in _DELIMITERS:
        reader = csv.reader(text.lines(), delimiter=delimiter)
        try:
            first, *others = map(_names, islice(reader, _TITLE_LINES))
        except csv.Error as error:
            raise InputError(f"{text.at(reader.line_num)}: not CSV ({error})") from None
        if column in first:
            check_columns(first, column, text.at(1))
            return delimiter, first
        if any(column in names for names in others):
            raise InputError(
                f"{text.at(1)}: no header with {column!r}, which stands further down; remove what is above"
            )
        seen = max(seen, first, key=len)
    raise no_column(column, seen, text.at(1))
