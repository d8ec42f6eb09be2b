"""What is known of a model as a table's row has it: one answer for each name, param_count and image size.

merge writes it as text, pick and report map their tables' rows onto it; nothing here needs pandas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import NamedTuple

from timm_sizes.hub.checkpoint import DTYPE_BYTES
from timm_sizes.items import SIZED, ModelSize, Status, worth
from timm_sizes.names.architecture import architecture, family
from timm_sizes.names.catalogue import by_repo_id, entry_of
from timm_sizes.names.resolve import resolve
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.base import Cells, Table
from timm_sizes.tables.columns import IMAGE_SIZE, PARAM_COUNT
from timm_sizes.tables.join import Found, Join, image_size_column
from timm_sizes.tables.measured_on import measured_on
from timm_sizes.tables.memory import Footprint, Memory, memory_of
from timm_sizes.tables.numbers import number
from timm_sizes.tables.table import CHECKPOINT_COLUMN, row_name

# A checkpoint with fewer parameters than this share of its row's cannot hold the model; with this many times as many
# it is a larger model around it. In between is normal: heads for other classes, extra buffers, and recent benchmark
# tables count reparameterized models (mobileone_s0: 2.08 M in the table, 5.29 M in its checkpoint).
_TOO_SMALL, _TOO_LARGE = 0.8, 3.0
# The catalogue counts a model as it was published, buffers included, so the bound can be lower: Florence-2-base has
# 231 M parameters around a vision tower of 90 M. Published files are at most 1.5 times what the model definition has.
_TOO_LARGE_FOR_CATALOGUE = 2.0


class Key(NamedTuple):
    """What decides: a model's name, its parameters in millions and its image size in pixels, NaN where not known."""

    name: str
    parameters: float = nan
    img_size: float = nan


def key_columns(table: Table, column: str) -> tuple[Cells, Callable[[Cells], Key]]:
    """Return the columns that decide in *table*, whose names are in *column*, and what says which key their cells have.

    A row is sized as the local checkpoint that it was measured with, where it says so.
    """
    image_size = next((name for name in IMAGE_SIZE.read_from if name in table.columns), "")
    deciding = [name for name in (CHECKPOINT_COLUMN, PARAM_COUNT, image_size) if name in table.columns]
    names = tuple(dict.fromkeys([column, *deciding]))

    def key(cells: Cells) -> Key:
        row = dict(zip(names, cells, strict=True))
        texts = (row.get(name, "") for name in (PARAM_COUNT, image_size))
        parameters, pixels = (number(text, decimal_commas=table.has_decimal_commas) for text in texts)
        return Key(row_name(table.source, cells[0], row.get(CHECKPOINT_COLUMN, "")), parameters, pixels)

    return names, key


@dataclass(frozen=True)
class Known:
    """What is known of a key. ``size_bytes`` and ``footprint`` are None where the checkpoint is another model's.

    ``checkpoint`` is the row of the sizes file, whose status is the ``status`` but for a mismatch; ``found`` has what
    each table to join says, in their order.
    """

    key: Key
    checkpoint: ModelSize
    status: Status
    size_bytes: int | None
    elements: Mapping[str, int] | None  # of the checkpoint, by dtype as safetensors names it
    footprint: Footprint | None
    found: tuple[Found | None, ...]

    @property
    def is_unpublished(self) -> bool:
        """Whether the size is an estimate of weights that nobody has published."""
        return self.status == Status.ESTIMATED and not self.checkpoint.repo_id


