"""What a crawl leaves for the rest: SIZES_FILE, a CSV with a row a model that gathers several crawls, and the tables.

Beside SIZES_FILE, in tables/, are kept those tables that came over the network, and the note of the last crawl's.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from timm_sizes.errors import InputError
from timm_sizes.files import write_atomically
from timm_sizes.items import SIZED, ModelSize, Status, worth
from timm_sizes.units import MAX_BYTES

COLUMNS = [field.name for field in fields(ModelSize)]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass
class _Content:
    """A sizes file as it was read: its items by model, and the cells of columns that this version does not know."""

    items: dict[str, ModelSize] = field(default_factory=dict)
    other_columns: list[str] = field(default_factory=list)
    other_cells: dict[str, list[str]] = field(default_factory=dict)


def read_sizes(path: Path) -> dict[str, ModelSize]:
    """Return the items of the sizes file at *path* by model; none if there is no such file.

    A column that the file lacks has its default in every item. Raises InputError, naming row and column, for a cell
    that makes no sense there, and for another kind of file, so that it is neither misread nor overwritten.
    """
    return _read(path).items


def update_sizes(path: Path, new: Iterable[ModelSize]) -> dict[str, ModelSize]:
    """Gather the *new* items into the sizes file at *path* and return all that it then holds.

    It is the old file or the new one, whatever happens, and what was written is read back before it takes the old
    one's place. An item that would not be read as it was written becomes an error, so that it cannot cost the others.
    Raises OSError when it cannot be written, InputError as read_sizes does.
    """
    old = _read(path)
    gathered = _Content(gather(old.items, map(_readable, new)), old.other_columns, old.other_cells)
    text = "".join(_lines(gathered))
    if _parse(text, path).items != gathered.items:
        raise InputError(f"{path}: what was to be written reads back differently")
    write_atomically(path, [text])
    return gathered.items


def gather(old: dict[str, ModelSize], new: Iterable[ModelSize]) -> dict[str, ModelSize]:
    """Return the *old* items with the *new* ones put in: those of other names stay, and so does what is worth more.

    An item that says the same as before keeps its date, so that asking again changes no byte.
    """
    items = dict(old)
    for item in new:
        before = items.get(item.model)
        if before is None or not _is_kept(before, item):
            items[item.model] = item
    return items


def kept_path(sizes_file: Path, name: str) -> Path:
    """Return where a table that came over the network or by standard input is kept, under the file *name*."""
    return sizes_file.parent / "tables" / name


def keep_table(path: Path, data: bytes) -> None:
    """Write the table *data*, as it came, to *path* (of kept_path). Raises OSError."""
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, [data])


def table_record(sizes_file: Path, tables: Iterable[Path], column: str) -> tuple[Path, bytes]:
    """Return the note of which *tables* and name *column* a crawl was seeded from, and where it is to be kept."""
    record = {"tables": [str(path.resolve()) for path in tables], "column": column}
    return _record_path(sizes_file), json.dumps(record, indent=1).encode() + b"\n"


def read_record(sizes_file: Path) -> tuple[list[str], str]:
    """Return the tables and the name column of the last crawl into *sizes_file*; InputError if there was none."""
    path = _record_path(sizes_file)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return [str(table) for table in record["tables"]], str(record["column"])
    except (OSError, ValueError, LookupError, TypeError):
        raise InputError(f"no crawl into {sizes_file} yet: name the table to merge") from None


def _is_kept(before: ModelSize, item: ModelSize) -> bool:
    if replace(before, fetched_at="") == replace(item, fetched_at=""):
        return True
    if not _is_answer(item):
        # What nobody said takes the place of nothing that somebody did, but of a failure.
        return worth(item) < worth(before) or (_is_answer(before) and before.status != Status.ERROR)
    if item.repo_id != before.repo_id or worth(item) >= worth(before):
        return False
    if item.status not in SIZED:
        # The Hub may lose a repo, but not a file at a commit.
        return bool(item.sha) and item.sha == before.sha
    return not item.sha or not before.sha or item.sha == before.sha


def _is_answer(item: ModelSize) -> bool:
    """Tell whether the Hub or the disk said what *item* says, not the catalogue or a failure."""
    was_asked = item.source not in ("", "catalogue") and item.status != Status.ERROR
    return was_asked and (bool(item.fetched_at) or item.source == "local")


def _readable(item: ModelSize) -> ModelSize:
    with suppress(InputError, UnicodeError):
        written = (_line(COLUMNS) + _line(_cells(item))).encode()
        if _parse(written.decode(), Path()).items == {item.model: item}:
            return item
    return ModelSize(item.model, item.repo_id, Status.ERROR, "what came is too large or too odd to be kept")


def _read(path: Path) -> _Content:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return _Content()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; expected a sizes file of an earlier crawl") from None
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}; expected a sizes file") from None
    return _parse(text, path)


def _parse(text: str, path: Path) -> _Content:
    content = _Content()
    if not text:
        return content
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if not {"model", "status", "size_bytes"} <= set(header) or len(set(header)) < len(header):
            raise InputError(f"{path}, line 1: not a sizes file; expected the columns {','.join(COLUMNS)}")
        content.other_columns = [name for name in header if name not in COLUMNS]
        for number, cells in enumerate(reader, start=2):
            if len(cells) != len(header):
                raise InputError(f"{path}, row {number}: expected {len(header)} cells, found {len(cells)}")
            row = dict(zip(header, cells, strict=True))
            item = _item(row, f"{path}, row {number}")
            if item.model in content.items:
                raise InputError(f"{path}, row {number}: {item.model[:40]!a} has a row above; expected one a model")
            content.items[item.model] = item
            content.other_cells[item.model] = [row[name] for name in content.other_columns]
    except csv.Error as error:
        raise InputError(f"{path}: not a sizes file ({error})") from None
    return content


def _item(row: dict[str, str], place: str) -> ModelSize:
    values: dict[str, Any] = {name: cell for name, cell in row.items() if name in COLUMNS}
    for name, (read, expected) in _READERS.items():
        if name in values:
            try:
                values[name] = read(values[name])
            except ValueError:
                shown = ascii(values[name][:40])
                raise InputError(f"{place}, column {name}: {shown}; expected {expected}") from None
    return ModelSize(**values)


def _whole_number(cell: str) -> int | None:
    if not cell:
        return None
    if not (cell.isascii() and cell.isdecimal()) or len(cell) > 16 or int(cell) > MAX_BYTES:
        raise ValueError(cell)
    return int(cell)


def _weights(cell: str) -> dict[str, int | str]:
    try:
        sizes = json.loads(cell or "{}")
    except RecursionError:
        raise ValueError(cell) from None
    if not isinstance(sizes, dict) or not all(_is_size(size) for size in sizes.values()):
        raise ValueError(cell)
    return sizes


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_BYTES


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA_STARTS) else cell


# How the cells of a column become a value; of all others, they are the text itself.
_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "model": (_unguarded, "a model's name"),
    "status": (Status, f"one of {', '.join(Status)}"),
    "size_bytes": (_whole_number, "a whole number of bytes, or nothing"),
    "other_weights": (_weights, "a JSON object of file sizes in bytes"),
    "params": (_whole_number, "a whole number, or nothing"),
}


def _lines(content: _Content) -> Iterator[str]:
    yield _line([*COLUMNS, *content.other_columns])
    for model, item in sorted(content.items.items()):
        yield _line([*_cells(item), *content.other_cells.get(model, [""] * len(content.other_columns))])


def _cells(item: ModelSize) -> list[str]:
    return list(({name: _cell(getattr(item, name)) for name in COLUMNS} | {"model": _guarded(item.model)}).values())


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True) if value else ""
    return "" if value is None else str(value)


def _line(cells: list[str]) -> str:
    # csv quotes a cell for the characters of its line end alone: with "\n" a bare "\r" would break the row when read.
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _guarded(name: str) -> str:
    """Return *name* so that no spreadsheet runs it: a table from a stranger may hold ``=HYPERLINK(…)`` as a model."""
    return f"'{name}" if name.lstrip("'").startswith(_FORMULA_STARTS) else name


def _record_path(sizes_file: Path) -> Path:
    # No table is kept under a name that starts with a dot.
    return kept_path(sizes_file, ".last_crawl.json")
