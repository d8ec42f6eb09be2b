"""The computed memory of a forward pass beside the measured one; tests/benchmarks/memory.py did the measuring."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest

from timm_sizes.names import data
from timm_sizes.names.architecture import family

COMPUTED = Path(data.__file__).parent / "activations.csv"
MEASURED = Path(__file__).parent / "measured_activations.csv"


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pair(row: dict[str, str]) -> tuple[str, int]:
    return row["architecture"], int(row["img_size"])


@pytest.fixture(scope="module")
def computed() -> list[dict[str, str]]:
    return read(COMPUTED)


@pytest.fixture(scope="module")
def measured() -> list[dict[str, str]]:
    return read(MEASURED)


@pytest.fixture(scope="module")
def ratios(measured: list[dict[str, str]]) -> list[float]:
    return [int(row["computed_bytes"]) / int(row["measured_bytes"]) for row in measured]


def test_figures_are_sorted_and_none_comes_twice(computed: list[dict[str, str]]) -> None:
    assert all(one < other for one, other in pairwise(map(pair, computed)))


def test_no_figure_is_less_than_the_input(computed: list[dict[str, str]]) -> None:
    for row in computed:
        assert int(row["activation_bytes"]) > 3 * int(row["img_size"]) ** 2 * 4, row


def test_many_models_of_many_families_were_measured(measured: list[dict[str, str]]) -> None:
    assert len(measured) >= 60
    assert len({family(row["architecture"]) for row in measured}) >= 40


def test_measured_figures_stand_beside_those_of_today(
    computed: list[dict[str, str]], measured: list[dict[str, str]]
) -> None:
    figures = {pair(row): row["activation_bytes"] for row in computed}
    assert {pair(row): row["computed_bytes"] for row in measured} == {pair(row): figures[pair(row)] for row in measured}


def test_median_is_within_5_percent(ratios: list[float]) -> None:
    assert median(ratios) == pytest.approx(1, abs=0.05)


def test_9_in_10_models_are_within_15_percent(ratios: list[float]) -> None:
    assert sum(abs(ratio - 1) <= 0.15 for ratio in ratios) >= 0.9 * len(ratios)


def test_workspaces_only_add(measured: list[dict[str, str]]) -> None:
    for row in measured:
        assert int(row["with_workspaces_bytes"]) >= int(row["measured_bytes"]), row
