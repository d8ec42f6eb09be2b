"""``scrapy merge --speed`` and ``--accuracy``: what other tables say of a row, joined by name and image size."""

from __future__ import annotations

import csv
import io
import json
from math import nan
from pathlib import Path

import pytest

from tests.samples import RESULTS, SPEED, sizes, write, write_sizes
from tests.workplace import Ended, Workplace
from timm_sizes.errors import InputError
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.facts import Facts, Key
from timm_sizes.tables.join import accuracy_name, read_joins
from timm_sizes.tables.merge import plan
from timm_sizes.tables.table import read_table

SLOWER = ["infer_samples_per_sec", "speed_source"]
FIGURES = ["infer_samples_per_sec", "infer_batch_size", "infer_gmacs", "infer_macts"]
DETAILS = ["size_bytes", "size_mib", "size_file", "size_status", "hub_repo", "hub_revision", "dtype", "license"]
OTHER_RESULTS = "model,img_size,top1\nresnet18.a1_in1k,224,60.10\nresnet50.a1_in1k,288.0,70.20\n"


@pytest.fixture
def place(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, sizes().values())
    write(offline.folder / "results.csv", RESULTS)
    write(offline.folder / "speed.csv", SPEED)
    write(offline.folder / "results-imagenetv2-matched-frequency.csv", OTHER_RESULTS)
    write(offline.folder / "results-imagenet-a-clean.csv", OTHER_RESULTS.replace("60.10", "55.55"))
    return offline


def path_in(place: Workplace, name: str) -> str:
    return str(place.folder / name)


def merge(place: Workplace, table: str, output: str, *options: str) -> Ended:
    return place.call("merge", path_in(place, table), "-o", path_in(place, output), *options)


def rows_of(place: Workplace, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((place.folder / name).read_text(encoding="utf-8"), newline="")))


def test_speed_stands_at_the_end_in_the_benchmarks_own_text(place: Workplace) -> None:
    ended = merge(place, "results.csv", "out.csv", "--speed", path_in(place, "speed.csv"))
    assert ended.status == 0, ended.err
    assert "5 of 6 rows are in" in ended.err
    lines = (place.folder / "out.csv").read_text().splitlines()
    assert lines[0] == "model,model_size_in_mb,img_size,top1,param_count," + ",".join([*FIGURES, "speed_source"])
    assert lines[1] == "resnet50.a1_in1k,102.55,224,80.200,25.56,5000.50,1024,4.11,11.11,speed"
    assert lines[2] == "resnet50.a1_in1k,102.55,288,81.200,25.56,3000.00,1024,6.80,18.37,speed"
    assert lines[3] == 'resnet18.a1_in1k,46.83,224,71.500,11.69,"12,000.0",1024,1.82,2.48,speed'
    assert lines[6] == "mobileone_s0.apple_in1k,,224,71.400,5.29,,,,,"


def test_accuracies_stand_side_by_side(place: Workplace) -> None:
    others = ",".join(
        path_in(place, name) for name in ("results-imagenetv2-matched-frequency.csv", "results-imagenet-a-clean.csv")
    )
    ended = merge(place, "results.csv", "out.csv", "--accuracy", others, "--details")
    assert ended.status == 0, ended.err
    assert "top1_v2: 2 of 6 rows" in ended.err
    rows = rows_of(place, "out.csv")
    assert [*rows[0]][5:] == [*DETAILS, "top1_v2", "top1_a_clean"]
    assert [row["top1_v2"] for row in rows] == ["", "70.20", "60.10", "", "", ""]
    assert rows[2]["top1_a_clean"] == "55.55"


def test_what_was_joined_stays_in_a_merge_without_it(place: Workplace) -> None:
    merge(place, "results.csv", "once.csv", "--speed", path_in(place, "speed.csv"))
    assert merge(place, "once.csv", "twice.csv").status == 0
    assert (place.folder / "twice.csv").read_bytes() == (place.folder / "once.csv").read_bytes()


