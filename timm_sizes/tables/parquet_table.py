"""Parquet files as tables: pyarrow reads and writes them, with each column in its own type and all metadata kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

from timm_sizes.errors import InputError
from timm_sizes.files import check_package, printable
from timm_sizes.tables.base import Additions, Cells, Seen, Table, TableText, check_columns, check_name

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = b"PAR1"
# A file of 200 kB may say that it has billions of cells; timm's largest table has 30,000.
_MOST_CELLS = 2**24
_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")  # as pandas stores it


class ParquetTable(Table):
    """A Parquet file; an index of pandas that has a name is a column like any other."""

    ending = ".parquet"

    def __init__(self, text: TableText, column: str) -> None:
        """Read the file *text*, which has the *column* of names; InputError for anything else."""
        super().__init__(text, column)
        self._table = _read(text)
        names = [name for name in self._table.column_names if not _UNNAMED_INDEX.fullmatch(name)]
        self.columns = names
        check_columns(names, column, text.source)
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"{text.source}: two columns are named {printable(name)!r}")
        for number, (name,) in enumerate(self.rows([column]), start=1):
            check_name(name, column, f"{text.source}, row {number}")

    def rows(self, names: Sequence[str]) -> Iterator[Cells]:
        columns = [_texts(self._table.column(name)) for name in names]
        return zip(*columns, strict=True) if columns else iter([()] * self._table.num_rows)

    def render(self, added: Additions, seen: Seen) -> Iterator[bytes]:
        import pyarrow as pa  # noqa: PLC0415 - heavy, as pandas is
        from pyarrow.parquet import write_table  # noqa: PLC0415

        from timm_sizes.tables.frame import text_frame, values  # noqa: PLC0415

        table = self._table.drop_columns([self.columns[position] for position in added.dropped])
        new = values(text_frame(self.new_columns(added, seen)))
        for place, name in enumerate((*added.second, *added.last)):
            position = place + 1 if place < len(added.second) else table.num_columns
            table = table.add_column(position, name, pa.chunked_array([pa.array(new[name], from_pandas=True)]))
        buffer = BytesIO()
        write_table(table, buffer)
        yield buffer.getvalue()


def _read(text: TableText) -> pa.Table:
    check_package("pyarrow", f"{text.source}: parquet")
    from pyarrow import ArrowException  # noqa: PLC0415 - not everyone has it
    from pyarrow.parquet import ParquetFile  # noqa: PLC0415

    with text.open() as opened:
        try:
            file = ParquetFile(opened)
            if file.metadata.num_rows * file.metadata.num_columns <= _MOST_CELLS:
                return file.read()
        except (ArrowException, OSError) as error:
            why = printable(" ".join(str(error).split()))[:200]
            raise InputError(f"{text.source}: not parquet ({why or type(error).__name__})") from None
    raise InputError(f"{text.source}: more than {_MOST_CELLS:,} cells; no benchmark table has")


def _texts(column: pa.ChunkedArray) -> list[str]:
    """Return the text of each value in *column*, "" for none."""
    import pyarrow as pa  # noqa: PLC0415 - heavy

    try:
        return list(column.cast(pa.string()).fill_null("").to_pylist())
    except pa.ArrowException:  # a list, or bytes that are no text
        return ["" if value is None else str(value) for value in column.to_pylist()]
