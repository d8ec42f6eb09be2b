"""The computed memory beside the measured one; tests/benchmarks/memory.py did the measuring, others did on GPUs."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from tests.names.measured import Row, computed, errors, rows
from timm_sizes.names import data
from timm_sizes.names.architecture import family
from timm_sizes.names.catalogue import built_models, entry_of

MEASURED = rows()


def measured(figure: str, images: str) -> list[Row]:
    return [row for row in MEASURED if (row["figure"], row["images"]) == (figure, images)]


def ratios(figure: str, images: str) -> list[float]:
    return [computed(row) / int(row["measured_bytes"]) for row in measured(figure, images)]


def test_figures_are_sorted_and_make_sense() -> None:
    assert all(one < other for one, other in pairwise(built_models()))
    for (name, img_size), built in built_models().items():
        image = 3 * img_size**2 * 4
        assert built.single_image > image, name
        assert built.few.image >= image, name
        assert built.many.image >= built.few.image, name
        assert built.few.at(2) >= built.many.at(2), name
        assert built.float_elements >= built.parameters, name
        if built.kept and built.kept_autocast:
            assert built.kept.image > image, name
            assert built.kept_autocast.image > image / 2, name


def test_models_at_their_own_size_have_the_parameters_that_the_catalogue_has() -> None:
    parameters: dict[str, set[int]] = defaultdict(set)
    for (name, _), built in built_models().items():
        parameters[name].add(built.parameters)
    assert len(parameters) > 1_200
    unlike = [name for name, counts in parameters.items() if (entry := entry_of(name)) and entry.params not in counts]
    # Their checkpoints are of an image size that no table has.
    assert len(unlike) < 0.02 * len(parameters), unlike


def test_many_models_of_many_families_were_measured() -> None:
    for figure, images, models, families in (
        ("activations", "1", 170, 150),
        ("activations", "8", 25, 20),
        ("training", "2", 25, 15),
    ):
        found = [row["architecture"] for row in measured(figure, images)]
        assert len(found) >= models
        assert len(set(map(family, found))) >= families


def test_weights_are_those_that_a_device_holds() -> None:
    assert ratios("weights", "1") == pytest.approx([1] * 9, abs=1e-3)


@pytest.mark.parametrize(("figure", "images"), [("activations", "1"), ("activations", "8"), ("training", "2")])
def test_median_is_within_5_percent_and_9_in_10_within_15(figure: str, images: str) -> None:
    found = ratios(figure, images)
    assert sorted(found)[len(found) // 2] == pytest.approx(1, abs=0.05)
    assert sum(abs(ratio - 1) <= 0.15 for ratio in found) >= 0.9 * len(found)


def test_training_on_a_gpu_keeps_what_is_computed() -> None:
    found = ratios("kept and weights", "4")
    assert len(found) == 4
    assert all(0.91 < ratio < 0.99 for ratio in found)


def test_a_gpus_libraries_add_some_20_mb() -> None:
    for row in measured("inference", "1"):
        assert 4e6 < int(row["measured_bytes"]) - computed(row) < 21e6, row


def test_workspaces_only_add() -> None:
    for row in measured("activations", "1"):
        assert int(row["with_workspaces_bytes"]) >= int(row["measured_bytes"]), row


def test_the_readme_says_how_far_computed_memory_is_from_the_measurements() -> None:
    assert errors() in (Path(data.__file__).parents[2] / "README.md").read_text(encoding="utf-8")
