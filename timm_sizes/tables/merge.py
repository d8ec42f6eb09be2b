"""What a merge adds to a benchmark table, as text: by name, never by position, every row and column kept."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path

from timm_sizes.errors import InputError
from timm_sizes.files import few, shown_path
from timm_sizes.items import SIZED, Status
from timm_sizes.tables.base import Additions, Cells, Table
from timm_sizes.tables.columns import (
    ACCURACY,
    ACCURACY_SET,
    DETAIL_COLUMNS,
    OF_MEMORY,
    SIZE_COLUMN,
    own_columns,
)
from timm_sizes.tables.facts import Facts, Known, key_columns
from timm_sizes.tables.measured_on import accuracy_set, remarks
from timm_sizes.tables.memory import MEMORY_NEEDS, Footprint
from timm_sizes.tables.numbers import plain
from timm_sizes.units import MB, MIB, format_size

_MOST_REASONS = 5


def plan(table: Table, column: str, facts: Facts, *, details: bool = False) -> Additions:
    """Return what *facts* adds to *table*, whose names are in *column*.

    The size is model_size_in_mb, two decimals, empty where it is not known. *details* adds DETAIL_COLUMNS and the set
    of images that the accuracies are of. Raises InputError if the table has one of these columns of its own, or no
    image sizes to join by.
    """
    facts.check_joins(table)
    images = accuracy_set(table.source) if details and ACCURACY in table.columns else ""
    last = (
        *(DETAIL_COLUMNS if details else ()),
        *chain.from_iterable(join.columns for join in facts.joins),
        *(facts.memory.columns if facts.memory else ()),
        *([ACCURACY_SET] if images else []),
    )
    replaced = {SIZE_COLUMN, *DETAIL_COLUMNS, *last, *(OF_MEMORY if facts.memory else ())}.union(
        *(join.replaces for join in facts.joins)
    )
    dropped = frozenset(map(list(table.columns).index, own_columns(table.columns) & replaced))
    for position, name in enumerate(table.columns):
        if name in (SIZE_COLUMN, *last) and position not in dropped:
            raise InputError(f"{table.source}: has a column {name} of its own, which the merge would add again")
    reads, key = key_columns(table, column)

    def cells(read: Cells) -> tuple[Cells, Cells]:
        known = facts.of(key(read))
        texts = (*(_details(known) if details else ()), *_joined(known, facts), *([images] if images else ()))
        # Where a comma is a decimal one, a joined number that has another is written without it.
        return (_text(known.size_bytes, MB),), tuple(map(plain, texts)) if table.has_decimal_commas else texts

    return Additions((SIZE_COLUMN,), last, dropped, reads, cells)


@dataclass(frozen=True)
class Summary:
    """How a merge of a table came out: its rows by status, and lines on what else there is to say."""

    statuses: Counter[Status]
    unpublished: int  # of the estimated rows, those without any published weights
    notes: list[str]

    @property
    def sized(self) -> int:
        """The number of rows that have a size."""
        return sum(self.statuses[status] for status in SIZED)

    @property
    def is_complete(self) -> bool:
        """Whether every row has the size of a checkpoint that is published."""
        return self.sized - self.unpublished == self.statuses.total()

    def __str__(self) -> str:
        statuses = self.statuses
        unpublished = f", {self.unpublished} of them without published weights" if self.unpublished else ""
        estimated = f" ({statuses[Status.ESTIMATED]} estimated{unpublished})" if statuses[Status.ESTIMATED] else ""
        missing = ", ".join(f"{count} {status}" for status, count in statuses.most_common() if status not in SIZED)
        return f"{statuses.total()} rows, {self.sized} sized{estimated}" + (f"; missing: {missing}" if missing else "")


def summarise(table: Table, column: str, facts: Facts, rows: Mapping[Cells, int]) -> Summary:
    """Return how the merge of *table* came out; *rows* says how many rows have the same cells in Additions.reads."""
    _, key = key_columns(table, column)
    known = [(facts.of(key(read)), count) for read, count in rows.items()]
    statuses: Counter[Status] = Counter()
    for each, count in known:
        statuses[each.status] += count
    notes = [*_missing(each for each, _ in known), *_join_notes(known, facts, statuses.total())]
    summary = Summary(statuses, sum(count for each, count in known if each.is_unpublished), notes)
    if estimated := statuses[Status.ESTIMATED]:
        nobody_asked = ", no crawl has requested them from the Hub yet" if not statuses[Status.OK] else ""
        notes.append(f"{estimated:,} of {summary.sized:,} sizes are estimates{nobody_asked}: {_crawl(table)}")
    if not_asked := statuses[Status.NOT_ASKED]:
        notes.append(f"{not_asked:,} of {statuses.total():,} rows were never requested: {_crawl(table)}")
    return summary


def _crawl(table: Table) -> str:
    """Return the command that requests the sizes of the *table*'s names."""
    path = Path(table.source)
    return shlex.join(["scrapy", "crawl", "hf_sizes", "-a", f"table={shown_path(path) if path.is_file() else 'TABLE'}"])


def _missing(known: Iterable[Known]) -> Iterator[str]:
    """Yield a line on each reason for which rows have no size, with some of their names."""
    names: dict[tuple[Status, str], list[str]] = {}
    for each in known:
        if each.status not in (*SIZED, Status.NOT_ASKED):
            reason = "" if each.status == Status.MISMATCH else each.checkpoint.reason
            names.setdefault((each.status, reason or each.status.meaning), []).append(each.key.name)
    for (status, reason), models in islice(names.items(), _MOST_REASONS):
        yield f"{status}: {few(models)}: {reason}"
    if len(names) > _MOST_REASONS:
        yield f"{len(names) - _MOST_REASONS:,} more reasons are in the sizes file"


def _join_notes(known: Sequence[tuple[Known, int]], facts: Facts, total: int) -> Iterable[str]:
    for index, join in enumerate(facts.joins):
        matched = sum(count for each, count in known if each.found[index])
        yield f"{', '.join(join.columns)}: {matched:,} of {total:,} rows are in {join.source}"
        if join.note:
            yield join.note
        if join.by_architecture:
            rows = [(each.key.name, row.cells[-1]) for each, _ in known if (row := each.found[index])]
            yield from remarks(join.columns[0], rows)
    if facts.memory:
        matched = sum(count for each, count in known if each.footprint and each.footprint.total is not None)
        known_of = f"{matched:,} of {total:,} rows are in the computed memory figures"
        yield f"{', '.join(facts.memory.columns)}: {known_of}{'' if matched else f'; {MEMORY_NEEDS}'}"
        from_file = sum(count for each, count in known if each.footprint and each.footprint.from_file)
        if from_file:
            yield f"weights_mb of {from_file:,} rows: those in the checkpoint, without buffers that no file holds"


def _text(figure: int | str | None, unit: int = 0) -> str:
    """Return a cell: nothing for what is not known, bytes in a *unit* with two decimals."""
    if figure is None:
        return ""
    return format_size(int(figure), unit) if unit else str(figure)


def _details(known: Known) -> Cells:
    size, item = known.size_bytes, known.checkpoint
    sizes = _text(size), _text(size, MIB)
    return (*sizes, item.filename, str(known.status), item.repo_id, item.sha, item.dtype, item.license)


def _joined(known: Known, facts: Facts) -> Iterable[str]:
    for join, found in zip(facts.joins, known.found, strict=True):
        yield from found.cells if found else repeat("", len(join.columns))
    if facts.memory:
        figures = (known.footprint or Footprint(facts.memory, None)).figures
        yield from (_text(figures[name], MB if name.endswith("_mb") else 0) for name in facts.memory.columns)
