"""Writing a table in the format that the target's file name extension names.

A table in the format that it had is passed on byte for byte; Parquet and xlsx keep each column's own type. In another
format text becomes values: numbers where a whole column is numbers, nothing where a cell is blank.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from io import BytesIO
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

from timm_sizes.errors import InputError
from timm_sizes.files import check_package, printable
from timm_sizes.tables.binary_table import PACKAGES, BinaryTable
from timm_sizes.tables.columns import is_text
from timm_sizes.tables.csv_table import Columns
from timm_sizes.tables.frame import is_blank, plain_numbers, text_frame, typed
from timm_sizes.tables.json_table import JsonTable
from timm_sizes.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

Chunks = Iterable[str | bytes]

_INDENT = 4  # as timm's scripts write JSON
_MARKUP = re.compile(r"([\\`*\[\]<|])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_XLSX_ROWS = 2**20
_XLSX_CELL = 2**15 - 1
_FORMULA_STARTS = ("=", "#")  # openpyxl takes "=…" for a formula and "#N/A" for an error


def check_format(target: Path, source: str) -> None:
    """Raise InputError unless a table from the file *source* can be written to *target*, by its ending."""
    ending = target.suffix.lower()
    if ending == Path(source).suffix.lower():
        return
    if ending not in _WRITERS:
        raise InputError(f"{target}: unknown ending {ending!r}; there are {', '.join(_WRITERS)}")
    if ending in PACKAGES:
        check_package(PACKAGES[ending], ending[1:])


def convert(
    table: Table, column: str, target: Path, second: Columns, last: Columns, dropped: AbstractSet[int]
) -> Chunks:
    """Return what to write to *target* for *table*, whose names are in *column*, with columns added; see its render().

    In another format than the table's own, the names and the columns of text (of tables.columns) are kept as text even
    if they look like numbers. Raises InputError for what the format cannot hold.
    """
    ending = target.suffix.lower()
    if ending not in _WRITERS or _has_format(table, ending):
        return table.render(second, last, dropped)
    kept = [name for index, name in enumerate(table.columns) if index not in dropped]
    names = [*kept, *second, *last]
    for name in names:
        if names.count(name) > 1:
            shown = printable(name)
            raise InputError(f"{table.source}: two columns are named {shown!r}; only its own format can hold that")
    own = {name: table.column(name) for name in kept}
    text = text_frame({name: own[name] for name in kept[:1]} | dict(second) | own | dict(last))
    if isinstance(table, BinaryTable) and ending == table.ending:
        # Its own columns as they are: text that looks like numbers stays text.
        return _BINARY_WRITERS[ending](values(text, column).assign(**{name: table.frame[name] for name in kept}))
    if table.has_decimal_commas:
        numbers = [name for name in own if not is_text(name) and name != column]
        text = text.assign(**{name: plain_numbers(text[name], decimal_commas=True) for name in numbers})
    return _WRITERS[ending](text, column)


def values(text: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return *text* with numbers where a column is numbers (Int64 or float64) and with nothing for blank cells.

    Columns of text, and the one of names, *column*, stay what they are.
    """
    frame = typed(text, column)
    for name in frame:
        if frame[name].dtype == "float64":
            is_whole = not text[name].str.contains("[.eE]").any()
            frame[name] = frame[name].astype("Int64") if is_whole else frame[name]
        else:
            frame[name] = frame[name].mask(is_blank(frame[name]))
    return frame


def as_csv(frame: pd.DataFrame, separator: str = ",") -> str:
    """Return *frame* as CSV with line feeds."""
    return frame.to_csv(sep=separator, index=False, lineterminator="\n")


def as_json(frame: pd.DataFrame) -> Iterator[str]:
    """Yield *frame* as a JSON list of objects, indented as timm does; an object at a time, for tables are large."""
    start = "["
    for record in _records(frame):
        yield f"{start}\n{indent(json.dumps(record, indent=_INDENT, ensure_ascii=False), ' ' * _INDENT)}"
        start = ","
    yield "[]\n" if frame.empty else "\n]\n"


def as_markdown(text: pd.DataFrame, numbers: Collection[str]) -> Iterator[str]:
    """Yield the lines of *text* as a Markdown table, the columns *numbers* to the right, markup in it harmless."""
    names = [str(name) for name in text]
    yield _markdown_row(names)
    yield f"|{'|'.join('---:' if name in numbers else '---' for name in names)}|\n"
    for row in zip(*(text[name] for name in names), strict=True):
        yield _markdown_row(row)


def _has_format(table: Table, ending: str) -> bool:
    if isinstance(table, BinaryTable):
        return False
    if ending == Path(table.source).suffix.lower():
        return True
    if isinstance(table, JsonTable):
        return ending == (".jsonl" if table.is_lines else ".json")
    return ending == (".tsv" if table.delimiter == "\t" else ".csv")


def _records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    names = [str(name) for name in frame]
    columns = [frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in names]
    for row in zip(*columns, strict=True):
        yield dict(zip(names, row, strict=True))


def _markdown_row(cells: Iterable[str]) -> str:
    escaped = (_MARKUP.sub(r"\\\1", " ".join(cell.split())) for cell in cells)
    return f"| {' | '.join(escaped)} |\n"


def _json_lines(frame: pd.DataFrame) -> Iterator[str]:
    for record in _records(frame):
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()


def _xlsx(frame: pd.DataFrame) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - not everyone has it
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    # Checked before anything is written: openpyxl silently truncates a long cell, and leaves its temporary files behind
    # when it fails half-way.
    _check_xlsx(frame)
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"

    def cell(value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(_FORMULA_STARTS):
            return value
        text = WriteOnlyCell(sheet, value)
        text.data_type = "s"
        return text

    sheet.append([cell(str(name)) for name in frame])
    for record in _records(frame):
        sheet.append([cell(value) for value in record.values()])
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _check_xlsx(frame: pd.DataFrame) -> None:
    """Raise InputError for what a sheet cannot hold."""
    if len(frame) >= _XLSX_ROWS:
        raise InputError(f"xlsx holds {_XLSX_ROWS - 1:,} rows, this table has {len(frame):,}: write .csv or .parquet")
    for name in frame:
        cells = [str(name)] if frame[name].dtype != "str" else [str(name), *frame[name].dropna()]
        if max(map(len, cells)) > _XLSX_CELL:
            raise InputError(
                f"xlsx holds {_XLSX_CELL:,} characters a cell, this table has more: write .csv or .parquet"
            )
        if any(map(_CONTROL.search, cells)):
            raise InputError("xlsx holds no control characters, this table has some: write .csv or .parquet")


def _numbers(text: pd.DataFrame, column: str) -> set[str]:
    frame = typed(text, column)
    return {str(name) for name in frame if frame[name].dtype == "float64"}


_BINARY_WRITERS: dict[str, Callable[[pd.DataFrame], Chunks]] = {
    ".parquet": lambda frame: [_parquet(frame)],
    ".xlsx": lambda frame: [_xlsx(frame)],
}
_WRITERS: dict[str, Callable[[pd.DataFrame, str], Chunks]] = {
    ".csv": lambda text, _: [as_csv(text)],
    ".tsv": lambda text, _: [as_csv(text, "\t")],
    ".json": lambda text, column: as_json(values(text, column)),
    ".jsonl": lambda text, column: _json_lines(values(text, column)),
    ".parquet": lambda text, column: _BINARY_WRITERS[".parquet"](values(text, column)),
    ".xlsx": lambda text, column: _BINARY_WRITERS[".xlsx"](values(text, column)),
    ".md": lambda text, column: as_markdown(text, _numbers(text, column)),
}
