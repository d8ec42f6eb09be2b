"""Reads and writes what a crawl leaves for the rest: SIZES_FILE, a CSV with one row per model that gathers crawls.

Beside SIZES_FILE, in tables/, are kept those tables that came over the network, and the note of the last crawl's.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from timm_sizes.errors import InputError, reason
from timm_sizes.files import write_atomically
from timm_sizes.items import SIZED, UNANSWERED, ModelSize, Status, worth
from timm_sizes.units import MAX_BYTES

COLUMNS = [field.name for field in fields(ModelSize)]

_NUMBERS = [COLUMNS.index(name) for name in ("size_bytes", "params")]
_STATUS, _SIZE = COLUMNS.index("status"), COLUMNS.index("size_bytes")
_VALUES = attrgetter(*COLUMNS[1:])
_REPO_ID = COLUMNS.index("repo_id")
# Columns of earlier versions, dropped when the file is written.
_FORMER_COLUMNS = {"other_weights"}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class Sizes(Mapping[str, ModelSize]):
    """The rows of a sizes file by model, checked as a whole; a row becomes an item when it is asked for.

    ``rows`` have the cells of COLUMNS, then those of ``other_columns``, which this version does not know.
    """

    def __init__(self, rows: dict[str, list[str]] | None = None, other_columns: Sequence[str] = ()) -> None:
        self.rows = rows or {}
        self.other_columns = list(other_columns)

    @classmethod
    def of(cls, items: Iterable[ModelSize]) -> Self:
        """Return the rows of a sizes file with these *items*."""
        return cls({item.model: _cells(item) for item in items})

    def __getitem__(self, model: str) -> ModelSize:
        cells: list[Any] = self.rows[model][: len(COLUMNS)]
        cells[0], cells[_STATUS] = model, Status(cells[_STATUS])
        for position in _NUMBERS:
            cells[position] = int(cells[position]) if cells[position] else None
        return ModelSize(*cells)

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def of_repo(self, repo_id: str) -> list[ModelSize]:
        """Return the items of all models that share the repo *repo_id*."""
        return [self[model] for model in self._by_repo.get(repo_id, ())]

    @cached_property
    def _by_repo(self) -> dict[str, list[str]]:
        models: dict[str, list[str]] = {}
        for model, cells in self.rows.items():
            models.setdefault(cells[_REPO_ID], []).append(model)
        return models


def read_sizes(path: Path) -> Sizes:
    """Return the rows of the sizes file at *path* by model; none if there is no such file.

    A column that the file lacks has its default in every item. Raises InputError, naming row and column, for a cell
    that makes no sense there, and for another kind of file, so that it is neither misread nor overwritten.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Sizes()
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; expected a sizes file of an earlier crawl") from None
    except OSError as error:
        raise InputError(f"{path}: {reason(error)}; expected a sizes file") from None
    return _parse(text, path) if text else Sizes()


def update_sizes(path: Path, new: Iterable[ModelSize]) -> None:
    """Gather the *new* items, each as ``keepable`` gives it, into the sizes file at *path*.

    It is the old file or the new one, whatever happens; a symbolic link there stays one. Raises OSError when it cannot
    be written, InputError as read_sizes does.
    """
    sizes = read_sizes(path)
    for model, item in gather(sizes, new).items():
        others = sizes.rows[model][len(COLUMNS) :] if model in sizes else [""] * len(sizes.other_columns)
        sizes.rows[model] = [*_cells(item), *others]
    lines: list[str] = []
    # csv quotes a cell for the characters of its line end alone: with "\n" a bare "\r" would break the row when read.
    writer = csv.writer(SimpleNamespace(write=lines.append))
    writer.writerow([*COLUMNS, *sizes.other_columns])
    writer.writerows(cells for _, cells in sorted(sizes.rows.items()))
    write_atomically(path, ["".join([f"{line[:-2]}\n" for line in lines])])


def gather(old: Mapping[str, ModelSize], new: Iterable[ModelSize]) -> dict[str, ModelSize]:
    """Return those of the *new* items that take the place of the *old* ones, or have none to replace.

    What is worth more stays; an item that says the same as before keeps its date, so that a repeat changes no byte.
    """
    gathered: dict[str, ModelSize] = {}
    for item in new:
        before = gathered.get(item.model) or old.get(item.model)
        if before is None or not _is_kept(before, item):
            gathered[item.model] = item
    return gathered


def keepable(item: ModelSize) -> ModelSize:
    """Return *item* if a sizes file can hold it, else the error that takes its place, so that it costs no other row."""
    cells = _cells(item)
    try:
        "".join(cells).encode()
        fits = all(len(cell) <= csv.field_size_limit() for cell in cells)
    except UnicodeEncodeError:
        fits = False
    if fits and all(_is_whole_number(cells[position]) for position in _NUMBERS) and _agrees(item.status, cells[_SIZE]):
        return item
    return ModelSize(item.model, item.repo_id, Status.ERROR, "too large or malformed to store")


def kept_path(sizes_file: Path, name: str) -> Path:
    """Return where a table that came over the network or by standard input is kept, under the file *name*."""
    return sizes_file.parent / "tables" / name


