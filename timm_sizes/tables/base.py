"""What every table is: columns to read, and its text with columns added; and the text it is read from, by blocks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import SEEK_END, StringIO
from itertools import islice
from pathlib import Path
from typing import IO

from timm_sizes.errors import InputError, reason
from timm_sizes.files import printable

Cells = tuple[str, ...]
Seen = Counter[Cells]

BOM = "\ufeff"
MAX_COLUMNS = 1_000
MAX_NAME = 4_096  # characters
# What may be held as a whole: a line, or a table whose columns are asked for. timm's largest has 160 kB.
MAX_HELD_BYTES = 2**29
# What files can be written, by how their names end.
ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".parquet", ".md", ".tex")
_BLOCK, _START = 2**18, 1_000  # bytes
_BATCH = 4_096  # rows


@dataclass(frozen=True)
class Additions:
    """What a merge adds to a table: the columns ``second`` after its first one, and the columns ``last`` at its end.

    ``dropped`` has the positions of the columns that an earlier merge added. A row's new cells, those of ``second`` and
    those of ``last``, are decided by its cells in the columns ``reads``: ``cells`` returns them as text.
    """

    second: Cells = ()
    last: Cells = ()
    dropped: frozenset[int] = frozenset()
    reads: Cells = ()
    cells: Callable[[Cells], tuple[Cells, Cells]] = lambda _: ((), ())


@dataclass(frozen=True)
class TableText:
    """The text of a table in a file: read as often as it is needed, and never held as a whole."""

    source: str
    file: Path | IO[bytes]

    @cached_property
    def start(self) -> bytes:
        """The first bytes of the file, which say its format."""
        with self.open() as file:
            return file.read(_START)

    @property
    def bom(self) -> str:
        """The mark that some spreadsheets put before the text, which is not part of it; "" for none."""
        return BOM if self.start.startswith(BOM.encode()) else ""

    def blocks(self) -> Iterator[str]:
        """Yield the text, many lines at a time; InputError, naming the line, for what is no text."""
        line = 1
        for block in self._blocks():
            try:
                text = block.decode()
            except UnicodeDecodeError as error:
                utf_16 = line == 1 and block[:2] in (b"\xff\xfe", b"\xfe\xff")
                what = "UTF-16 text; expected UTF-8" if utf_16 else "not UTF-8 text; expected a CSV or JSON table"
                line += block.count(b"\n", 0, error.start)
                raise InputError(f"{self.at(line)}: {what}") from None
            if (nul := text.find("\0")) >= 0:
                where = self.at(line + text.count("\n", 0, nul))
                raise InputError(f"{where}: a NUL byte; expected a text table, not a binary file")
            yield text.removeprefix(BOM) if line == 1 else text
            line += text.count("\n")

    def lines(self) -> Iterator[str]:
        """Yield the text's lines with their line feeds; splitlines would split at other characters as well."""
        for block in self.blocks():
            yield from StringIO(block, newline="\n")

    def at(self, line: int) -> str:
        """Return how a message names the *line* of this text."""
        return f"{self.source}, line {line}"

    def check_size(self) -> None:
        """Raise InputError if the file is too large to be held as a whole."""
        with self.open() as file:
            if file.seek(0, SEEK_END) > MAX_HELD_BYTES:
                raise InputError(f"{self.source}: larger than {MAX_HELD_BYTES // 2**20} MiB; no benchmark table is")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file at its start; InputError where that fails, or where reading it does."""
        try:
            if isinstance(self.file, Path):
                with self.file.open("rb") as file:
                    yield file
            else:
                self.file.seek(0)
                yield self.file
        except OSError as error:
            raise InputError(f"{self.source}: {reason(error)}; expected a CSV or JSON table") from None

    def _blocks(self) -> Iterator[bytes]:
        with self.open() as file:
            while block := file.read(_BLOCK):
                rest = file.readline(MAX_HELD_BYTES)
                if len(rest) == MAX_HELD_BYTES:
                    raise InputError(f"{self.source}: a line of more than {MAX_HELD_BYTES // 2**20} MiB")
                yield block + rest


class Table(ABC):
    """A table: its text is read anew by each of ``rows`` and ``render``; ``column`` reads all columns once."""

    has_decimal_commas = False
    ending = ""  # that files of its format have

    def __init__(self, text: TableText, name_column: str) -> None:
        self._text = text
        self.source = text.source
        self.name_column = name_column
        self.columns: list[str] = []

    @abstractmethod
    def rows(self, names: Sequence[str]) -> Iterator[Cells]:
        """Yield the text of each row in the columns *names*, of ``columns`` (the first of that name); "" for no value.

        Raises InputError, naming the line, for what is no row.
        """

    @abstractmethod
    def render(self, added: Additions, seen: Seen) -> Iterator[str | bytes]:
        """Yield the file with *added* and nothing else changed; *seen* counts its rows by what *added* reads of them.

        Raises InputError, naming the line, for what is no row, when it gets there.
        """

    def has_format(self, ending: str) -> bool:
        """Return whether a file with the *ending* has the format of this table, whose own is then not questioned."""
        is_text = self.ending != ".parquet" and ending == Path(self.source).suffix.lower()
        return ending == self.ending or ending not in ENDINGS or is_text

    def column(self, name: str) -> list[str]:
        """Return the text of the column *name*, a cell a row, as ``rows`` has it."""
        return self._held[name]

    def new_columns(self, added: Additions, seen: Seen) -> dict[str, list[str]]:
        """Return the columns that *added* puts into this table, a cell a row; *seen* as ``render`` has it."""
        keys = list(self.rows(added.reads))
        seen.update(keys)
        rows = {key: [cell for cells in added.cells(key) for cell in cells] for key in set(keys)}
        names = (*added.second, *added.last)
        return {name: [rows[key][index] for key in keys] for index, name in enumerate(names)}

    def __len__(self) -> int:
        return len(self.column(self.columns[0]))

    @cached_property
    def _held(self) -> dict[str, list[str]]:
        self._text.check_size()
        shared: dict[str, str] = {}  # the same few names and numbers stand in many rows
        names = list(dict.fromkeys(self.columns))
        columns: list[list[str]] = [[] for _ in names]
        rows = self.rows(names)
        while batch := list(islice(rows, _BATCH)):
            for column, cells in zip(columns, zip(*batch, strict=True), strict=True):
                column.extend(map(shared.setdefault, cells, cells))
        return dict(zip(names, columns, strict=True))


def check_columns(columns: Sequence[str], column: str, where: str) -> None:
    """Raise InputError, naming *where*, unless *column* is among the *columns*, and they are not too many."""
    if len(columns) > MAX_COLUMNS:
        raise InputError(f"{where}: more than {MAX_COLUMNS:,} columns; no benchmark table has")
    if column not in columns:
        raise no_column(column, columns, where)


def no_column(column: str, columns: Sequence[str], where: str) -> InputError:
    """Return the error for a table, *where*, with these *columns* and not the *column* of names."""
    shown = ", ".join(printable(name[:40]) for name in columns[:20]) or "none"
    return InputError(f"{where}: no column {column!r}; columns seen: {shown}; -c (a crawl: -a column=) names another")


def check_name(name: str, column: str, where: str) -> None:
    """Raise InputError, naming *where*, for a *name* in the *column* of names that is too long for one."""
    if len(name) > MAX_NAME:
        raise InputError(f"{where}: a {column} of {len(name):,} characters; expected a model name")
