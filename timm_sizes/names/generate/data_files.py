"""Reads and writes the files in names/data."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from timm_sizes.files import write_atomically
from timm_sizes.names import data

FOLDER = Path(data.__file__).parent


def read_rows(filename: str) -> list[dict[str, str]]:
    """Return the rows of one of our files, none if it is not there yet."""
    path = FOLDER / filename
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(filename: str, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write *rows*, sorted by their first column, and put the file in place only when it is whole."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row[columns[0]]))
    write_atomically(FOLDER / filename, [text.getvalue()])
