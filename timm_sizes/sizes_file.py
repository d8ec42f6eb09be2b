"""What a crawl leaves for the rest: SIZES_FILE, a CSV with a row a model that gathers several crawls, and the tables.

Beside SIZES_FILE, in tables/, are kept those tables that came over the network, and the note of the last crawl's.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path

from itemadapter import ItemAdapter

from timm_sizes.errors import InputError
from timm_sizes.files import write_atomically
from timm_sizes.items import SIZED, ModelSize, Status

COLUMNS = [field.name for field in fields(ModelSize)]

Row = dict[str, str]  # a cell's text by column

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def as_row(item: ModelSize) -> Row:
    """Return *item* as the cells of its row: empty where nothing is known, other_weights as JSON."""
    return {name: _cell(value) for name, value in ItemAdapter(item).items()}


def read_sizes(path: Path) -> dict[str, Row]:
    """Return the rows of the sizes file at *path* by model; none if there is no such file.

    Raises InputError when it is another kind of file, so that it is neither misread nor overwritten.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return _read(csv.reader(file, strict=True), path)
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text; expected a sizes file of an earlier crawl") from None
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or str(error)).lower()}; expected a sizes file") from None


def write_sizes(path: Path, rows: Iterable[Row]) -> None:
    """Write *rows*, sorted by model, to *path*: the old file or the new one, whatever happens. Raises OSError."""
    ordered = sorted(rows, key=lambda row: row["model"])
    write_atomically(path, _lines(ordered))


def gather(old: dict[str, Row], new: Iterable[Row]) -> dict[str, Row]:
    """Return the *old* rows with the *new* ones put in: those of other names stay, and so does what is better.

    - A row that says the same as before keeps its date, so that asking again changes no byte.
    - A failed question (``error``) does not take a size away.
    - An estimate does not replace what the Hub or the disk said.
    """
    rows = dict(old)
    for row in new:
        before = rows.get(row["model"])
        if before is None or not _is_kept(before, row):
            rows[row["model"]] = row
    return rows


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


def _is_kept(before: Row, row: Row) -> bool:
    same = {**before, "fetched_at": ""} == {**row, "fetched_at": ""}
    failed = row["status"] == Status.ERROR and before["status"] in SIZED
    guessed = row["source"] == "catalogue" and before["source"] not in ("", "catalogue")
    return same or failed or guessed


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True) if value else ""
    return "" if value is None else str(value)


def _read(reader: Iterator[list[str]], path: Path) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1:
                if cells != COLUMNS:
                    raise InputError(f"{path}, line 1: not a sizes file; expected the columns {','.join(COLUMNS)}")
            elif len(cells) != len(COLUMNS):
                raise InputError(f"{path}, row {number}: expected {len(COLUMNS)} cells, found {len(cells)}")
            else:
                row = dict(zip(COLUMNS, cells, strict=True))
                row["model"] = _unguarded(row["model"])
                rows[row["model"]] = row
    except csv.Error as error:
        raise InputError(f"{path}: not a sizes file ({error})") from None
    return rows


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    yield _line(COLUMNS)
    for row in rows:
        guarded = {**row, "model": _guarded(row["model"])}
        yield _line([guarded[name] for name in COLUMNS])


def _line(cells: list[str]) -> str:
    # csv quotes a cell for the characters of its line end alone: with "\n" a bare "\r" would break the row when read.
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)
    return buffer.getvalue().removesuffix("\r\n") + "\n"


def _guarded(name: str) -> str:
    """Return *name* so that no spreadsheet runs it: a table from a stranger may hold ``=HYPERLINK(…)`` as a model."""
    return f"'{name}" if name.lstrip("'").startswith(_FORMULA_STARTS) else name


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(_FORMULA_STARTS) else cell


def _record_path(sizes_file: Path) -> Path:
    return kept_path(sizes_file, "last_crawl.json")
