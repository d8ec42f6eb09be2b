"""Reading a benchmark table (CSV, TSV, JSON, JSON lines, Parquet or xlsx): once; any column is available afterwards.

A table has ``columns`` (names), ``column(name)`` (that column's text, a cell a row), ``has_decimal_commas`` and
``render(second, last, dropped)`` (its text with columns added, nothing else changed).
"""

from __future__ import annotations

import sys
from pathlib import Path

from timm_sizes.errors import InputError
from timm_sizes.names.resolve import CHECKPOINT_PREFIX
from timm_sizes.tables.binary_table import BinaryTable, binary_ending, parse_binary
from timm_sizes.tables.csv_table import CsvTable, parse_csv
from timm_sizes.tables.header import BOM
from timm_sizes.tables.json_table import JsonTable, parse_json

Table = CsvTable | JsonTable | BinaryTable

DEFAULT_COLUMN = "model"
CHECKPOINT_COLUMN = "checkpoint"  # timm's validate.py writes it: the local file that the row was measured with
STDIN = "-"

# Limits for tables from strangers: timm's largest has 1,629 rows and 160 kB.
MAX_TABLE_BYTES = 2**29
MAX_NAME = 4_096  # characters


def read_table(path: str, column: str = DEFAULT_COLUMN) -> Table:
    """Read the table at *path* ("-" for standard input), which has to have the *column* of names.

    Its content says the format, not its name. Raises InputError, naming file, line and what was expected, for anything
    that is no table.
    """
    return parse_table(read_bytes(path), source_name(path), column)


def read_bytes(path: str) -> bytes:
    """Return what is at *path* ("-" for standard input), at most a little more than MAX_TABLE_BYTES of it.

    Raises InputError when it cannot be read.
    """
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(MAX_TABLE_BYTES + 1)
        with Path(path).open("rb") as file:
            return file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{source_name(path)}: {reason}; expected a CSV or JSON table") from None


def source_name(path: str) -> str:
    """Return how messages name the table at *path*."""
    return "standard input" if path == STDIN else path


def parse_table(data: bytes, source: str, column: str = DEFAULT_COLUMN) -> Table:
    """Read a table from *data*, as read_table does from a file; *source* names it in messages."""
    table = _parse(data, source, column)
    for number, name in enumerate(table.column(column), start=1):
        if len(name) > MAX_NAME:
            raise InputError(f"{source}, row {number}: a {column} of {len(name):,} characters; expected a model name")
    return table


def table_ending(data: bytes) -> str:
    """Return the ending for a file with the table *data* in it: .json, .parquet, .xlsx, and else .csv."""
    return binary_ending(data) or (".json" if _is_json(data[:1_000].decode(errors="replace")) else ".csv")


def table_names(table: Table, column: str) -> list[str]:
    """Return the names in *table*: each once, in the table's order, rows without a name left out."""
    return [name for name in dict.fromkeys(row_names(table, column)) if name.strip()]


def row_names(table: Table, column: str) -> list[str]:
    """Return what each row of *table* is sized as: its model, or the local checkpoint that it was measured with."""
    models = table.column(column)
    if CHECKPOINT_COLUMN not in table.columns:
        return models
    paths = table.column(CHECKPOINT_COLUMN)
    return [f"{CHECKPOINT_PREFIX}{path}" if path else model for model, path in zip(models, paths, strict=True)]


def _parse(data: bytes, source: str, column: str) -> Table:
    if len(data) > MAX_TABLE_BYTES:
        raise InputError(f"{source}: larger than {MAX_TABLE_BYTES // 2**20} MiB; no benchmark table is")
    if ending := binary_ending(data):
        return parse_binary(data, ending, source, column, MAX_TABLE_BYTES)
    text = _decode(data, source)
    del data  # a large table is not needed twice
    return (parse_json if _is_json(text) else parse_csv)(text, source, column)


def _is_json(text: str) -> bool:
    return text[:1_000].lstrip(BOM + " \t\r\n")[:1] in ("[", "{")


def _decode(data: bytes, source: str) -> str:
    if not data.strip():
        raise InputError(f"{source}: empty; expected a table with a header line")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{source}: UTF-16 text; expected UTF-8")
    if (at := data.find(b"\0")) >= 0:
        raise InputError(f"{source}, line {_line_of(data, at)}: a NUL byte; expected a text table, not a binary file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_of(data, error.start)
        raise InputError(f"{source}, line {line}: not UTF-8 text; expected a CSV or JSON table") from None


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