def keep_table(path: Path, data: bytes) -> None:
    """Write the table *data*, as it came, to *path* (of kept_path). Raises InputError where that fails."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, [data])
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; SIZES_FILE is to be written beside it") from None


def keep_record(sizes_file: Path, tables: Iterable[Path], column: str) -> None:
    """Write down which *tables* and name *column* a crawl was seeded from. Raises as keep_table does."""
    record = {"tables": [str(path.resolve()) for path in tables], "column": column}
    keep_table(_record_path(sizes_file), json.dumps(record, indent=1).encode() + b"\n")


def read_record(sizes_file: Path) -> tuple[list[str], str]:
    """Return the tables and the name column of the last crawl into *sizes_file*; InputError if there was none."""
    path = _record_path(sizes_file)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return [str(table) for table in record["tables"]], str(record["column"])
    except (OSError, ValueError, LookupError, TypeError):
        raise InputError(f"no crawl into {sizes_file} yet: name the table to merge") from None


def _is_kept(before: ModelSize, item: ModelSize) -> bool:
    """Return whether *before* stays although *item* is newer."""
    if replace(item, fetched_at=before.fetched_at) == before:
        return True
    is_answer = item.status not in UNANSWERED and (bool(item.fetched_at) or item.source == "local")
    if item.status not in SIZED and not is_answer:
        return before.status in SIZED or worth(item) < worth(before)
    if item.repo_id != before.repo_id or worth(item) >= worth(before):
        return False
    if item.status in SIZED:
        return not item.sha or not before.sha or item.sha == before.sha
    # The Hub may lose a repo, but not a file at a commit.
    return bool(item.sha) and item.sha == before.sha


def _parse(text: str, path: Path) -> Sizes:
    try:
        header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise InputError(f"{path}: not a sizes file ({error})") from None
    if not {"model", "status", "size_bytes"} <= set(header) or len(set(header)) < len(header):
        raise InputError(f"{path}, {_why_not(text)}")
    for number, cells in enumerate(rows, start=2):
        if len(cells) != len(header):
            found = f"row {number}: expected {len(header)} cells, found {len(cells)}"
            raise InputError(f"{path}, {_conflict(text) or found}")
    others = [name for name in header if name not in COLUMNS and name not in _FORMER_COLUMNS]
    columns = dict(zip(header, zip(*rows, strict=True), strict=True)) if rows else {}
    for name, (is_valid, expected) in _CHECKS.items():
        if not all(map(is_valid, columns.get(name, ()))):
            number, cell = next(each for each in enumerate(columns[name], start=2) if not is_valid(each[1]))
            raise InputError(f"{path}, row {number}, column {name}: {cell[:40]!a}; expected {expected}")
    pairs = zip(columns.get("status", ()), columns.get("size_bytes", ()), strict=True)
    if number := next((number for number, pair in enumerate(pairs, start=2) if not _agrees(*pair)), 0):
        raise InputError(f"{path}, row {number}: the status says that there is a size; expected one above 0")
    models = list(map(_unguarded, columns.get("model", ())))
    if header != [*COLUMNS, *others]:
        defaults = [""] * len(rows)
        rows = list(map(list, zip(*(columns.get(name, defaults) for name in [*COLUMNS, *others]), strict=True)))
    by_model = dict(zip(models, rows, strict=True))
    if len(by_model) < len(models):
        number, model = next(each for each in enumerate(models, start=2) if each[1] in models[: each[0] - 2])
        raise InputError(f"{path}, row {number}: {model[:40]!a} has a row above; expected one row per model")
    return Sizes(by_model, others)


def _why_not(text: str) -> str:
    """Return what is wrong with the header of a file that may have been a sizes file."""
    header = text.partition("\n")[0]
    if header.startswith("\ufeff"):
        return "line 1: a byte order mark; save the file as UTF-8 without one"
    if header.count(";") > header.count(","):
        return "line 1: cells separated by ';'; expected ','"
    return _conflict(text) or f"line 1: not a sizes file; expected the columns {','.join(COLUMNS)}"


def _conflict(text: str) -> str:
    """Return where a merge by git has left its marks in *text*, "" if nowhere."""
    marks = (number for number, line in enumerate(text.split("\n"), 1) if line.startswith(("<<<<<<<", ">>>>>>>")))
    number = next(marks, 0)
    return f"line {number}: a conflict marker; resolve the conflict first" if number else ""


def _is_whole_number(cell: str) -> bool:
    return not cell or (cell.isascii() and cell.isdecimal() and len(cell) <= 16 and int(cell) <= MAX_BYTES)


def _agrees(status: str, size_bytes: str) -> bool:
    """Return whether a row of this *status* may have this size: what is sized has one."""
    return status not in SIZED or size_bytes.strip("0") != ""


# What the cells of a column may be; those of all others are text.
_CHECKS: dict[str, tuple[Callable[[str], bool], str]] = {
    "status": (frozenset(Status).__contains__, f"one of {', '.join(Status)}"),
    "size_bytes": (_is_whole_number, "a whole number of bytes, or nothing"),
    "params": (_is_whole_number, "a whole number, or nothing"),
}


def _cells(item: ModelSize) -> list[str]:
    return [_guarded(item.model), *("" if value is None else str(value) for value in _VALUES(item))]


def _guarded(name: str) -> str:
    """Return *name* so that no spreadsheet runs it: a table from a stranger may hold ``=HYPERLINK(…)`` as a model."""
    return f"'{name}" if name.lstrip("'").startswith(_FORMULA_STARTS) else name


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA_STARTS) else cell


def _record_path(sizes_file: Path) -> Path:
    # No table is kept under a name that starts with a dot.
    return kept_path(sizes_file, ".last_crawl.json")
