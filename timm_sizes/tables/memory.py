"""What a model takes on a device: its weights at a precision, and its activations for images of a size. Computed.

Activations are the peak of live tensors in a forward pass, from the data that names/activations.py makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture
from timm_sizes.names.catalogue import activations, entry_of
from timm_sizes.tables.columns import IMAGE_SIZE, MEMORY_COLUMNS
from timm_sizes.tables.join import Joined, image_sizes
from timm_sizes.tables.table import Table
from timm_sizes.units import MB, format_size


@dataclass(frozen=True)
class Precision:
    """How many bytes an element takes: of the weights, and of the activations."""

    weights: int
    activations: int


# Weights alone become whole numbers of 8 bits; what is computed from them stays 16-bit.
PRECISIONS = {
    "float32": Precision(4, 4),
    "float16": Precision(2, 2),
    "bfloat16": Precision(2, 2),
    "int8": Precision(1, 2),
}
_COMPUTED_AT = 4  # bytes an element, in the data


@dataclass(frozen=True)
class Memory:
    """The memory to compute: at a precision (of PRECISIONS), for so many images at a time."""

    dtype: str = "float32"
    batch: int = 1


def wanted_memory(dtype: str | None, batch: int | None) -> Memory | None:
    """Return the memory that the options --memory and --batch request, None for none; InputError for a bad value."""
    if dtype is None:
        if batch is not None:
            raise InputError("--batch: how many images --memory is for; expected both")
        return None
    _check(dtype, "--memory", " (and a table before the option)")
    return Memory(dtype, batch or 1)


def checked_dtype(dtype: str | None) -> str | None:
    """Return the *dtype* of the option --dtype; InputError if it is none of PRECISIONS."""
    if dtype is not None:
        _check(dtype, "--dtype")
    return dtype


def join_memory(table: Table, names: pd.Series[str], elements: pd.Series[float], wanted: Memory) -> Joined:
    """Return MEMORY_COLUMNS for the rows of *table*: MB (10^6 bytes) as text, empty where nothing is known.

    *names* has each row's model and *elements* how many elements its checkpoint has (NaN where that is not known).
    For an image size that the data does not have, nothing is guessed.
    """
    precision = PRECISIONS[wanted.dtype]
    weights = elements * precision.weights
    has_sizes = any(name in table.columns for name in IMAGE_SIZE.read_from)
    sizes = image_sizes(table) if has_sizes else [float("nan")] * len(names)
    known = activations()
    pairs = zip(names.map({name: architecture(name) for name in names.unique()}), sizes, strict=True)
    single = pd.Series([known.get((name, size), float("nan")) for name, size in pairs], index=names.index)
    live = single * wanted.batch * precision.activations / _COMPUTED_AT
    both = weights + live
    cells = [[_text(value) for value in column] for column in (weights, live, both)]
    named = [wanted.dtype if total else "" for total in cells[2]]
    columns = dict(zip(MEMORY_COLUMNS, [*cells, named], strict=True))
    return Joined("the computed memory figures", columns, int(both.notna().sum()))


def elements_of(name: str, params: int | None) -> float:
    """Return how many elements the checkpoint of *name* has: *params* where a crawl knows, else by the catalogue."""
    if params:
        return float(params)
    entry = entry_of(name)
    return float(sum(entry.elements.values())) if entry else float("nan")


def _check(dtype: str, option: str, hint: str = "") -> None:
    if dtype not in PRECISIONS:
        raise InputError(f"{option} {dtype}: expected {', '.join(PRECISIONS)}{hint}")


def _text(value: float) -> str:
    return "" if pd.isna(value) else format_size(round(value), MB)