def test_another_benchmark_takes_the_place_of_the_first_with_all_its_figures(place: Workplace) -> None:
    merge(place, "results.csv", "once.csv", "--speed", path_in(place, "speed.csv"))
    slower = "model,infer_img_size,infer_samples_per_sec\nresnet18,224,1.5\n"
    write(place.folder / "slower.csv", slower)
    merge(place, "once.csv", "twice.csv", "--speed", path_in(place, "slower.csv"))
    rows = rows_of(place, "twice.csv")
    assert [*rows[0]] == ["model", "model_size_in_mb", "img_size", "top1", "param_count", *SLOWER]
    assert {row["speed_source"] for row in rows} == {"", "slower"}
    assert [row["infer_samples_per_sec"] for row in rows] == ["", "", "1.5", "", "", ""]


@pytest.mark.parametrize("chosen", [["--details"], ["--speed"], ["--accuracy"], ["--accuracy", "--details", "--speed"]])
def test_merging_twice_gives_the_same_file(place: Workplace, chosen: list[str]) -> None:
    values = {"--speed": "speed.csv", "--accuracy": "results-imagenet-a-clean.csv"}
    options: list[str] = []
    for option in chosen:
        options += [option, path_in(place, values[option])] if option in values else [option]
    assert merge(place, "results.csv", "once.csv", *options).status == 0
    assert merge(place, "once.csv", "twice.csv", *options).status == 0
    assert (place.folder / "twice.csv").read_bytes() == (place.folder / "once.csv").read_bytes()


def test_a_json_table_is_joined_as_well(place: Workplace) -> None:
    table = [{"model": "resnet18.a1_in1k", "top1": 71.5, "img_size": 224}]
    write(place.folder / "results.json", json.dumps(table, indent=4))
    ended = merge(place, "results.json", "out.json", "--speed", path_in(place, "speed.csv"))
    assert ended.status == 0, ended.err
    row = json.loads((place.folder / "out.json").read_text())[0]
    assert [*row] == ["model", "model_size_in_mb", "top1", "img_size", *FIGURES, "speed_source"]
    assert row["infer_gmacs"] == 1.82


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--speed", "results.csv"], "not a benchmark table; expected a column infer_samples_per_sec"),
        (["--speed", "nowhere.csv"], "no such file"),
        (["--accuracy", "speed.csv"], "not a results table; expected a column top1"),
        (["--accuracy", "results.csv,results.csv"], "a second table for top1_results"),
    ],
)
def test_a_table_of_another_kind_is_a_usage_error(place: Workplace, options: list[str], message: str) -> None:
    named = ",".join(path_in(place, name) for name in options[1].split(","))
    ended = merge(place, "results.csv", "out.csv", options[0], named)
    assert ended.status == 2
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert not (place.folder / "out.csv").exists()


def test_a_benchmark_keeps_its_own_figures(place: Workplace) -> None:
    """Merged by itself, again and again; and with another's figures to join it is told that it has some."""
    only = "model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_gmacs,infer_macts\nresnet18,224,1,2,3,4\n"
    write(place.folder / "only.csv", only)
    assert merge(place, "only.csv", "once.csv").status == 0
    assert merge(place, "once.csv", "twice.csv").status == 0
    assert rows_of(place, "twice.csv")[0]["infer_samples_per_sec"] == "1"
    ended = merge(place, "once.csv", "twice.csv", "--speed", path_in(place, "speed.csv"))
    assert ended.status == 2
    assert "has a column infer_samples_per_sec of its own" in ended.err


def speeds(folder: Path, results: str, benchmark: str) -> list[str]:
    table = read_table(write(folder / "t.csv", results))
    added = plan(table, "model", Facts(Sizes(), read_joins(write(folder / "b.csv", benchmark))))
    return [added.cells(read)[1][0] for read in zip(*map(table.column, added.reads), strict=True)]


