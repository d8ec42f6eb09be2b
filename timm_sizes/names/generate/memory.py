"""Computes what a model takes on a device, per architecture and image size: a row of memory.csv.

Weights are those of the model as it is built: integer buffers and buffers that no file holds take memory too. Some of
what a pass makes exists once, whatever the number of images (standardised weights, cached attention biases), the rest
for each image; which of the two decides the peak can depend on that number.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import timm

from timm_sizes.names.architecture import architecture
from timm_sizes.names.generate import published
from timm_sizes.names.generate.data_files import read_rows, write_rows
from timm_sizes.names.generate.passes import MANY, kept_bytes, live_bytes

if TYPE_CHECKING:
    from torch.nn import Module

FILE = "memory.csv"
KEY = ("architecture", "img_size")
WEIGHTS = ("parameters", "float_elements", "integer_bytes")
LIVE = ("single_image", "few_once", "few_image", "many_once", "many_image")
KEPT = ("kept_once", "kept_image", "kept_autocast_once", "kept_autocast_image")
COLUMNS = (*KEY, *WEIGHTS, *LIVE, *KEPT)
SIZE_COLUMNS = ("img_size", "infer_img_size", "train_img_size")
SAVE_EVERY = 25

Pair = tuple[str, int]
Row = dict[str, str]


def write_memory(tables: Iterable[Path], *, again: bool) -> None:
    """Compute what FILE lacks of the pairs in the benchmark *tables* (*again*: all), and save it every now and then."""
    rows = {} if again else {(row["architecture"], int(row["img_size"])): row for row in read_rows(FILE)}
    todo = sorted({pair for table in tables for pair in pairs(table)} - rows.keys())
    for number, pair in enumerate(todo, start=1):
        if timm.is_model(pair[0]):
            try:
                rows[pair] = memory_row(*pair)
            except Exception as error:  # noqa: BLE001 - whatever a model may raise
                print(f"{pair[0]} at {pair[1]} is left out: {first_line(error)}", file=sys.stderr, flush=True)
        else:
            print(f"{pair[0]} is left out: timm {timm.__version__} does not have it", file=sys.stderr, flush=True)
        if number % SAVE_EVERY == 0 or number == len(todo):
            write_rows(FILE, COLUMNS, (rows[each] for each in sorted(rows)))
            print(f"{FILE}: {number} of {len(todo)} done", flush=True)


def pairs(table: Path) -> set[Pair]:
    """Return each architecture in *table* with each of its image sizes; a table without sizes has none."""
    with table.open(encoding="utf-8", newline="") as file:
        return {
            (architecture(row["model"]), int(float(row[column])))
            for row in csv.DictReader(file)
            for column in SIZE_COLUMNS
            if row.get(column)
        }


def memory_row(name: str, img_size: int) -> Row:
    """Return the row of the architecture *name* for images of *img_size*; KEPT is "" where it cannot be trained."""
    model = build_at(name, img_size)
    figures = dict(zip((*KEY, *WEIGHTS, *LIVE), (name, img_size, *weights(model), *live(model, img_size)), strict=True))
    try:
        figures |= dict(
            zip(KEPT, (*kept_bytes(model, img_size), *kept_bytes(model, img_size, autocast=True)), strict=True)
        )
    except Exception as error:  # noqa: BLE001 - whatever a model may raise
        print(f"{name} at {img_size} is without training: {first_line(error)}", file=sys.stderr, flush=True)
    return {column: str(figures.get(column, "")) for column in COLUMNS}


def weights(model: Module) -> tuple[int, int, int]:
    """Return the parameters of *model*, its elements of floating point, and the bytes of its integers."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    floats = sum(buffer.numel() for buffer in model.buffers() if buffer.is_floating_point())
    return parameters, parameters + floats, sum(it.nbytes for it in model.buffers() if not it.is_floating_point())


def live(model: Module, img_size: int) -> tuple[int, int, int, int, int]:
    """Return the peak for one image; and, for two images and for many, what exists once and what each image adds.

    One image is by itself: with a batch of one some layouts need no copy. Any more take the same steps, and each step
    has what it takes once and for each image: so the peak for N images is that of one of the steps.
    """
    single = max(step.at(1) for step in live_bytes(model, 1, img_size))
    steps = live_bytes(model, MANY, img_size)
    few = max(steps, key=lambda step: (step.at(2), step.image))
    many = max(steps, key=lambda step: (step.image, step.once))
    return single, *few, *many


def build_at(name: str, img_size: int, create: Callable[..., Module] = published.build) -> Module:
    """Return the model *name* from *create*, with as many classes as its default configuration has.

    Some are made for one image size and have to be told it; the others know no such argument.
    """
    try:
        return create(name, img_size=img_size)
    except TypeError as error:
        if "img_size" not in str(error):
            raise
        return create(name)


def first_line(error: Exception) -> str:
    """Return the kind of *error* and the first line of its message."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
