"""What a crawl leaves for the merge beside SIZES_FILE: tables that were fetched, and which ones it was seeded from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from timm_sizes.errors import InputError
from timm_sizes.files import write_atomically


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


def _record_path(sizes_file: Path) -> Path:
    return kept_path(sizes_file, "last_crawl.json")
