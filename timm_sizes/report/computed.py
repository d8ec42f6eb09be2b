"""What the page computes with: the sizes of a table's rows at other precisions, and their memory for any batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from timm_sizes.names.catalogue import Line
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.facts import Facts, Key, Known
from timm_sizes.tables.memory import MEMORY_DTYPES, SIZE_DTYPES, Footprint, Memory, memory_of, weight_bytes
from timm_sizes.units import MB

if TYPE_CHECKING:
    import pandas as pd

OPTIMIZER, TRAINING = "adamw", "training with AdamW"
_DTYPES = ("float32", "float16")  # bfloat16 is as wide
_ROUNDED_MB = 0.01  # what a table's figures of two decimals may be off


def computed(frame: pd.DataFrame, sizes: Sizes) -> dict[str, Any]:
    """Return ``sizes`` by precision and ``memory`` by what it is of and precision: lists with the MB of each row.

    Memory is that for ``one`` image, and for more the larger of two lines: what is ``fixed`` and what ``each`` image
    adds. It is None where nothing is known of any row. A row has None where *frame* has another size or memory than is
    known here: the table's own cannot be computed anew.
    """
    facts = Facts(sizes)
    keys = frame.reindex(columns=["model", "param_count", "img_size"]).itertuples(index=False, name=None)
    known = [facts.of(Key(*key)) for key in keys]
    elements = [
        each.elements if _is_alike(size, each.size_bytes) else None
        for size, each in zip(frame["size_mb"], known, strict=True)
    ]
    at = {dtype: _megabytes(weight_bytes(each, width) for each in elements) for dtype, width in SIZE_DTYPES.items()}
    own = frame.reindex(columns=["memory_mb", "memory_dtype", "memory_batch"])
    wishes = list(own.itertuples(index=False, name=None))
    ours = [_is_ours(each, *wish) for each, wish in zip(known, wishes, strict=True)]
    if True not in ours:
        return {"sizes": at, "memory": None}
    _, dtype, batch = wishes[ours.index(True)]
    memory: dict[str, Any] = {"dtype": dtype, "batch": int(batch), "weights": {}, "inference": {}, TRAINING: {}}
    nothing = Footprint(Memory(), None)
    for dtype in _DTYPES:
        wanted = Memory(dtype, 1, OPTIMIZER)
        prints = [_footprint(each, wanted) if is_ours else nothing for each, is_ours in zip(known, ours, strict=True)]
        memory["weights"][dtype] = _megabytes(each.weights for each in prints)
        memory["inference"][dtype] = {
            "one": _megabytes(each.total for each in prints),
            "lines": [_lines(_of_inference(each, at) for each in prints) for at in (0, 1)],
        }
        memory[TRAINING][dtype] = {"lines": [_lines(each.training for each in prints)]}
    return {"sizes": at, "memory": memory}


def _footprint(known: Known, wanted: Memory) -> Footprint:
    return memory_of(known.key.name, known.key.img_size, known.elements, wanted)


def _is_ours(known: Known, total: float, dtype: str, batch: float) -> bool:
    """Return whether the memory that a row has, in MB for a precision and a batch, is the one that is computed here."""
    return (
        dtype in MEMORY_DTYPES and batch >= 1 and _is_alike(total, _footprint(known, Memory(dtype, int(batch))).total)
    )


def _is_alike(own: float, size: int | None) -> bool:
    return size is not None and abs(own - size / MB) <= _ROUNDED_MB


def _of_inference(each: Footprint, at: int) -> Line | None:
    """Return a line of what inference takes, with the weights; no second one where it is the first."""
    if each.weights is None or not each.inference or each.inference[at] in each.inference[:at]:
        return None
    return Line(each.weights + each.inference[at].once, each.inference[at].image)


def _lines(found: Iterable[Line | None]) -> dict[str, list[float | None]]:
    lines = list(found)
    return {
        "fixed": _megabytes(line.once if line else None for line in lines),
        "each": _megabytes(line.image if line else None for line in lines),
    }


def _megabytes(sizes: Iterable[int | None]) -> list[float | None]:
    return [None if size is None else round(size / MB, 4) for size in sizes]
