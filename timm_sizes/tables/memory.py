"""Computes what a model takes on a device, as far as that is tensors: weights, activations, and training.

It is the least that a device needs; a runtime adds to it. What the data says is of timm's models as they are built
(names/generate/memory.py): integers stay as wide as they are, whatever the precision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture, timm_name
from timm_sizes.names.catalogue import BuiltModel, Line, built_models, entry_of
from timm_sizes.tables.columns import MAX_BATCH, MEMORY_COLUMNS, TRAINING_COLUMNS
from timm_sizes.units import parse_size

# Bytes an element. A size can be of 8-bit weights; what a runtime then computes with is its own affair.
MEMORY_DTYPES = {"float32": 4, "float16": 2, "bfloat16": 2}
SIZE_DTYPES = MEMORY_DTYPES | {"int8": 1}
_SHORT = {"fp32": "float32", "float": "float32", "fp16": "float16", "half": "float16", "bf16": "bfloat16"}
_COUNTERS = {"I64": 8, "BOOL": 1}
_COMPUTED_AT = 4  # bytes an element, in the data

MEMORY_NEEDS = "memory is computed where there is an img_size, in float32, float16 or bfloat16"

# The tensors of an optimizer's state, each as large as the parameters: AdamW's two moments, the momentum of SGD.
OPTIMIZERS = {"adamw": 2, "sgd": 1, "none": 0}


@dataclass(frozen=True)
class Memory:
    """The memory to compute: at a precision, for so many images at a time, and for training with an optimizer.

    Training at 16 bits is autocast: the weights stay float32. With ``device_bytes`` the largest batch that fits them is
    wanted too.
    """

    dtype: str = "float32"
    batch: int = 1
    optimizer: str = ""
    device_bytes: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that a merge adds for it."""
        training = TRAINING_COLUMNS if self.optimizer else ()
        return (*MEMORY_COLUMNS, *training, *([MAX_BATCH] if self.device_bytes else []))

    @property
    def width(self) -> int:
        """The bytes of an element."""
        return MEMORY_DTYPES[self.dtype]


def wanted_memory(
    dtype: str | None, batch: int | None, optimizer: str | None = None, device: str | None = None
) -> Memory | None:
    """Return the memory that --memory, --batch, --training and --device-memory request, None for none of them.

    Raises InputError for a bad value.
    """
    if dtype is None and optimizer is None and device is None:
        if batch is not None:
            raise InputError("--batch: how many images --memory or --training is for; expected one of them too")
        return None
    dtype = known_dtype("float32" if dtype is None else dtype, "--memory", SIZE_DTYPES)
    if dtype not in MEMORY_DTYPES:
        raise InputError(
            f"--memory {dtype}: a size, not a memory: runtimes differ in which layers they quantise, and keep the"
            f" activations in float32 or widen them; expected {', '.join(MEMORY_DTYPES)}"
        )
    if optimizer is not None and optimizer not in OPTIMIZERS:
        raise InputError(f"--training {optimizer}: expected {', '.join(OPTIMIZERS)} (and a table before the option)")
    return Memory(dtype, batch or 1, optimizer or "", 0 if device is None else device_bytes(device))


def device_bytes(text: str) -> int:
    """Return the bytes of a device's memory as people write it: 8GB, 512MB, 8GiB; InputError for anything else."""
    try:
        return parse_size(text)
    except ValueError:
        raise InputError(f"--device-memory {text}: expected a size with its unit, such as 8GB or 8GiB") from None


def known_dtype(dtype: str, option: str, known: Mapping[str, int]) -> str:
    """Return which of *known* the *dtype* of an *option* is (half: float16); InputError for none."""
    name = _SHORT.get(dtype.lower(), dtype.lower())
    if name not in known:
        raise InputError(f"{option} {dtype}: expected {', '.join(known)} (and a table before the option)")
    return name


