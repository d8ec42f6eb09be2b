"""The shipped sizes against real ones, and that the files made by generate.py fit each other.

real_sizes.csv holds sizes of model.safetensors files on the Hub as people recorded them in public, with the date on
which they were seen.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from timm_sizes.hub.endpoints import is_repo_id
from timm_sizes.names.architecture import architecture
from timm_sizes.names.catalogue import CatalogueEntry, aliases, architectures, by_repo_id, checkpoints

with Path(__file__).with_name("real_sizes.csv").open(encoding="utf-8", newline="") as file:
    REAL_SIZES = {row["repo_id"]: int(row["size_bytes"]) for row in csv.DictReader(file)}


@pytest.mark.parametrize("repo_id", REAL_SIZES)
def test_computed_size_is_the_size_of_the_published_file(repo_id: str) -> None:
    assert by_repo_id()[repo_id].size_bytes == REAL_SIZES[repo_id]


def test_catalogue_is_sound() -> None:
    assert len(checkpoints()) > 1_800
    assert all(entry.size_bytes > 1_000_000 or "test_" in entry.model for entry in checkpoints().values())
    assert all(is_repo_id(repo_id) for repo_id in by_repo_id())
    assert {alias.model for alias in aliases().values()} <= {"", *checkpoints()}


def test_no_size_is_the_rounded_one_of_the_hubs_page() -> None:
    assert {entry.size_basis for entry in checkpoints().values()} == {"computed"}


@pytest.mark.parametrize("entries", [checkpoints(), architectures()], ids=["checkpoints", "architectures"])
def test_size_is_header_and_elements(entries: dict[str, CatalogueEntry]) -> None:
    for entry in entries.values():
        assert entry.size_bytes == 8 + entry.header_bytes + 4 * entry.f32 + 8 * entry.i64, entry
        assert entry.f32 >= entry.params, entry
        assert entry.dtype == "F32", entry


def test_swin_checkpoint_counts_the_buffers_that_were_published() -> None:
    # Two blocks of four are shifted: masks of 64, 16, 4, 4 and 4 windows; 12 blocks have an index of 49 × 49.
    entry = checkpoints()["swin_tiny_patch4_window7_224.ms_in1k"]
    assert (entry.f32 - entry.params, entry.i64) == ((64 + 16 + 3 * 4) * 49**2, 12 * 49**2)


def test_elements_are_counted_by_dtype_as_the_hub_does() -> None:
    # 20 BatchNorms, each with a mean and a variance beside its parameters, and an integer counter.
    resnet = checkpoints()["resnet18.a1_in1k"]
    assert resnet.elements == {"F32": resnet.params + 2 * 4_800, "I64": 20}
    vit = checkpoints()["vit_base_patch16_224.orig_in21k_ft_in1k"]
    assert vit.elements == {"F32": vit.params}


def test_every_architecture_without_weights_has_the_size_that_it_would_have() -> None:
    names = {name for name, alias in aliases().items() if alias.kind == "default" and not alias.model}
    assert set(architectures()) == names
    entry = architectures()["mixer_s16_224"]
    assert (entry.repo_id, entry.params) == ("", 18_528_264)
    assert 4 * entry.params < entry.size_bytes < 4 * entry.params + 20_000
    assert architectures()[architecture("timm/mixer_s16_224.untrained")] == entry
