"""JSON tables: a list of objects, one object, or an object a line; timm's scripts write the first two.

An object is kept as the text it was and new keys are inserted into that text, so number formats, escapes and layout
survive byte for byte, as they do in CSV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence, Set
from itertools import count, islice
from typing import Any

from timm_sizes.errors import InputError
from timm_sizes.files import printable
from timm_sizes.tables.base import BOM, Additions, Cells, Seen, Table, TableText, Texts, check_columns, check_name
from timm_sizes.tables.columns import is_text

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_SPACE = re.compile(r"[ \t\r\n]*")
_LONGEST_CELL = 2**20  # characters


class _Number(str):
    """The text of a number, in a list or an object too: 0.10 stays 0.10."""

    __slots__ = ()
    __repr__ = str.__str__


class _DoubledKeyError(ValueError):
    """Raised for an object that has a key twice: one of the two values would be lost."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _row(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _DoubledKeyError(next(key for key in row if keys.count(key) > 1))
    return row


# Numbers, NaN and Infinity among them, are read as their text.
_DECODER = json.JSONDecoder(object_pairs_hook=_row, parse_float=_Number, parse_int=_Number, parse_constant=_Number)
_SCANNER = json.JSONDecoder(parse_float=str, parse_int=str)


class JsonTable(Table):
    """A JSON table; its columns are all keys of its objects."""

    def __init__(self, text: TableText, column: str) -> None:
        """Read the keys of all objects in *text*, one of which is *column*; InputError for anything else."""
        self._text = text
        columns: dict[str, None] = {}
        objects, self._is_ascii = 0, True
        for before, record, row in self._entries(column):
            columns |= dict.fromkeys(row)
            objects += bool(record)
            self._is_ascii = self._is_ascii and record.isascii() and before.isascii()
        is_list = text.start.removeprefix(BOM.encode()).lstrip().startswith(b"[")
        self.ending = ".json" if is_list or objects < 2 else ".jsonl"
        super().__init__(text.source, column, list(columns))
        check_columns(self.columns, column, text.source)

    def rows(self, names: Sequence[str]) -> Iterator[Cells]:
        for _, record, row in self._entries(self.name_column):
            if record:
                yield _cells(row, names)

    def render(self, added: Additions, seen: Seen) -> Iterator[str]:
        gone = {self.columns[position] for position in added.dropped}

        def make(key: Cells) -> tuple[str, str]:
            *read, separator, colon = key
            second, last = added.cells(tuple(read))
            new = zip(added.second, second, strict=True), zip(added.last, last, strict=True)
            after_first, at_end = (
                "".join(f"{separator}{self._text_of(name)}{colon}{self._value_of(name, cell)}" for name, cell in cells)
                for cells in new
            )
            return after_first, at_end

        texts = Texts(make)
        yield self._text.bom
        for before, record, row in self._entries(self.name_column):
            yield before
            if record:
                read = _cells(row, added.reads)
                seen[read] += 1
                yield _insert(_without(record, gone) if gone & row.keys() else record, read, texts)

    def _entries(self, column: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield each object: what stands before it, its text, its values; and then what stands after the last, "", {}.

        Raises InputError for what is no object that can be a row.
        """
        source = self._text.source
        scanner = _Scanner(self._text)
        is_list = scanner.sign() == "["
        scanner.at += is_list
        is_over = is_list and scanner.sign() == "]"
        for number in count(1):
            if is_over:
                break
            scanner.sign()
            before = scanner.passed()
            row = scanner.value()
            where = f"{source}, entry {number}"
            if not isinstance(row, dict):
                raise InputError(f"{where}: expected an object with a {column!r} key")
            if not is_list and number == 1 and row and all(isinstance(value, dict) for value in row.values()):
                raise InputError(f"{source}: an object of columns; expected rows: pandas' to_json(orient='records')")
            check_name(str(row.get(column, "")), column, where)
            record = scanner.passed()
            if "\\u" in record:
                _check_unicode(row, where)
            yield before, record, row
            sign = scanner.sign()
            if is_list and sign not in (",", "]"):
                raise scanner.error("not JSON (expected ',' or ']')", scanner.at)
            is_over = sign == "]" if is_list else sign != "{"
            scanner.at += is_list
        if scanner.sign():
            raise scanner.error("not JSON (more text after its end)", scanner.at)
        yield scanner.passed(), "", {}

    def _text_of(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self._is_ascii)

    def _value_of(self, name: str, cell: str) -> str:
        """Return a new cell as JSON has it: null where it is empty, a number, in its own text, where it is one."""
        if not cell:
            return "null"
        return cell if _NUMBER.fullmatch(cell) and not is_text(name) else self._text_of(cell)


class _Scanner:
    """Reads JSON values from a text, of which it holds no more than the one that it is at."""

    def __init__(self, text: TableText) -> None:
        self._source = text
        self._blocks = text.blocks()
        self._text = ""
        self._start, self._line = 0, 1  # what has been passed before, and the line of the text's first character
        self.at = 0

    def sign(self) -> str:
        """Go on to the next character that is no white space and return it, "" at the end."""
        while True:
            self.at = _skip(self._text, self.at)
            if self.at < len(self._text) or not self._more():
                return self._text[self.at : self.at + 1]

    def passed(self) -> str:
        """Return the text from where this was called before up to here."""
        start, self._start = self._start, self.at
        return self._text[start : self.at]

    def value(self) -> Any:
        """Go on to the end of the value here, and return it."""
        while True:
            try:
                value, self.at = _DECODER.raw_decode(self._text, self.at)
                return value
            except json.JSONDecodeError as error:
                wrong = self.error(f"not JSON ({error.msg})", error.pos)
                # What a block cuts off goes on in the next one.
                if len(self._text) - error.pos > _LONGEST_CELL or not self._more():
                    raise wrong from None
            except _DoubledKeyError as error:
                again = re.compile(re.escape(json.dumps(error.key)) + r"\s*:").finditer(self._text, self.at)
                at = next(islice((match.start() for match in again), 1, None), self.at)
                raise self.error(f"the key {printable(error.key[:40])!r} a second time", at) from None
            except RecursionError:
                raise self.error("JSON nested too deep for a table", self.at) from None

    def error(self, what: str, position: int) -> InputError:
        """Return the error for *what* at the *position* in the text that is held."""
        return InputError(f"{self._source.at(self._line + self._text.count(chr(10), 0, position))}: {what}")

    def _more(self) -> bool:
        block = next(self._blocks, "")
        self._line += self._text.count("\n", 0, self._start)
        self._text = self._text[self._start :] + block
        self.at -= self._start
        self._start = 0
        return bool(block)


def _cells(row: dict[str, Any], names: Sequence[str]) -> Cells:
    return tuple("" if (value := row.get(name)) is None else str(value) for name in names)


def _check_unicode(row: dict[str, Any], where: str) -> None:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: half of a surrogate pair; expected Unicode text") from None


def _skip(text: str, at: int) -> int:
    """Return the first position from *at* on that is no white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _members(record: str) -> Iterator[tuple[str, int, str, int]]:
    """Yield each member of the object *record*: its key, where it starts, what is between key and value, its end."""
    at = _skip(record, 1)
    while record[at] != "}":
        start = at
        key, key_end = _SCANNER.raw_decode(record, at)
        value_start = _skip(record, _skip(record, key_end) + 1)
        _, at = _SCANNER.raw_decode(record, value_start)
        yield key, start, record[key_end:value_start], at
        at = _skip(record, at)
        at = _skip(record, at + 1) if record[at] == "," else at


def _without(record: str, gone: Set[str]) -> str:
    """Return the object *record* without the keys *gone*."""
    found = list(_members(record))
    # Each member with the separator before it; the first that is kept takes the place of the first that was.
    starts = [found[0][1], *(end for *_, end in found[:-1])]
    kept = [(start, own, end) for (key, own, _, end), start in zip(found, starts, strict=True) if key not in gone]
    members = "".join(record[own if not index else start : end] for index, (start, own, end) in enumerate(kept))
    return f"{record[: found[0][1]]}{members}{record[found[-1][3] :]}"


def _insert(record: str, read: Cells, texts: Texts) -> str:
    """Return the object *record* with the *texts* for what was *read* after its first member and at its end."""
    found = list(islice(_members(record), 2))
    if not found:
        after_first, at_end = texts[*read, ", ", ": "]
        return f"{{{(after_first + at_end).removeprefix(', ')}}}"
    (_, start, colon, first_end), *others = found
    separator = record[first_end : others[0][1]] if others else "," + (record[1:start] or colon[colon.index(":") + 1 :])
    after_first, at_end = texts[*read, separator, colon]
    end = len(record[:-1].rstrip(" \t\r\n"))
    return f"{record[:first_end]}{after_first}{record[first_end:end]}{at_end}{record[end:]}"
