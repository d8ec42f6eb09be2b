"""JSON tables: a list of objects, one object, or an object a line; timm's scripts write the first two.

An object is kept as the text it was and new keys are inserted into that text, so number formats, escapes and layout
survive byte for byte, as they do in CSV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence, Set
from functools import cache
from itertools import islice
from typing import Any

from timm_sizes.errors import InputError
from timm_sizes.files import printable
from timm_sizes.tables.base import BOM, Additions, Cells, Seen, Table, TableText, check_columns, check_name
from timm_sizes.tables.columns import is_text

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LINE_FEED = "\n"
_GAP = re.compile(r"[ \t\r\n]*(?:[\[,][ \t\r\n]*)?")
# A member of an object up to its value, with what stands before it: the brace, a comma, blanks.
_MEMBER = re.compile(r'[{,](?P<before>\s*)(?P<key>"(?:[^"\\]|\\.)*")(?P<colon>\s*:\s*)')
_BLANKS = re.compile(r"\s*")
_LONGEST_CELL = 2**20  # characters


class _Number(str):
    """The text of a number, in a list or an object too: 0.10 stays 0.10."""

    __slots__ = ()
    __repr__ = str.__str__


class _DoubledKeyError(ValueError):
    """Raised, with the key, for an object that has it twice: one of the two values would be lost."""


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
        super().__init__(text, column)
        columns: dict[str, None] = {}
        objects, self._is_ascii = 0, True
        for before, record, row in self._entries(column):
            columns |= dict.fromkeys(row)
            objects += bool(record)
            self._is_ascii = self._is_ascii and record.isascii() and before.isascii()
        is_list = text.start.removeprefix(BOM.encode()).lstrip().startswith(b"[")
        self.ending = ".json" if is_list or objects < 2 else ".jsonl"
        self.columns = list(columns)
        check_columns(self.columns, column, text.source)

    def rows(self, names: Sequence[str]) -> Iterator[Cells]:
        for _, record, row in self._entries(self.name_column):
            if record:
                yield _cells(row, names)

    def render(self, added: Additions, seen: Seen) -> Iterator[str]:
        gone = {self.columns[position] for position in added.dropped}

        @cache
        def texts(read: Cells, separator: str, colon: str) -> list[str]:
            return [
                "".join(f"{separator}{self._text_of(name)}{colon}{self._value_of(name, cell)}" for name, cell in new)
                for new in map(zip, (added.second, added.last), added.cells(read))
            ]

        yield self._text.bom
        for before, record, row in self._entries(self.name_column):
            yield before
            if record:
                read = _cells(row, added.reads)
                seen[read] += 1
                text = _without(record, gone) if gone & row.keys() else record
                first_end, last_end, separator, colon = _layout(text)
                after_first, at_end = texts(read, separator, colon)
                if first_end == 1:  # an empty object
                    after_first, at_end = "", (after_first + at_end).removeprefix(separator)
                yield f"{text[:first_end]}{after_first}{text[first_end:last_end]}{at_end}{text[last_end:]}"

    def _entries(self, column: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield each object: what stands before it, its text, its values; and then what stands after the last, "", {}.

        Raises InputError for what is no object that can be a row. No more is held than a block and what it cuts off.
        """
        blocks = self._text.blocks()
        text, end, line = "", 0, 1  # what is held, how far it has been read, and the line that it starts on
        number, is_list = 0, False

        def wrong(what: str, at: int) -> InputError:
            return InputError(f"{self._text.at(line + text.count(_LINE_FEED, 0, at))}: {what}")

        while True:
            start = _end(_GAP, text, end)
            mark, sign = text[end:start].strip(), text[start : start + 1]
            try:
                row, stop = _DECODER.raw_decode(text, start)
            except json.JSONDecodeError as error:
                # A block may have cut it off.
                if len(text) - error.pos < _LONGEST_CELL and (block := next(blocks, "")):
                    line += text.count(_LINE_FEED, 0, end)
                    text, end = text[end:] + block, 0
                    continue
                if mark or (sign not in ("", "]") and (sign == "{" or is_list)):
                    raise wrong(f"not JSON ({error.msg})", error.pos) from None
                break
            except _DoubledKeyError as error:
                (key,) = error.args
                again = re.compile(re.escape(json.dumps(key)) + r"\s*:").finditer(text, start)
                at = next(islice((match.start() for match in again), 1, None), start)
                raise wrong(f"the key {printable(key[:40])!r} a second time", at) from None
            except RecursionError:
                raise wrong("JSON nested too deep for a table", start) from None
            if number == 0:
                is_list = mark == "["
            elif mark != ("," if is_list else ""):
                raise wrong("not JSON (expected ',' or ']')", start)
            number += 1
            where, record = f"{self._text.source}, entry {number}", text[start:stop]
            if not isinstance(row, dict):
                raise InputError(f"{where}: expected an object with a {column!r} key")
            if not is_list and number == 1 and row and all(isinstance(value, dict) for value in row.values()):
                raise InputError(f"{where}: an object of columns; expected rows: pandas' to_json(orient='records')")
            check_name(str(row.get(column, "")), column, where)
            if "\\u" in record:
                _check_unicode(row, where)
            yield text[end:start], record, row
            end = stop
        if text[end:].strip() != ("]" if is_list else ""):
            raise wrong("not JSON (more text after its end)", start)
        yield text[end:], "", {}

    def _text_of(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self._is_ascii)

    def _value_of(self, name: str, cell: str) -> str:
        """Return a new cell as JSON has it: null where it is empty, a number, in its own text, where it is one."""
        if not cell:
            return "null"
        return cell if _NUMBER.fullmatch(cell) and not is_text(name) else self._text_of(cell)


def _cells(row: dict[str, Any], names: Sequence[str]) -> Cells:
    return tuple("" if (value := row.get(name)) is None else str(value) for name in names)


def _check_unicode(row: dict[str, Any], where: str) -> None:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InputError(f"{where}: half of a surrogate pair; expected Unicode text") from None


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Return where what *pattern* matches at the position *at* ends."""
    match = pattern.match(text, at)
    return match.end() if match else at


def _members(record: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each member of the object *record*: the match of its start, with what stands before it, and its end."""
    end = 0
    while member := _MEMBER.match(record, end):
        _, value_end = _SCANNER.raw_decode(record, member.end())
        yield member, value_end
        end = _end(_BLANKS, record, value_end)


def _without(record: str, gone: Set[str]) -> str:
    """Return the object *record* without the keys *gone*; the first that is kept takes the place of the first."""
    members = list(_members(record))
    at = start = members[0][0].start("key")
    text = record[:start]
    for match, end in members:
        if json.loads(match["key"]) not in gone:
            text += record[at if len(text) > start else match.start("key") : end]
        at = end
    return text + record[at:]


def _layout(record: str) -> tuple[int, int, str, str]:
    """Return where the first and the last member of the object *record* end, what stands between two, and after a key.

    An object of no members is written as json.dumps does.
    """
    first = _MEMBER.match(record)
    if not first:
        return 1, 1, ", ", ": "
    _, end = _SCANNER.raw_decode(record, first.end())
    second = _MEMBER.match(record, _end(_BLANKS, record, end))
    colon = first["colon"]
    between = record[end : second.start("key")] if second else "," + (first["before"] or colon.partition(":")[2])
    return end, len(record[:-1].rstrip(" \t\r\n")), between, colon
