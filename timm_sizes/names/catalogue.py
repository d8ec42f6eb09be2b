"""The shipped facts about timm's pretrained models: names, Hub repos, and sizes computed from the model definitions.

The files in data/ are made by ``python -m timm_sizes.names.generate``; nothing here was read from the Hub.
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
    """One pretrained model: its repo ("" where the Hub has none) and what its checkpoint should weigh."""

    model: str
    repo_id: str
    license: str
    params: int
    dtype: str
    size_bytes: int
    size_basis: str


@dataclass(frozen=True)
class Alias:
    """A name that stands for a checkpoint: an architecture (kind "default") or an old name (kind "deprecated")."""

    model: str
    kind: str


@cache
def checkpoints() -> dict[str, CatalogueEntry]:
    """Return the entry of every pretrained model of timm, by its full name (``resnet50.a1_in1k``)."""
    return {
        row["model"]: CatalogueEntry(
            model=row["model"],
            repo_id=row["repo_id"],
            license=row["license"],
            params=int(row["params"]),
            dtype=row["dtype"],
            size_bytes=int(row["size_bytes"]),
            size_basis=row["size_basis"],
        )
        for row in _rows("checkpoints.csv")
    }


@cache
def by_repo_id() -> dict[str, CatalogueEntry]:
    """Return the entries that have a repo, by repo id; names that share one give the same figures."""
    return {entry.repo_id: entry for entry in reversed(checkpoints().values()) if entry.repo_id}


@cache
def aliases() -> dict[str, Alias]:
    """Return what each architecture and each deprecated name stands for; model "" means that it has no weights."""
    return {row["name"]: Alias(row["model"], row["kind"]) for row in _rows("names.csv")}


def _rows(filename: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(files(data).joinpath(filename).read_text(encoding="utf-8").splitlines())
