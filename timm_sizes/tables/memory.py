"""What a model takes on a device: its weights at a precision, and its activations for images of a size. Computed.

Activations are the peak of live tensors in a forward pass, from the data that names/activations.py makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from timm_sizes.errors import InputError
from timm_sizes.names.catalogue import activations


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
_SHORT = {"fp32": "float32", "float": "float32", "fp16": "float16", "half": "float16", "bf16": "bfloat16"}
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
        dtype = _SHORT.get(dtype.lower(), dtype.lower())
        _check(dtype, "--dtype")
    return dtype


@dataclass(frozen=True)
class Footprint:
    """The bytes that a model takes: its weights, its activations, and both; None where they are not known."""

    weights: int | None
    activations: int | None

    @property
    def total(self) -> int | None:
        """The weights and the activations together."""
        return None if self.weights is None or self.activations is None else self.weights + self.activations


def memory_of(architecture: str, img_size: float, elements: Mapping[str, int] | None, wanted: Memory) -> Footprint:
    """Return what a model of *architecture* takes for images of *img_size* pixels, as *wanted*.

    *elements* are those of its checkpoint by dtype, None where they are not known. For an image size that the data
    does not have, nothing is guessed.
    """
    precision = PRECISIONS[wanted.dtype]
    single = activations().get((architecture, img_size))
    return Footprint(
        sum(elements.values()) * precision.weights if elements else None,
        round(single * wanted.batch * precision.activations / _COMPUTED_AT) if single else None,
    )


def _check(dtype: str, option: str, hint: str = "") -> None:
    if dtype not in PRECISIONS:
        raise InputError(f"{option} {dtype}: expected {', '.join(PRECISIONS)}{hint}")
