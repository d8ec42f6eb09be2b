"""The join of a benchmark table with the sizes file: by name, never by position, every row and column kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.hub.checkpoint import DTYPE_BYTES
from timm_sizes.items import SIZED, ModelSize, Status, worth
from timm_sizes.names.catalogue import by_repo_id
from timm_sizes.names.resolve import resolve
from timm_sizes.tables.columns import ACCURACY, ACCURACY_SET, Kind, column_of
from timm_sizes.tables.frame import to_numbers
from timm_sizes.tables.join import Joined, Sources, is_joined, join
from timm_sizes.tables.measured_on import accuracy_set
from timm_sizes.tables.memory import Memory, elements_of, join_memory
from timm_sizes.tables.table import Table, row_names
from timm_sizes.units import MB, MIB, format_size

SIZE_COLUMNS = {MB: "model_size_in_mb", MIB: "model_size_in_mib"}
DETAIL_COLUMNS = ("size_bytes", "size_mib", "size_file", "size_status", "hub_repo", "hub_revision", "dtype", "license")
PARAM_COUNT_COLUMN = "param_count"  # in millions, in timm's tables

# A checkpoint with fewer parameters than this share of its row's cannot hold the model; with this many times as many
# it is a larger model around it. In between is normal: heads for other classes, extra buffers, and recent benchmark
# tables count reparameterized models (mobileone_s0: 2.08 M in the table, 5.29 M in its checkpoint).
_TOO_SMALL, _TOO_LARGE = 0.8, 3.0
# The catalogue counts a model as it was published, buffers included, so the bound can be lower: Florence-2-base has
# 231 M parameters around a vision tower of 90 M. Published files are at most 1.5 times what the model definition has.
_TOO_LARGE_FOR_CATALOGUE = 2.0
_FIGURES = ["params_low", "params_high", "params_defined", "elements", "is_unpublished"]


@dataclass(frozen=True)
class Merged:
    """What a merge adds to a table, as columns of text with a cell a row, and what is to be said about it.

    ``dropped`` has the positions of the columns that an earlier merge added, ``statuses`` the rows by status,
    ``unpublished`` how many of the estimated rows have no published weights at all, and ``mismatches`` the names that
    contradict their checkpoint.
    """

    second: dict[str, list[str]]
    details: dict[str, list[str]]
    joined: list[Joined]
    dropped: set[int]
    statuses: Counter[str]
    unpublished: int
    mismatches: list[str]

    @property
    def last(self) -> dict[str, list[str]]:
        """The columns for the end of the table: the details, then what was joined."""
        return self.details | {name: cells for source in self.joined for name, cells in source.columns.items()}

    @property
    def sized(self) -> int:
        """The number of rows that have a size."""
        return sum(self.statuses[status] for status in SIZED)

    @property
    def is_complete(self) -> bool:
        """Whether every row has the size of a checkpoint that is published."""
        return self.sized - self.unpublished == self.statuses.total()


def merge_table(
    table: Table,
    column: str,
    sizes: Mapping[str, ModelSize],
    sources: Sources | None = None,
    *,
    unit: int = MB,
    details: bool = False,
    memory: Memory | None = None,
) -> Merged:
    """Return what the rows of the sizes file, *sizes*, and the tables in *sources* say of *table*'s names in *column*.

    The size column is model_size_in_mb (or _mib, by *unit*: MB or MIB), two decimals, empty where no size is known.
    *details* adds DETAIL_COLUMNS and the set of images that the accuracies are of, *memory* MEMORY_COLUMNS. A size
    whose checkpoint cannot be the row's model, by the row's own param_count or by the catalogue's, is left out, and its
    status is ``mismatch``.
    """
    sources = sources or Sources()
    names = pd.Series(row_names(table, column), dtype="str", name="model")
    shown = [SIZE_COLUMNS[unit], "size_status", *(name for name in DETAIL_COLUMNS if details and name != "size_status")]
    known = pd.DataFrame(_facts(names.unique(), sizes), columns=["model", *shown, *_FIGURES])
    rows = names.to_frame().merge(known, on="model", how="left", validate="many_to_one")
    wrong = _contradicts(rows, table)
    rows.loc[wrong, [name for name in shown if column_of(name).kind in (Kind.SIZE, Kind.BYTES)]] = ""
    rows.loc[wrong, "size_status"] = str(Status.MISMATCH)
    joined = join(table, column, sources)
    if memory is not None:
        joined.append(join_memory(table, names, rows["elements"].mask(wrong), memory))
    if details and (images := accuracy_set(table.source)) and ACCURACY in table.columns:
        joined.append(Joined(table.source, {ACCURACY_SET: [images] * len(table)}, len(table)))
    replaced = {name for source in joined for name in source.columns} | sources.columns
    return Merged(
        second={SIZE_COLUMNS[unit]: rows[SIZE_COLUMNS[unit]].tolist()},
        details={name: rows[name].tolist() for name in DETAIL_COLUMNS} if details else {},
        joined=joined,
        dropped=own_columns(table.columns, replaced),
        statuses=Counter({str(status): count for status, count in rows["size_status"].value_counts().items()}),
        unpublished=int((rows["is_unpublished"] & ~wrong).sum()),
        mismatches=names[wrong].unique().tolist(),
    )


def own_columns(columns: Sequence[str], replaced: Collection[str] = ()) -> set[int]:
    """Return the positions of the columns that an earlier merge added to a table with these *columns*.

    Joined columns (speed, accuracies) are among them only where this merge has the same ones to put there, *replaced*:
    they cannot be had again without the table that they came from. They count as ours only at the very end of a table
    that has our size column.
    """
    is_merged = len(columns) > 1 and columns[1] in SIZE_COLUMNS.values()
    own = {1} if is_merged else set()
    end = len(columns)
    while end > 1:
        first_detail = end - len(DETAIL_COLUMNS)
        if first_detail > 0 and tuple(columns[first_detail:end]) == DETAIL_COLUMNS:
            own |= set(range(first_detail, end))
            end = first_detail
        elif is_merged and end > 2 and is_joined(columns[end - 1], columns):
            end -= 1
            own |= {end} if columns[end] in replaced else set()
        else:
            break
    return own


def reject_clashes(table: Table, merged: Merged) -> None:
    """Raise InputError if *table* has a column of its own under the name of one that *merged* adds to it."""
    new = {*merged.second, *merged.last}
    for index, name in enumerate(table.columns):
        if name in new and index not in merged.dropped:
            raise InputError(f"{table.source}: has a column {name} of its own, which the merge would add again")


def summary(merged: Merged) -> str:
    """Return a line on what the merge of a table came to: rows, sized ones, and the missing by reason."""
    statuses = merged.statuses
    unpublished = f", {merged.unpublished} of them without published weights" if merged.unpublished else ""
    estimated = f" ({statuses[Status.ESTIMATED]} estimated{unpublished})" if statuses[Status.ESTIMATED] else ""
    missing = ", ".join(f"{count} {status}" for status, count in statuses.most_common() if status not in SIZED)
    return f"{statuses.total()} rows, {merged.sized} sized{estimated}" + (f"; missing: {missing}" if missing else "")


def estimates_note(merged: Merged) -> str:
    """Return a line on how many sizes are estimates, "" if none is."""
    estimated = merged.statuses[Status.ESTIMATED]
    if not estimated:
        return ""
    nobody_asked = ", no crawl has asked the Hub yet" if not merged.statuses[Status.OK] else ""
    return f"{estimated:,} of {merged.sized:,} sizes are estimates{nobody_asked}: scrapy crawl hf_sizes"


def _facts(names: Iterable[str], sizes: Mapping[str, ModelSize]) -> Iterator[dict[str, str | float]]:
    """Yield the cells of each name; with its parameters as a range, because a pickle's dtype is not known."""
    by_repo = _by_repo(sizes)
    for name in names:
        item = _item_of(name, sizes, by_repo)
        low, high = _params(item)
        size = item.size_bytes if isinstance(item.size_bytes, int) else None
        yield {
            "model": name,
            "model_size_in_mb": "" if size is None else format_size(size, MB),
            "model_size_in_mib": "" if size is None else format_size(size, MIB),
            "size_bytes": "" if size is None else str(size),
            "size_mib": "" if size is None else format_size(size, MIB),
            "size_file": item.filename,
            "size_status": str(item.status),
            "hub_repo": item.repo_id,
            "hub_revision": item.sha,
            "dtype": item.dtype,
            "license": item.license,
            "params_low": low,
            "params_high": high,
            "params_defined": _defined_params(name),
            "elements": elements_of(name, item.params),
            "is_unpublished": item.status == Status.ESTIMATED and not item.repo_id,
        }