@dataclass(frozen=True)
class Footprint:
    """What a model takes, as ``wanted``, in bytes; None where it is not known.

    Weights are ``from_file`` where they follow from the checkpoint's dtypes and not from the model as it is built: that
    may have buffers which no file holds. ``inference`` has the lines whose largest is the peak of the activations for
    two images and more, ``training`` all that training takes.
    """

    wanted: Memory
    weights: int | None
    from_file: bool = False
    single_image: int | None = None
    inference: tuple[Line, ...] = ()
    training: Line | None = None

    @property
    def activations(self) -> int | None:
        """The peak of the activations."""
        if self.wanted.batch == 1 or self.single_image is None:
            return self.single_image
        return max(line.at(self.wanted.batch) for line in self.inference)

    @property
    def total(self) -> int | None:
        """The weights and the activations together."""
        return None if self.weights is None or self.activations is None else self.weights + self.activations

    @property
    def training_total(self) -> int | None:
        """Parameters, gradients, the optimizer's state, and what autograd keeps for the backward pass."""
        return self.training.at(self.wanted.batch) if self.training else None

    @property
    def largest_batch(self) -> int | None:
        """How many images at a time the device has room for, in training if that is wanted; 0 for none."""
        if not self.wanted.device_bytes:
            return None
        if self.wanted.optimizer:
            return None if self.training is None else _images(self.training, self.wanted.device_bytes)
        if self.weights is None or self.single_image is None:
            return None
        room = self.wanted.device_bytes - self.weights
        images = min(_images(line, room) for line in self.inference)
        return images if images > 1 else int(self.single_image <= room)

    @property
    def figures(self) -> dict[str, int | str | None]:
        """What it is by column, sizes in bytes; None for what is not known, and what it is of too then."""
        wanted, total, training = self.wanted, self.total, self.training_total
        return {
            "weights_mb": self.weights,
            "activations_mb": self.activations,
            "memory_mb": total,
            "memory_dtype": None if total is None else wanted.dtype,
            "memory_batch": None if total is None else wanted.batch,
            "training_memory_mb": training,
            "training_optimizer": None if training is None else wanted.optimizer,
            MAX_BATCH: self.largest_batch,
        }


def memory_of(name: str, img_size: float, elements: Mapping[str, int] | None, wanted: Memory) -> Footprint:
    """Return what the model *name* takes for images of *img_size* pixels, as *wanted*.

    *elements* are those of its checkpoint by dtype, None where they are not known: they count where the data has not
    the architecture at that size, and then nothing but the weights is known.
    """
    built = built_models().get((architecture(name), img_size))
    entry, default = entry_of(timm_name(name)), entry_of(architecture(name))
    if built is None or entry is None or default is None:
        weights = weight_bytes(elements, wanted.width)
        return Footprint(wanted, weights, from_file=weights is not None)
    # The data is of the default checkpoint's classes; another's may have a larger head.
    more = entry.params - default.params
    return Footprint(
        wanted,
        (built.float_elements + more) * wanted.width + built.integer_bytes,
        single_image=_scaled(built.single_image, wanted),
        inference=tuple(Line(*(_scaled(size, wanted) for size in line)) for line in (built.few, built.many)),
        training=_training(built, more, wanted) if wanted.optimizer else None,
    )


def _training(built: BuiltModel, more: int, wanted: Memory) -> Line | None:
    kept = built.kept if wanted.dtype == "float32" else built.kept_autocast
    if kept is None:
        return None
    floats = built.float_elements + more
    gradients_and_state = (built.parameters + more) * (1 + OPTIMIZERS[wanted.optimizer])
    return Line((floats + gradients_and_state) * _COMPUTED_AT + built.integer_bytes + kept.once, kept.image)


def weight_bytes(elements: Mapping[str, int] | None, width: int) -> int | None:
    """Return the bytes of *elements* with the floating-point ones of *width*; None for unknown or packed ones.

    BatchNorm counts in 64 bits; other integers in a checkpoint are quantised weights, several of them in one perhaps.
    """
    if not elements:
        return None
    widths = {dtype: width if "F" in dtype else _COUNTERS.get(dtype) for dtype in elements}
    if None in widths.values():
        return None
    return sum(count * (widths[dtype] or 0) for dtype, count in elements.items())


def _scaled(size: int, wanted: Memory) -> int:
    return round(size * wanted.width / _COMPUTED_AT)


def _images(line: Line, room: int) -> int:
    return max(0, (room - line.once) // line.image)
