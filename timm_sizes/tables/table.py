"""Reading a benchmark table: CSV, TSV and the like, JSON, JSON lines or Parquet, whatever its file's name says."""

from __future__ import annotations

import shutil
import sys
from contextlib import nullcontext
from io import BytesIO
from pathlib import Path
from tempfile import SpooledTemporaryFile

from timm_sizes.errors import InputError, reason
from timm_sizes.files import is_special
from timm_sizes.names.resolve import CHECKPOINT_PREFIX
from timm_sizes.tables.base import BOM, MAX_HELD_BYTES, MAX_NAME, Table, TableText
from timm_sizes.tables.csv_table import CsvTable
from timm_sizes.tables.json_table import JsonTable
from timm_sizes.tables.parquet_table import MAGIC, ParquetTable

DEFAULT_COLUMN = "model"
CHECKPOINT_COLUMN = "checkpoint"  # timm's validate.py writes it: the local file that the row was measured with
STDIN = "-"

_SPOOLED = 2**24  # bytes of standard input that are held in memory
_NO_TABLES = {b"PK\x03\x04": "a spreadsheet (.xlsx)", b"\x1f\x8b": "a compressed file"}


def read_table(path: str, column: str = DEFAULT_COLUMN) -> Table:
    """Return the table at *path* ("-" for standard input), which has to have the *column* of names.

    Its rows are read, and checked, when they are asked for. Raises InputError, naming file, line and what was expected,
    for anything that is no table.
    """
    return _table(_text(path), column)


def read_bytes(path: str) -> bytes:
    """Return what is at *path* ("-" for standard input), at most a little more than MAX_HELD_BYTES of it.

    Raises InputError when it cannot be read.
    """
    with _text(path).open() as file:
        return file.read(MAX_HELD_BYTES + 1)


def source_name(path: str) -> str:
    """Return how messages name the table at *path*."""
    return "standard input" if path == STDIN else path


def parse_table(data: bytes, source: str, column: str = DEFAULT_COLUMN) -> Table:
    """Return the table in *data*, as read_table does that in a file; *source* names it in messages."""
    text = TableText(source, BytesIO(data))
    text.check_size()
    return _table(text, column)


def table_ending(data: bytes) -> str:
    """Return the ending for a file with the table *data* in it: .json, .parquet, and else .csv."""
    if data.startswith(MAGIC):
        return ParquetTable.ending
    return ".json" if _is_json(data) else ".csv"


def table_names(table: Table, column: str) -> list[str]:
    """Return the names in *table*: each once, in the table's order, rows without a name left out."""
    reads = [name for name in (column, CHECKPOINT_COLUMN) if name in table.columns]
    names = (row_name(table.source, *cells) for cells in dict.fromkeys(table.rows(reads)))
    return [name for name in dict.fromkeys(names) if name]


def row_name(source: str, model: str, checkpoint: str = "") -> str:
    """Return what a row is sized as: its *model*, or the local *checkpoint* that it was measured with.

    A relative path counts from the folder of the table, *source*.
    """
    if not checkpoint or len(checkpoint) > MAX_NAME:  # no system has a longer path
        return model.strip()
    return f"{CHECKPOINT_PREFIX}{Path(source).absolute().parent / checkpoint}"


def _text(path: str) -> TableText:
    source = source_name(path)
    if path != STDIN and not is_special(Path(path)):
        return TableText(source, Path(path))
    spool = SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115 - the table is read from it, several times
    try:
        with nullcontext(sys.stdin.buffer) if path == STDIN else Path(path).open("rb") as file:
            shutil.copyfileobj(file, spool)
    except OSError as error:
        raise InputError(f"{source}: {reason(error)}") from None
    return TableText(source, spool)


def _table(text: TableText, column: str) -> Table:
    start = text.start
    if not start.strip():
        raise InputError(f"{text.source}: empty; expected a table with a header line")
    for magic, what in _NO_TABLES.items():
        if start.startswith(magic):
            raise InputError(f"{text.source}: {what}; expected CSV, JSON or Parquet: open it and save it as CSV")
    if start.startswith(MAGIC):
        return ParquetTable(text, column)
    return (JsonTable if _is_json(start) else CsvTable)(text, column)


def _is_json(start: bytes) -> bool:
    return start.removeprefix(BOM.encode()).lstrip()[:1] in (b"[", b"{")
