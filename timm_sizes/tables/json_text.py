"""Reading JSON together with where its parts stand in the text, and its numbers as the text that they are."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from timm_sizes.errors import InputError
from timm_sizes.files import printable
from timm_sizes.tables.header import BOM

_SPACE = re.compile(r"[ \t\r\n]*")
_LONGEST_NUMBER = 4_000  # characters; more than that Python itself does not read back


class _Number(str):
    """The text of a number, in a list or an object too: 0.10 stays 0.10."""

    __slots__ = ()

    def __new__(cls, text: str) -> _Number:
        if len(text) > _LONGEST_NUMBER:
            raise ValueError(text)
        return str.__new__(cls, text)

    def __repr__(self) -> str:
        return str(self)


class _DoubledKeyError(ValueError):
    """Raised for an object that has a key twice: one of the two values would be lost."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _row(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for key, value in pairs:
        if key in row:
            raise _DoubledKeyError(key)
        row[sys.intern(key)] = value  # the same few keys stand in many rows
    return row


# Numbers, NaN and Infinity among them, are read as their text.
_DECODER = json.JSONDecoder(object_pairs_hook=_row, parse_float=_Number, parse_int=_Number, parse_constant=_Number)
_SCANNER = json.JSONDecoder(parse_float=str, parse_int=str)


def entries(text: str, source: str) -> Iterator[tuple[Any, int, int]]:
    """Yield each entry of the list in *text*, or each object if there is no list, and where it starts and ends."""
    at = _skip(text, len(BOM) if text.startswith(BOM) else 0)
    is_list = text[at] == "["
    if is_list:
        at = _skip(text, at + 1)
    is_over = is_list and text[at : at + 1] == "]"
    while not is_over:
        start = at
        entry, end = _read(text, start, source)
        yield entry, start, end
        at = _skip(text, end)
        if not is_list:
            is_over = text[at : at + 1] != "{"
        elif text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] == "]":
            is_over = True
        else:
            raise _not_json(text, at, source, "expected ',' or ']'")
    if _skip(text, at + is_list) != len(text):
        raise _not_json(text, at + is_list, source, "more text after its end")


def _read(text: str, at: int, source: str) -> tuple[Any, int]:
    """Return the value that starts at the position *at* of *text*, and where it ends."""
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise _not_json(text, error.pos, source, error.msg) from None
    except _DoubledKeyError as error:
        line = _line_of_second(text, at, error.key)
        raise InputError(f"{source}, line {line}: the key {printable(error.key[:40])!r} a second time") from None
    except (RecursionError, ValueError):
        raise InputError(f"{source}: not a table: JSON nested too deep or with a number too long") from None


def _not_json(text: str, at: int, source: str, what: str) -> InputError:
    return InputError(f"{source}, line {_line(text, at)}: not JSON ({what})")


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _line_of_second(text: str, at: int, key: str) -> int:
    """Return the line on which the object at the position *at* of *text* has *key* again; its own for one inside it."""
    starts: list[int] = []
    # What follows an object inside this one has not been read yet, and may be anything.
    with suppress(ValueError, IndexError):
        starts.extend(start for name, start, _ in members(text, at) if name == key)
    return _line(text, starts[1] if len(starts) > 1 else at)


def _skip(text: str, at: int) -> int:
    """Return the first position from *at* on that is no white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def members(text: str, at: int = 0) -> Iterator[tuple[str, int, int]]:
    """Yield the key of each member of the object at the position *at* of *text*, and where it starts and ends."""
    at = _skip(text, at + 1)
    while text[at] != "}":
        start = at
        key, at = _SCANNER.raw_decode(text, at)
        _, at = _SCANNER.raw_decode(text, _skip(text, _skip(text, at) + 1))
        yield key, start, at
        at = _skip(text, at)
        at = _skip(text, at + 1) if text[at] == "," else at


def layout(record: str, first: list[tuple[str, int, int]]) -> tuple[str, str]:
    """Return what stands between the members of *record*, of which the *first* are given, and between key and value."""
    if not first:
        return ", ", ": "
    _, start, end = first[0]
    after_key = _SCANNER.raw_decode(record, start)[1]
    value = _skip(record, _skip(record, after_key) + 1)
    colon = record[after_key:value]
    if len(first) > 1:
        return record[end : first[1][1]], colon
    return "," + (record[1:start] or colon[colon.index(":") + 1 :]), colon
