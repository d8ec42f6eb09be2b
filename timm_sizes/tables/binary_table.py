"""Parquet files and xlsx sheets as tables: their cells are read as text, and kept as they are for their own format."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar
from zipfile import BadZipFile, ZipFile

from timm_sizes.errors import InputError
from timm_sizes.files import check_package, printable
from timm_sizes.tables.csv_table import Columns
from timm_sizes.tables.header import check_count, no_column

if TYPE_CHECKING:
    import pandas as pd

PARQUET, XLSX = ".parquet", ".xlsx"
PACKAGES = {PARQUET: "pyarrow", XLSX: "openpyxl"}
_STARTS = {PARQUET: b"PAR1", XLSX: b"PK\x03\x04"}


@dataclass(frozen=True)
class BinaryTable:
    """A table of an ``ending``, .parquet or .xlsx: its ``frame`` has each column in its own type, None for no value."""

    source: str
    ending: str
    frame: pd.DataFrame
    columns: list[str]
    _cells: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)
    has_decimal_commas: ClassVar[bool] = False

    def __len__(self) -> int:
        return len(self.frame)

    def column(self, name: str) -> list[str]:
        """Return the text of the column *name*, one of ``columns``, a cell a row; "" where there is no value."""
        if name not in self._cells:
            values = self.frame[name].astype(object)
            pairs = zip(values, values.isna(), strict=True)
            self._cells[name] = ["" if is_missing else str(value) for value, is_missing in pairs]
        return self._cells[name]

    def render(self, second: Columns, last: Columns, dropped: AbstractSet[int]) -> Iterator[str]:
        """Yield the table as CSV, for there is no text that it was read from; columns as CsvTable.render has them."""
        from timm_sizes.tables.frame import text_frame  # noqa: PLC0415 - pandas is heavy

        kept = [name for index, name in enumerate(self.columns) if index not in dropped]
        own = {name: self.column(name) for name in kept}
        cells = {name: own[name] for name in kept[:1]} | dict(second) | own | dict(last)
        yield text_frame(cells).to_csv(index=False, lineterminator="\n")


def binary_ending(data: bytes) -> str:
    """Return the ending of the format that *data* is in, .parquet or .xlsx; "" for another one, which is text."""
    return next((ending for ending, start in _STARTS.items() if data.startswith(start)), "")


def parse_binary(data: bytes, ending: str, source: str, column: str, at_most: int) -> BinaryTable:
    """Return the table in *data*, whose format has this *ending*, with its *column* of names.

    Raises InputError, naming *source*, for what is no such table, for one that would be larger than *at_most* bytes,
    and where the package is missing that reads it.
    """
    check_package(PACKAGES[ending], f"{source}: {ending[1:]}")
    try:
        frame = (_read_parquet if ending == PARQUET else _read_xlsx)(data, source, at_most)
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - a damaged file can raise anything in the packages
        why = printable(" ".join(str(error).split()))[:200]
        raise InputError(f"{source}: not {ending[1:]} ({why or type(error).__name__})") from None
    columns = [str(name) for name in frame]
    if column not in columns:
        raise no_column(column, columns, source)
    return BinaryTable(source, ending, frame, columns)


def _read_parquet(data: bytes, source: str, at_most: int) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - pandas and pyarrow are heavy
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    schema = ParquetFile(BytesIO(data)).metadata
    size = sum(schema.row_group(number).total_byte_size for number in range(schema.num_row_groups))
    _check_size(max(size, schema.num_rows * schema.num_columns), source, at_most)
    check_count(schema.num_columns, source)
    # Arrow's own types: a whole number stays one beside a missing value, and beyond 2^53.
    frame = pd.read_parquet(BytesIO(data), engine="pyarrow", dtype_backend="pyarrow").reset_index(drop=True)
    frame.columns = _names(list(frame), source)
    return frame


def _read_xlsx(data: bytes, source: str, at_most: int) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - pandas and openpyxl are heavy
    from openpyxl import load_workbook  # noqa: PLC0415

    try:
        _check_size(sum(part.file_size for part in ZipFile(BytesIO(data)).infolist()), source, at_most)
    except BadZipFile as error:
        raise InputError(f"{source}: not xlsx ({error})") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on styles, which are of no interest here
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)] if book.worksheets else []
    book.close()
    rows = [row for row in rows if any(cell is not None for cell in row)]
    if not rows:
        raise InputError(f"{source}: empty; expected a table with a header line")
    while rows[0] and rows[0][-1] is None:
        rows[0].pop()
    names = _names(rows[0], source)
    width = len(names)
    for number, row in enumerate(rows[1:], start=1):
        if any(cell is not None for cell in row[width:]):
            raise InputError(f"{source}, row {number}: expected {width} cells as in the header, found more")
    padded = [(row + [None] * width)[:width] for row in rows[1:]]
    return pd.DataFrame(padded, columns=names, dtype=object)


def _names(header: Sequence[Any], source: str) -> list[str]:
    names = ["" if name is None else str(name) for name in header]
    check_count(len(names), source)
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{source}: two columns are named {printable(name)!r}")
    return names


def _check_size(size: int, source: str, at_most: int) -> None:
    if size > at_most:
        raise InputError(f"{source}: larger than {at_most // 2**20} MiB when unpacked; no benchmark table is")