def _by_repo(sizes: Mapping[str, ModelSize]) -> dict[str, ModelSize]:
    """Return the item that is worth most of each repo. A size at a named revision belongs to that name alone."""
    sized = [item for item in sizes.values() if item.repo_id and item.status in SIZED]
    return {item.repo_id: item for item in sorted(sized, key=worth) if not resolve(item.model).revision}


def _item_of(name: str, sizes: Mapping[str, ModelSize], by_repo: dict[str, ModelSize]) -> ModelSize:
    """Return what is worth most of *name*: its own item, or that of another name of the same repo."""
    own = sizes.get(name)
    if own is not None and own.status == Status.OK:
        return own
    target = resolve(name)
    shared = by_repo.get(target.repo_id) if not target.revision else None
    if shared is not None and (own is None or worth(shared) > worth(own)):
        return shared
    return own or ModelSize(name, status=target.status or Status.NOT_ASKED)


def _params(item: ModelSize) -> tuple[float, float]:
    """Return the least and the most parameters that the checkpoint of *item* can have; NaN where nothing is known."""
    if item.params:
        return float(item.params), float(item.params)
    if not isinstance(item.size_bytes, int):
        return nan, nan
    size = float(item.size_bytes)
    width = DTYPE_BYTES.get(item.dtype)
    return (size / width, size / width) if width else (size / 4, size / 2)  # single or half precision


def _defined_params(name: str) -> float:
    entry = by_repo_id().get(resolve(name).repo_id)
    return float(entry.params) if entry else nan


def _contradicts(rows: pd.DataFrame, table: Table) -> pd.Series[bool]:
    too_large = rows["params_low"] > _TOO_LARGE_FOR_CATALOGUE * rows["params_defined"]
    if PARAM_COUNT_COLUMN not in table.columns:
        return too_large
    param_counts = pd.Series(table.column(PARAM_COUNT_COLUMN), dtype="str", index=rows.index)
    millions = to_numbers(param_counts, decimal_commas=table.has_decimal_commas)
    expected = millions.where(millions > 0) * 1e6
    return too_large | (rows["params_high"] < _TOO_SMALL * expected) | (rows["params_low"] > _TOO_LARGE * expected)
