"""What a model takes on a device: figures of timm's models as they are built, and how merge and pick show them."""

from __future__ import annotations

import csv
import io
import json
from math import nan

import pytest

from tests.samples import RESULTS, sizes, write, write_sizes
from tests.workplace import Ended, Workplace
from timm_sizes.errors import InputError
from timm_sizes.names.catalogue import built_models, checkpoints, entry_of
from timm_sizes.tables.columns import MEMORY_COLUMNS
from timm_sizes.tables.memory import Memory, memory_of, wanted_memory

MB = 10**6
BUILT = built_models()["resnet50", 224.0]


def mb(size: float | None) -> float:
    assert size is not None
    return round(size / MB, 1)


@pytest.mark.parametrize(
    ("name", "img_size", "float32", "float16"),
    [
        ("tiny_vit_21m_512.dist_in22k_ft_in1k", 512, 137.6, 95.0),
        ("beit_large_patch16_512.in22k_ft_in22k_in1k", 512, 1424.5, 813.1),
        ("swinv2_base_window12to24_192to384.ms_in22k_ft_in1k", 384, 437.4, 248.1),
        ("coatnet_rmlp_2_rw_384", 384, 333.4, 185.4),
        ("resnet50.a1_in1k", 224, 102.4, 51.2),
    ],
)
def test_weights_have_the_integers_and_buffers_that_no_file_holds(
    name: str, img_size: int, float32: float, float16: float
) -> None:
    found = [memory_of(name, img_size, None, Memory(dtype)).weights for dtype in ("float32", "float16", "bfloat16")]
    assert [*map(mb, found)] == [float32, float16, float16]


@pytest.mark.parametrize(
    ("name", "img_size", "images", "expected"),
    [
        ("tiny_vit_21m_512.dist_in22k_ft_in1k", 512, 1, 442.0),
        ("tiny_vit_21m_384.dist_in22k_ft_in1k", 384, 8, 489.4),
        ("levit_256.fb_dist_in1k", 224, 8, 30.5),
        ("resnetv2_50x3_bit.goog_in21k_ft_in1k", 224, 8, 332.4),
        ("resnet50.a1_in1k", 224, 8, 88.3),
    ],
)
def test_what_exists_once_is_counted_once(name: str, img_size: int, images: int, expected: float) -> None:
    footprint = memory_of(name, img_size, None, Memory(batch=images))
    assert mb(footprint.activations) == expected
    assert footprint.total == (footprint.weights or 0) + (footprint.activations or 0)


def test_a_checkpoint_with_more_classes_has_the_larger_head() -> None:
    names = ("vit_base_patch16_224.augreg2_in21k_ft_in1k", "vit_base_patch16_224.augreg_in21k")
    small, large = (memory_of(name, 224, None, Memory()).weights or 0 for name in names)
    assert large - small == 4 * (checkpoints()[names[1]].params - checkpoints()[names[0]].params) > 60 * MB


