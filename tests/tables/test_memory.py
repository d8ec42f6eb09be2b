"""What a model takes on a device, as merge and pick tell it."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.samples import RESULTS, sizes, write, write_sizes
from tests.workplace import Ended, Workplace
from timm_sizes.names.catalogue import activations, entry_of
from timm_sizes.tables.columns import MEMORY_COLUMNS

R50 = entry_of("resnet50")
assert R50 is not None
WEIGHTS = sum(R50.elements.values())
LIVE = activations()["resnet50", 224.0]


@pytest.fixture
def place(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, sizes().values())
    write(offline.folder / "results.csv", RESULTS + "resnet50.a1_in1k,9999,80,25.56\nunheard_of.x,224,50,1\n")
    return offline


def merged(place: Workplace, *options: str) -> list[dict[str, str]]:
    ended = place.call("merge", str(place.folder / "results.csv"), "-o", "-", *options)
    assert ended.status == 0, ended.err
    return list(csv.DictReader(io.StringIO(ended.out)))


def in_mb(size: float) -> str:
    return f"{size / 1e6:.2f}"


@pytest.mark.parametrize(
    ("dtype", "weight_bytes", "activation_share"),
    [("float32", 4, 1), ("float16", 2, 0.5), ("bfloat16", 2, 0.5), ("int8", 1, 0.5)],
)
def test_weights_and_activations_at_a_precision(
    place: Workplace, dtype: str, weight_bytes: int, activation_share: float
) -> None:
    row = merged(place, "--memory", dtype)[0]
    weights, live = WEIGHTS * weight_bytes, LIVE * activation_share
    expected = [in_mb(weights), in_mb(live), in_mb(weights + live), dtype, "1"]
    assert [row[name] for name in MEMORY_COLUMNS] == expected


def test_float32_unless_said_otherwise_and_activations_grow_with_the_batch(place: Workplace) -> None:
    [one, *_], [eight, *_] = merged(place, "--memory"), merged(place, "--memory", "--batch", "8")
    assert one["memory_dtype"] == "float32"
    assert eight["activations_mb"] == in_mb(8 * LIVE)
    assert eight["weights_mb"] == one["weights_mb"]
    assert (one["memory_batch"], eight["memory_batch"]) == ("1", "8")


def test_nothing_is_guessed(place: Workplace) -> None:
    *_, unknown_size, unknown_model = merged(place, "--memory")
    assert unknown_size["weights_mb"]
    assert [unknown_size[name] for name in MEMORY_COLUMNS[1:]] == [""] * 4
    assert [unknown_model[name] for name in MEMORY_COLUMNS] == [""] * 5


def test_another_model_in_the_repo_says_nothing_of_this_ones_weights(place: Workplace) -> None:
    write(place.folder / "results.csv", "model,img_size,param_count\nresnet50.a1_in1k,224,90.00\n")
    assert [merged(place, "--memory")[0][name] for name in MEMORY_COLUMNS] == [""] * 5


def test_merging_again_replaces_the_columns(place: Workplace) -> None:
    once = place.folder / "once.csv"
    for dtype in ("float16", "int8", "int8"):
        source = once if once.exists() else place.folder / "results.csv"
        assert place.call("merge", str(source), "-o", str(once), "--memory", dtype).status == 0
        header, row, *_ = once.read_text().splitlines()
        assert header.endswith("param_count," + ",".join(MEMORY_COLUMNS))
        assert row.endswith(f",{dtype},1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--memory", "fp4"], "--memory fp4: expected float32, float16, bfloat16, int8"),
        (["--batch", "2"], "--batch: how many images --memory is for"),
        (["--memory", "--batch", "0"], "expected a whole number from 1 to"),
    ],
)
def test_wrong_usage_is_said_in_a_line(place: Workplace, options: list[str], message: str) -> None:
    ended = place.call("merge", str(place.folder / "results.csv"), *options)
    assert ended.status == 2
    assert message in ended.err


def pick(place: Workplace, *options: str) -> Ended:
    return place.call("pick", str(place.folder / "results.csv"), "--format", "json", *options)


def test_picking_under_a_memory_budget(place: Workplace) -> None:
    budget = (WEIGHTS * 4 + LIVE) / 1e6
    names = {row["model"] for row in json.loads(pick(place, "--max-memory", str(budget + 0.01)).out)["rows"]}
    assert "resnet50.a1_in1k" in names
    less = pick(place, "--max-memory", str(budget - 0.01), "--family", "resnet", "--img-size", "224")
    assert "resnet50.a1_in1k" not in {row["model"] for row in json.loads(less.out)["rows"]}


def test_a_size_limit_at_a_precision(place: Workplace) -> None:
    rows = json.loads(pick(place, "--max-mb", "60", "--dtype", "float16", "--family", "resnet").out)["rows"]
    assert {(row["model"], row["status"]) for row in rows} == {
        ("resnet50.a1_in1k", "estimated"),
        ("resnet18.a1_in1k", "estimated"),
    }
    assert rows[0]["size_mb"] == pytest.approx(WEIGHTS * 2 / 1e6, rel=1e-4)
    assert "--dtype fp4: expected float32" in pick(place, "--dtype", "fp4").err
