"""The shipped facts about timm's models: names, Hub repos, and sizes computed from the model definitions.

The files in data/ are made by ``python -m timm_sizes.names.generate``; no size in them was asked of the Hub.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from timm_sizes.names import data

TIMM_VERSION = "1.0.31"


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
def activations() -> dict[tuple[str, float], int]:
    """Return the peak of live tensors in bytes, by architecture and image size in pixels: float32, one image."""
    rows = _rows("activations.csv")
    return {(row["architecture"], float(row["img_size"])): int(row["activation_bytes"]) for row in rows}


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