@pytest.mark.parametrize(
    ("elements", "weights"),
    [
        ({"F32": 100, "I64": 2}, 216),
        ({"BF16": 100}, 200),
        ({"U32": 100, "BF16": 3}, None),
        ({"": 100}, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("name", ["hf-hub:org/model", "unheard_of.x"])
def test_outside_the_catalogue_weights_follow_from_the_files_dtypes(
    name: str, elements: dict[str, int] | None, weights: int | None
) -> None:
    footprint = memory_of(name, 224, elements, Memory("bfloat16", optimizer="adamw"))
    assert (footprint.weights, footprint.from_file) == (weights, weights is not None)
    assert (footprint.activations, footprint.total, footprint.training_total) == (None, None, None)


def test_at_another_image_size_nothing_but_the_weights_is_known() -> None:
    entry = entry_of("resnet50")
    assert entry
    for img_size in (9999, nan):
        footprint = memory_of("resnet50.a1_in1k", img_size, entry.elements, Memory())
        assert (footprint.weights, footprint.from_file, footprint.total) == (BUILT.float_elements * 4 + 424, True, None)


@pytest.mark.parametrize("name", ["resnet50", "timm/resnet50.a1_in1k", "hf-hub:timm/resnet50.a1_in1k"])
@pytest.mark.parametrize(("optimizer", "copies"), [("adamw", 4), ("sgd", 3), ("none", 2)])
def test_training_is_weights_gradients_state_and_what_autograd_keeps(name: str, optimizer: str, copies: int) -> None:
    footprint = memory_of(name, 224, None, Memory(batch=4, optimizer=optimizer))
    assert BUILT.kept
    buffers = (BUILT.float_elements - BUILT.parameters) * 4 + BUILT.integer_bytes
    assert footprint.training_total == copies * BUILT.parameters * 4 + buffers + BUILT.kept.at(4)


def test_autocast_keeps_less_and_its_weights_stay_float32() -> None:
    full, half = (
        memory_of("convnext_tiny", 224, None, Memory(dtype, 32, "adamw")) for dtype in ("float32", "bfloat16")
    )
    assert (half.weights or 0) < 0.51 * (full.weights or 0)
    assert 0.5 < (half.training_total or 0) / (full.training_total or 1) < 0.75


@pytest.mark.parametrize("optimizer", ["", "sgd"])
@pytest.mark.parametrize("name", ["resnetv2_50x3_bit", "levit_256", "resnet50"])
def test_the_largest_batch_fits_and_one_more_does_not(name: str, optimizer: str) -> None:
    for room in (10**9, 2 * 10**9, 8 * 2**30):
        largest = memory_of(name, 224, None, Memory(optimizer=optimizer, device_bytes=room)).largest_batch
        assert largest is not None
        for images in (largest, largest + 1):
            footprint = memory_of(name, 224, None, Memory(batch=images, optimizer=optimizer))
            needed = footprint.training_total if optimizer else footprint.total
            assert images == 0 or ((needed or 0) <= room) == (images == largest)


def test_no_batch_fits_where_the_weights_do_not_and_none_is_known_without_figures() -> None:
    assert memory_of("resnet50", 224, None, Memory(device_bytes=100 * MB)).largest_batch == 0
    assert memory_of("resnet50", 9999, None, Memory(device_bytes=8 * 10**9)).largest_batch is None


@pytest.mark.parametrize("text", ["8", "8 apples", "-8GB", ""])
def test_device_memory_is_a_size_with_its_unit(text: str) -> None:
    with pytest.raises(InputError, match=r"--device-memory .*: expected a size with its unit, such as 8GB or 8GiB"):
        wanted_memory(None, None, None, text or " ")


@pytest.fixture
def place(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, sizes().values())
    write(offline.folder / "results.csv", RESULTS + "resnet50.a1_in1k,9999,80,25.56\nunheard_of.x,224,50,1\n")
    return offline


def merged(place: Workplace, *options: str) -> list[dict[str, str]]:
    ended = place.call("merge", str(place.folder / "results.csv"), "-o", "-", *options)
    assert ended.status == 0, ended.err
    return list(csv.DictReader(io.StringIO(ended.out)))


def test_merge_adds_what_is_wanted_and_guesses_nothing(place: Workplace) -> None:
    first, *_, unknown_size, unknown_model = merged(place, "--memory", "bf16", "--training", "--device-memory", "4GiB")
    wanted = Memory("bfloat16", 1, "adamw", 4 * 2**30)
    footprint = memory_of("resnet50.a1_in1k", 224, None, wanted)
    assert [first[name] for name in wanted.columns] == [
        *(f"{(size or 0) / MB:.2f}" for size in (footprint.weights, footprint.activations, footprint.total)),
        "bfloat16",
        "1",
        f"{(footprint.training_total or 0) / MB:.2f}",
        "adamw",
        str(footprint.largest_batch),
    ]
    assert unknown_size["weights_mb"]
    assert {unknown_size[name] for name in wanted.columns[1:]} == {""}
    assert {unknown_model[name] for name in wanted.columns} == {""}


def test_another_model_in_the_repo_says_nothing_of_this_one(place: Workplace) -> None:
    write(place.folder / "results.csv", "model,img_size,param_count\nresnet50.a1_in1k,224,90.00\n")
    assert [merged(place, "--memory")[0][name] for name in MEMORY_COLUMNS] == [""] * 5


def test_merging_again_replaces_the_columns(place: Workplace) -> None:
    source, once = place.folder / "results.csv", place.folder / "once.csv"
    for options in (["--training"], ["--memory", "float16"], ["--memory", "half", "--batch", "1"]):
        assert place.call("merge", str(source), "-o", str(once), *options).status == 0
        source = once
    header, row, *_ = once.read_text().splitlines()
    assert header.endswith("param_count," + ",".join(MEMORY_COLUMNS))
    assert row.endswith(",float16,1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--memory", "fp4"], "--memory fp4: expected float32, float16, bfloat16"),
        (["--memory", "int8"], "--memory int8: a size, not a memory: runtimes differ in which layers they quantise"),
        (["--training", "lion"], "--training lion: expected adamw, sgd, none"),
        (["--batch", "2"], "--batch: how many images --memory or --training is for"),
        (["--memory", "--batch", "0"], "expected a whole number from 1"),
    ],
)
def test_wrong_usage_is_reported_in_a_line(place: Workplace, options: list[str], message: str) -> None:
    ended = place.call("merge", str(place.folder / "results.csv"), *options)
    assert ended.status == 2
    assert message in ended.err


def pick(place: Workplace, *options: str) -> Ended:
    return place.call("pick", str(place.folder / "results.csv"), "--format", "json", *options)


def test_picking_under_a_memory_budget(place: Workplace) -> None:
    budget = (memory_of("resnet50.a1_in1k", 224, None, Memory()).total or 0) / MB
    names = {row["model"] for row in json.loads(pick(place, "--max-memory", str(budget + 0.01)).out)["rows"]}
    assert "resnet50.a1_in1k" in names
    less = pick(place, "--max-memory", str(budget - 0.01), "--family", "resnet", "--img-size", "224")
    assert "resnet50.a1_in1k" not in {row["model"] for row in json.loads(less.out)["rows"]}


def test_a_size_limit_at_a_precision(place: Workplace) -> None:
    entry = entry_of("resnet50")
    assert entry
    for dtype, width in (("half", 2), ("int8", 1)):
        rows = json.loads(pick(place, "--max-mb", "60", "--dtype", dtype, "--family", "resnet").out)["rows"]
        assert {(row["model"], row["status"]) for row in rows} == {
            ("resnet50.a1_in1k", "estimated"),
            ("resnet18.a1_in1k", "estimated"),
        }
        assert rows[0]["size_mb"] == pytest.approx(entry.params * width / MB, rel=3e-3)
    assert "--dtype fp4: expected float32" in pick(place, "--dtype", "fp4").err