def test_the_row_itself_comes_before_its_architecture_and_the_first_before_the_second(tmp_path: Path) -> None:
    benchmark = "model,infer_img_size,infer_samples_per_sec\n" + "".join(
        f"{name},224,{speed}\n"
        for name, speed in [("resnet50", 1), ("resnet50", 2), ("resnet50.a1_in1k", 3), ("resnet18.b", 4)]
    )
    results = "model,img_size\nresnet50.a1_in1k,224\nresnet50.a2_in1k,224\nresnet18.a,224\nresnet50,224\n"
    assert speeds(tmp_path, results, benchmark) == ["3", "1", "4", "1"]


def test_an_old_name_is_the_architecture_that_it_stands_for(tmp_path: Path) -> None:
    benchmark = "model,infer_img_size,infer_samples_per_sec\ntf_efficientnet_b0_ns,224,7\n"
    assert speeds(tmp_path, "model,img_size\ntf_efficientnet_b0.ns_jft_in1k,224\n", benchmark) == ["7"]


@pytest.mark.parametrize(
    ("name", "accuracy"),
    [
        ("resnet50.a1_in1k", "7"),
        ("resnet50", "7"),
        ("timm/resnet50.a1_in1k", "7"),
        ("hf-hub:timm/resnet50.a1_in1k", "7"),
        ("resnet50.a2_in1k", None),
        ("tf_efficientnet_b0_ns", "8"),
        ("tf_efficientnet_b0.ns_jft_in1k", "8"),
        ("resnet18", "10"),
        ("resnet18.a1_in1k", "9"),
    ],
)
def test_an_accuracy_is_joined_by_any_name_of_its_checkpoint(tmp_path: Path, name: str, accuracy: str | None) -> None:
    rows = {"resnet50.a1_in1k": 7, "tf_efficientnet_b0_ns": 8, "resnet18.a1_in1k": 9, "resnet18": 10}
    text = "model,img_size,top1\n" + "".join(f"{model},224,{top1}\n" for model, top1 in rows.items())
    joins = read_joins(accuracy=write(tmp_path / "results-x.csv", text))
    [found] = Facts(sizes(), joins).of(Key(name, nan, 224)).found
    assert (found and found.cells[0]) == accuracy
    [of_a_mismatch] = Facts(sizes(), joins).of(Key("resnet50", 90.0, 224)).found
    assert of_a_mismatch is None


def test_image_sizes_are_compared_as_numbers_and_unknown_ones_never_match(tmp_path: Path) -> None:
    benchmark = "model,train_img_size,train_samples_per_sec\nresnet18,224.0,7\nresnet18,,8\n"
    results = "model,img_size\nresnet18.a,224\nresnet18.a,\nresnet18.a,256\n"
    assert speeds(tmp_path, results, benchmark) == ["7", "", ""]


def test_a_benchmark_of_both_kinds_is_taken_for_inference_at_its_own_image_size(tmp_path: Path) -> None:
    header = "model,train_img_size,train_samples_per_sec,infer_img_size,infer_samples_per_sec\n"
    assert speeds(tmp_path, "model,img_size\nresnet18.a,288\n", header + "resnet18,224,1,288,2\n") == ["2"]


def test_a_table_without_image_sizes_cannot_be_joined(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column of image sizes"):
        speeds(tmp_path, "model,top1\nresnet18.a,70\n", SPEED)


@pytest.mark.parametrize("name", ["err.csv", "results-imagenet-real_err.csv", "diff.csv"])
def test_a_table_whose_name_would_make_an_error_of_an_accuracy_is_to_be_renamed(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"is no accuracy; rename the file"):
        read_joins(None, write(tmp_path / name, OTHER_RESULTS))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("results-imagenet-real.csv", "real"),
        ("/there/results-imagenetv2-matched-frequency.csv", "v2"),
        ("results-imagenet-a-clean.csv", "a_clean"),
        ("results-imagenet-r.csv", "r"),
        ("results-sketch.csv", "sketch"),
        ("results-imagenet.csv", "imagenet"),
        ("my own-table.v3.csv", "my_own_table_v3"),
        ("---.csv", "table"),
    ],
)
def test_accuracy_name(path: str, expected: str) -> None:
    assert accuracy_name(path) == expected
