"""Writing a table in another format than its own, or only some of its columns.

Text becomes values: numbers where a whole column is numbers, nothing where a cell is blank.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any

from timm_sizes.errors import InputError
from timm_sizes.files import printable
from timm_sizes.tables.base import Additions, Seen, Table
from timm_sizes.tables.columns import ADDED_BY, is_text
from timm_sizes.tables.frame import text_frame, typed, values
from timm_sizes.tables.numbers import plain

if TYPE_CHECKING:
    import pandas as pd

Chunks = Iterable[str | bytes]

_INDENT = 4  # as timm's scripts write JSON
_MARKUP = re.compile(r"([\\`*\[\]<|])")


def convert(table: Table, ending: str, added: Additions, seen: Seen, columns: Sequence[str] = ()) -> Chunks:
    """Return what to write to a file with the *ending* for *table* with *added*; *seen* as Table.render has it.

    Only *columns* are written if there are any. The names and the columns of text (of tables.columns) are kept as text
    even if they look like numbers. Raises InputError for what the format cannot hold, and for unknown *columns*.
    """
    kept = [name for position, name in enumerate(table.columns) if position not in added.dropped]
    names = [*kept[:1], *added.second, *kept[1:], *added.last]
    for name in names:
        if names.count(name) > 1:
            shown = printable(name)
            raise InputError(f"{table.source}: two columns are named {shown!r}; only its own format can hold that")
    if unknown := [name for name in columns if name not in names]:
        hint = "".join(f"; {option} adds it" for option, added in ADDED_BY.items() if unknown[0] in added)
        raise InputError(f"--columns: no column {unknown[0]!r}{hint}; there are {', '.join(names)}")
    new = table.new_columns(added, seen)
    text = text_frame({name: new[name] if name in new else table.column(name) for name in columns or names})
    if table.has_decimal_commas:
        numbers = [name for name in kept if name in text and not is_text(name) and name != table.name_column]
        text = text.assign(
            **{name: text[name].map(partial(plain, decimal_commas=True)).astype("str") for name in numbers}
        )
    return _WRITERS[ending if ending in _WRITERS else table.ending](text, table.name_column)


def as_csv(frame: pd.DataFrame, separator: str = ",") -> str:
    """Return *frame* as CSV with line feeds."""
    return frame.to_csv(sep=separator, index=False, lineterminator="\n")


def as_json(frame: pd.DataFrame) -> Iterator[str]:
    """Yield *frame* as a JSON list of objects, indented as timm does; an object at a time, for tables are large."""
    between = f",\n{' ' * 2 * _INDENT}"
    start = "["
    for record in _records(frame):
        members = json.dumps(record, separators=(between, ": "), ensure_ascii=False)[1:-1]
        yield f"{start}\n{' ' * _INDENT}{{{between[1:]}{members}\n{' ' * _INDENT}}}"
        start = ","
    yield "[]\n" if frame.empty else "\n]\n"


def as_markdown(text: pd.DataFrame, numbers: Collection[str]) -> Iterator[str]:
    """Yield the lines of *text* as a Markdown table, the columns *numbers* to the right, markup in it harmless."""
    names = [str(name) for name in text]
    yield _markdown_row(names)
    yield f"|{'|'.join('---:' if name in numbers else '---' for name in names)}|\n"
    for row in zip(*(text[name] for name in names), strict=True):
        yield _markdown_row(row)


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


def _latex(text: pd.DataFrame, numbers: Collection[str]) -> str:
    """Return *text* as a table for LaTeX's booktabs, the columns *numbers* to the right."""
    aligned = "".join("r" if name in numbers else "l" for name in text)
    return text.to_latex(index=False, escape=True, column_format=aligned)


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()


def _numbers(text: pd.DataFrame, column: str) -> set[str]:
    frame = typed(text, column)
    return {str(name) for name in frame if frame[name].dtype == "float64"}


_WRITERS: dict[str, Callable[[pd.DataFrame, str], Chunks]] = {
    ".csv": lambda text, _: [as_csv(text)],
    ".tsv": lambda text, _: [as_csv(text, "\t")],
    ".json": lambda text, column: as_json(values(text, column)),
    ".jsonl": lambda text, column: _json_lines(values(text, column)),
    ".parquet": lambda text, column: [_parquet(values(text, column))],
    ".md": lambda text, column: as_markdown(text, _numbers(text, column)),
    ".tex": lambda text, column: [_latex(text, _numbers(text, column))],
}