class Facts:
    """What SIZES_FILE (*sizes*), the catalogue and the tables to join know of any key; memory where it is wanted."""

    def __init__(self, sizes: Sizes, joins: Sequence[Join] = (), memory: Memory | None = None) -> None:
        self.sizes = sizes
        self.joins = joins
        self.memory = memory
        self._known: dict[Key, Known] = {}

    def of(self, key: Key) -> Known:
        """Return what is known of *key*.

        A checkpoint that cannot be the row's model, by the row's own param_count or by the catalogue's, is a mismatch:
        it has no size, and no figure that follows from the model that was taken for it.
        """
        if key not in self._known:
            self._known[key] = self._find(key)
        return self._known[key]

    def check_joins(self, table: Table) -> None:
        """Raise InputError if *table* has no image sizes to join rows by."""
        if self.joins:
            image_size_column(table)

    def _find(self, key: Key) -> Known:
        checkpoint = self._checkpoint(key.name)
        is_wrong = _contradicts(checkpoint, key)
        if is_wrong:
            checkpoint = replace(checkpoint, license="")
        elements = None if is_wrong else _elements(key.name, checkpoint)
        size = checkpoint.size_bytes if isinstance(checkpoint.size_bytes, int) and not is_wrong else None
        footprint = None
        if self.memory and not is_wrong:
            footprint = memory_of(key.name, key.img_size, elements, self.memory)
        found = tuple(_found(join, key, is_wrong=is_wrong) for join in self.joins)
        status = Status.MISMATCH if is_wrong else checkpoint.status
        return Known(key, checkpoint, status, size, elements, footprint, found)

    def _checkpoint(self, name: str) -> ModelSize:
        """Return what is worth most of *name*: its own row of the sizes file, or another name's of the same repo.

        A size at a named revision belongs to that name alone.
        """
        own = self.sizes.get(name)
        if own is not None and own.status == Status.OK:
            return own
        target = resolve(name)
        shared = self.sizes.of_repo(target.repo_id) if target.repo_id and not target.revision else []
        candidates = [item for item in shared if item.status in SIZED and not resolve(item.model).revision]
        best = max([*([own] if own else []), *candidates], key=worth, default=None)
        return best or ModelSize(name, status=target.status or Status.NOT_ASKED, reason=target.reason)


def _found(join: Join, key: Key, *, is_wrong: bool) -> Found | None:
    """Return what *join* has of *key*; the source of a speed or a latency says so where it is another model's.

    Of what a name *is_wrong* about, the model that it stands for, nothing but an accuracy under that very name.
    """
    if is_wrong:
        return None if join.by_architecture else join.by_name.get((key.name, key.img_size))
    row = join.find(key.name, key.img_size)
    if row is None or not join.by_architecture:
        return row
    entry = entry_of(architecture(key.name))
    expected = key.parameters if key.parameters > 0 else entry.params / 1e6 if entry else nan
    *figures, source = row.cells
    return row._replace(cells=(*figures, measured_on(source, family(key.name), row.parameters, expected)))


def _elements(name: str, checkpoint: ModelSize) -> Mapping[str, int] | None:
    """Return the elements of *checkpoint* by dtype: as a crawl found them, else as the catalogue has them."""
    if checkpoint.params:
        return {checkpoint.dtype: checkpoint.params}
    entry = entry_of(name)
    return entry.elements if entry else None


def _contradicts(checkpoint: ModelSize, key: Key) -> bool:
    """Return whether *checkpoint* cannot be the model of *key*; NaN, where nothing is known, contradicts nothing."""
    least, most = _parameters(checkpoint)
    entry = by_repo_id().get(resolve(key.name).repo_id)
    defined = float(entry.params) if entry else nan
    expected = key.parameters * 1e6 if key.parameters > 0 else nan
    is_too_small = most < _TOO_SMALL * expected
    return is_too_small or least > _TOO_LARGE * expected or least > _TOO_LARGE_FOR_CATALOGUE * defined


def _parameters(item: ModelSize) -> tuple[float, float]:
    """Return the least and the most parameters that the checkpoint of *item* can have; NaN where nothing is known.

    It is a range because a pickle's dtype is not known.
    """
    if item.params:
        return float(item.params), float(item.params)
    if not isinstance(item.size_bytes, int):
        return nan, nan
    size = float(item.size_bytes)
    width = DTYPE_BYTES.get(item.dtype)
    return (size / width, size / width) if width else (size / 4, size / 2)  # single or half precision
