"""The shipped facts about timm's models: names, Hub repos, and sizes computed from the model definitions.

The files in data/ are made by ``python -m timm_sizes.names.generate``; no size in them was asked of the Hub.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from timm_sizes.names import data

TIMM_VERSION = files(data).joinpath("timm_version.txt").read_text(encoding="utf-8").strip()


@dataclass(frozen=True)
class CatalogueEntry:
    """One model: its repo ("" where the Hub has none) and what its checkpoint should weigh.

    ``f32`` and ``i64`` count the elements of those dtypes in the file, buffers included; the size is 8 +
    ``header_bytes`` + 4 × ``f32`` + 8 × ``i64``, unless its basis is "displayed".
    """

    model: str
    repo_id: str
    license: str
    params: int
    dtype: str
    f32: int
    i64: int
    header_bytes: int
    size_bytes: int
    size_basis: str

    @property
    def elements(self) -> dict[str, int]:
        """The elements by dtype, as ``safetensors.parameters`` on the Hub has them: no key for a dtype without any."""
        return {dtype: count for dtype, count in (("F32", self.f32), ("I64", self.i64)) if count}


@dataclass(frozen=True)
class Alias:
    """A name that stands for a checkpoint ("" for none).

    Its kind is "default" (an architecture), "deprecated" (an old name) or "untrained" (a tag without weights).
    """

    model: str
    kind: str


class Line(NamedTuple):
    """Bytes that grow with the number of images: what exists ``once``, and what each ``image`` adds."""

    once: int
    image: int

    def at(self, images: int) -> int:
        """Return the bytes for so many *images*."""
        return self.once + images * self.image


@dataclass(frozen=True)
class BuiltModel:
    """What a model takes on a device as timm builds it, in float32 for images of one size; in bytes but for elements.

    ``float_elements`` has the ``parameters`` and buffers. A forward pass has a peak of ``single_image`` with one image,
    and with more of the larger of two lines: ``few`` decides at two images, ``many`` in the end, and most models have
    one for both. ``kept`` is what autograd keeps for the backward pass, None for a model that timm cannot train.
    """

    parameters: int
    float_elements: int
    integer_bytes: int
    single_image: int
    few: Line
    many: Line
    kept: Line | None
    kept_autocast: Line | None


@cache
def checkpoints() -> dict[str, CatalogueEntry]:
    """Return the entry of every pretrained model of timm, by its full name (``resnet50.a1_in1k``)."""
    return {row["model"]: _entry(row) for row in _rows("checkpoints.csv")}


@cache
def architectures() -> dict[str, CatalogueEntry]:
    """Return what the checkpoint of each architecture without published weights would weigh, by the architecture."""
    unpublished = {"repo_id": "", "license": "", "size_basis": "computed"}
    return {row["model"]: _entry(row | unpublished) for row in _rows("architectures.csv")}


@cache
def by_repo_id() -> dict[str, CatalogueEntry]:
    """Return the entries that have a repo, by repo id; names that share one give the same figures."""
    return {entry.repo_id: entry for entry in reversed(checkpoints().values()) if entry.repo_id}


@cache
def aliases() -> dict[str, Alias]:
    """Return what each name that is not a checkpoint's stands for; model "" means that it has no weights."""
    return {row["name"]: Alias(row["model"], row["kind"]) for row in _rows("names.csv")}


def entry_of(name: str) -> CatalogueEntry | None:
    """Return the entry of a checkpoint's name, an architecture's or an old one, published or not; None if unknown."""
    alias = aliases().get(name)
    return checkpoints().get(alias.model if alias and alias.model else name) or architectures().get(name)


@cache
def built_models() -> dict[tuple[str, float], BuiltModel]:
    """Return what each architecture takes on a device for images of a size in pixels, by the two."""
    return {(row["architecture"], float(row["img_size"])): _built(row) for row in _rows("memory.csv")}


def _rows(filename: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(files(data).joinpath(filename).read_text(encoding="utf-8").splitlines())


def _entry(row: dict[str, str]) -> CatalogueEntry:
    return CatalogueEntry(
        model=row["model"],
        repo_id=row["repo_id"],
        license=row["license"],
        params=int(row["params"]),
        dtype=row["dtype"],
        f32=int(row["f32"]),
        i64=int(row["i64"]),
        header_bytes=int(row["header_bytes"]),
        size_bytes=int(row["size_bytes"]),
        size_basis=row["size_basis"],
    )


def _built(row: dict[str, str]) -> BuiltModel:
    def line(name: str) -> Line:
        return Line(int(row[f"{name}_once"]), int(row[f"{name}_image"]))

    return BuiltModel(
        parameters=int(row["parameters"]),
        float_elements=int(row["float_elements"]),
        integer_bytes=int(row["integer_bytes"]),
        single_image=int(row["single_image"]),
        few=line("few"),
        many=line("many"),
        kept=line("kept") if row["kept_once"] else None,
        kept_autocast=line("kept_autocast") if row["kept_autocast_once"] else None,
    )
