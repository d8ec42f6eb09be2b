"""What the page computes with: the sizes of a table's rows at other precisions, and their memory for any batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from timm_sizes.pick.rows import size_at
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.facts import Facts, Key, Known
from timm_sizes.tables.memory import MEMORY_DTYPES, SIZE_DTYPES, Memory, memory_of
from timm_sizes.units import MB

if TYPE_CHECKING:
    import pandas as pd

_ROUNDED_MB = 0.01  # what a table's figures of two decimals may be off


def computed(frame: pd.DataFrame, sizes: Sizes) -> dict[str, Any]:
    """Return ``sizes`` by precision (MB) and ``memory`` by what it is for and precision, each a list with one per row.

    Memory is what is ``fixed`` and what ``each`` image adds (MB); it is None where nothing is known of any row. A row
    has None where *frame* has another size or memory than what is known here: the table's own cannot be computed anew.
    """
    facts = Facts(sizes)
    keys = frame.reindex(columns=["model", "param_count", "img_size"]).itertuples(index=False, name=None)
    known = [facts.of(Key(*key)) for key in keys]
    alike = [_is_alike(size, each.size_bytes) for size, each in zip(frame["size_mb"], known, strict=True)]
    at = {
        dtype: _megabytes(
            size_at(each.elements, dtype) if is_alike else None for each, is_alike in zip(known, alike, strict=True)
        )
        for dtype in SIZE_DTYPES
    }
    own = frame.reindex(columns=["memory_mb", "memory_dtype", "memory_batch"])
    cells = list(own.itertuples(index=False, name=None))
    is_ours = [_is_ours(each, *row) for each, row in zip(known, cells, strict=True)]
    if not any(is_ours):
        return {"sizes": at, "memory": None}
    inference = {dtype: _lines(known, is_ours, dtype) for dtype in MEMORY_DTYPES}
    _, dtype, batch = cells[is_ours.index(True)]
    return {"sizes": at, "memory": {"dtype": dtype, "batch": int(batch), "inference": inference}}


def _is_ours(known: Known, total: float, dtype: str, batch: float) -> bool:
    """Return whether the memory that a row has, in MB for a precision and a batch, is the one that is computed here."""
    if dtype not in MEMORY_DTYPES or not batch >= 1:
        return False
    footprint = memory_of(known.key.name, known.key.img_size, known.elements, Memory(dtype, int(batch)))
    return _is_alike(total, footprint.total)


def _is_alike(own: float, size: int | None) -> bool:
    return size is not None and abs(own - size / MB) <= _ROUNDED_MB


def _lines(known: list[Known], is_ours: list[bool], dtype: str) -> dict[str, list[float | None]]:
    footprints = [
        memory_of(each.key.name, each.key.img_size, each.elements, Memory(dtype)) if ours else None
        for each, ours in zip(known, is_ours, strict=True)
    ]
    weights = _megabytes(each.weights if each else None for each in footprints)
    # The line that decides for many images.
    lines = [(each.weights or 0, each.inference[-1]) if each and each.inference else None for each in footprints]
    fixed = _megabytes(line[0] + line[1].once if line else None for line in lines)
    return {"weights": weights, "fixed": fixed, "each": _megabytes(line[1].image if line else None for line in lines)}


def _megabytes(sizes: Iterable[int | None]) -> list[float | None]:
    return [None if size is None else round(size / MB, 3) for size in sizes]
