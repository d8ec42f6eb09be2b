"""What a table's rows are to pick and report: sizes, families, licences, and who is on the Pareto frontier."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import RESULTS, SPEED, size_item, sizes, write
from timm_sizes.errors import InputError
from timm_sizes.names.architecture import architecture, family
from timm_sizes.pick.limits import is_permissive
from timm_sizes.pick.pareto import pareto
from timm_sizes.pick.rows import load_choices
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.facts import Facts
from timm_sizes.tables.merge import plan
from timm_sizes.tables.table import read_table


def merged(folder: Path, *, details: bool) -> str:
    table = read_table(write(folder / "bare.csv", RESULTS), "model")
    added = plan(table, "model", Facts(sizes()), details=details)
    return write(folder / f"merged-{details}.csv", "".join(map(str, table.render(added, Counter()))))


def test_a_row_of_the_table_is_a_choice_with_its_sizes_looked_up(tmp_path: Path) -> None:
    frame = load_choices(write(tmp_path / "t.csv", RESULTS), "model", sizes())
    assert frame["model"].tolist()[:2] == ["resnet50.a1_in1k"] * 2
    assert frame["img_size"].tolist()[:2] == [224, 288]
    assert frame["size_mb"].tolist()[:5] == [102.55, 102.55, 46.83, 14.83, 14.88]
    assert frame["status"].tolist() == ["ok", "ok", "ok", "ok", "estimated", "gated"]
    assert frame["license"].tolist() == ["apache-2.0", "apache-2.0", "mit", "cc-by-nc-4.0", "", ""]
    assert frame["repo_id"][2] == "timm/resnet18.a1_in1k"
    assert frame["family"].tolist() == ["resnet"] * 3 + ["convnext", "convnextv2", "mobileone"]
    assert frame[["size_mb", "speed", "gmacs"]].isna().sum().tolist() == [1, 6, 6]


@pytest.mark.parametrize("details", [False, True])
def test_a_merged_table_gives_the_same_choices_as_a_bare_one(tmp_path: Path, *, details: bool) -> None:
    path = merged(tmp_path, details=details)
    bare = load_choices(str(tmp_path / "bare.csv"), "model", sizes())
    pd.testing.assert_frame_equal(load_choices(path, "model", sizes())[list(bare)], bare)


def test_a_table_merged_with_details_needs_no_sizes_file(tmp_path: Path) -> None:
    frame = load_choices(merged(tmp_path, details=True), "model", Sizes())
    assert frame["status"].tolist() == ["ok", "ok", "ok", "ok", "estimated", "gated"]
    assert frame["license"][2] == "mit"


def test_the_size_in_a_merged_table_stands_against_another_in_the_sizes_file(tmp_path: Path) -> None:
    path = merged(tmp_path, details=False)
    other = Sizes.of([*sizes().values(), size_item("resnet18.a1_in1k", "estimated", 46.0)])
    frame = load_choices(path, "model", other)
    assert frame["size_mb"][2] == 46.83
    assert frame["status"][2] == ""


def test_a_bare_table_without_any_sizes_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run scrapy crawl hf_sizes first"):
        load_choices(write(tmp_path / "t.csv", RESULTS), "model", Sizes())


def test_of_packed_weights_no_size_follows_at_another_precision(tmp_path: Path) -> None:
    packed = replace(size_item("hf-hub:org/packed", "ok", 288.0), dtype="U32", params=528_000_000)
    table = write(tmp_path / "t.csv", "model,top1\nhf-hub:org/packed,80\n")
    for dtype, size in ((None, 288.0), ("float32", nan), ("int8", nan)):
        frame = load_choices(table, "model", Sizes.of([packed]), dtype=dtype)
        assert frame["size_mb"][0] == pytest.approx(size, nan_ok=True)


def test_speed_is_joined_or_the_tables_own(tmp_path: Path) -> None:
    benchmark = write(tmp_path / "speed.csv", SPEED)
    joined = load_choices(write(tmp_path / "t.csv", RESULTS), "model", sizes(), benchmark)
    assert joined["speed"].tolist()[:3] == [5000.5, 3000.0, 12000.0]
    assert joined["gmacs"].tolist()[:3] == [4.11, 6.8, 1.82]
    assert pd.isna(joined["speed"][5])
    own = load_choices(benchmark, "model", sizes())
    assert own["speed"][2] == 12000.0
    assert own["img_size"][1] == 288
    assert own["gmacs"][3] == 0.55


def test_numbers_are_numbers_and_blanks_are_not_known(tmp_path: Path) -> None:
    text = 'model,top1,param_count,note,rank_diff\n123,80.5,"1,014.45",a,+2\n456,,,"1,5",-1\n'
    frame = load_choices(write(tmp_path / "t.csv", text), "model", sizes())
    assert frame["param_count"][0] == 1014.45
    assert frame[["top1", "param_count"]].isna().sum().tolist() == [1, 1]
    assert frame["model"].tolist() == ["123", "456"]
    assert frame["note"].tolist() == ["a", "1,5"]
    assert frame["rank_diff"].tolist() == [2, -1]


def test_names_may_stand_in_another_column_and_in_json(tmp_path: Path) -> None:
    path = write(tmp_path / "t.json", json.dumps([{"name": "resnet18.a1_in1k", "top1": 71.5}]))
    frame = load_choices(path, "name", sizes())
    assert frame["model"].tolist() == ["resnet18.a1_in1k"]
    assert frame["size_mb"].tolist() == [46.83]


def test_a_table_without_rows_has_no_choices(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows in it"):
        load_choices(write(tmp_path / "t.csv", "model,top1\n"), "model", sizes())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("convnext_base.fb_in22k_ft_in1k_384", "convnext"),
        ("convnextv2_tiny.fcmae_ft_in1k", "convnextv2"),
        ("vit_base_patch16_224.augreg_in21k", "vit"),
        ("timm/swin_tiny_patch4_window7_224.ms_in1k", "swin"),
        ("hf-hub:someone/resnet50d.mine", "resnet"),
        ("tf_efficientnet_b0.ns_jft_in1k", "efficientnet"),
        ("tf_efficientnet_b0_ns", "efficientnet"),
        ("mobilenetv4_conv_small.e2400_r224_in1k", "mobilenetv4"),
        ("resnet50d.ra2_in1k", "resnet"),
        ("resnetv2_50x1_bit.goog_in21k", "resnetv2"),
        ("res2net50_26w_4s.in1k", "res2net"),
        ("eva02_tiny_patch14_224.mim_in22k", "eva02"),
        ("eca_nfnet_l0.ra2_in1k", "nfnet"),
        ("inception_next_tiny.sail_in1k", "inception_next"),
        ("inception_v3.tf_in1k", "inception"),
        ("tiny_vit_5m_224.in1k", "tiny_vit"),
        ("dla60x_c.in1k", "dla"),
        ("", ""),
    ],
)
def test_family(name: str, expected: str) -> None:
    assert family(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet50.a1_in1k", "resnet50"),
        ("timm/resnet50.a1_in1k", "resnet50"),
        ("hf-hub:timm/resnet50.a1_in1k", "resnet50"),
        ("tf_efficientnet_b0_ns", "tf_efficientnet_b0"),
        ("hf-hub:someone/resnet50.mine", "hf-hub:someone/resnet50.mine"),
        ("local-dir:/models/resnet50.mine", "local-dir:/models/resnet50.mine"),
    ],
)
def test_architecture(name: str, expected: str) -> None:
    assert architecture(name) == expected


@pytest.mark.parametrize("text", ["apache-2.0", "MIT", "mit+apache-2.0", "bsd-3-clause"])
def test_permissive(text: str) -> None:
    assert is_permissive(text)


@pytest.mark.parametrize("text", ["", "unknown", "cc-by-nc-4.0", "apache-2.0+cc-by-nc-4.0", "mit+", "gpl-3.0"])
def test_not_permissive(text: str) -> None:
    assert not is_permissive(text)


# Few values, so that ties and equal rows come up.
_figure = st.one_of(st.sampled_from([nan, -0.0, 0.0, 1.0, 2.0, 2.5, 100.0]), st.floats(-10, 10))
_rows = st.lists(st.tuples(_figure, _figure, _figure), max_size=30)


@given(_rows, st.sampled_from([["top1"], ["top1", "speed"], []]))
def test_the_frontier_is_who_no_other_beats(rows: list[tuple[float, float, float]], larger: list[str]) -> None:
    frame = pd.DataFrame(rows, columns=["size_mb", "top1", "speed"], dtype="float64")
    costs = [(row[0], *(-row[1:][index] for index in range(len(larger)))) for row in rows]

    def beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
        pairs = list(zip(one, other, strict=True))
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)

    expected = [not any(map(isnan, cost)) and not any(beats(other, cost) for other in costs) for cost in costs]
    assert pareto(frame, ["size_mb"], larger).tolist() == expected


def test_rows_as_good_as_each_other_stay_together_under_their_own_index() -> None:
    frame = pd.DataFrame({"size_mb": [5.0, 5.0, 9.0, 9.0], "top1": [70.0, 70.0, 60.0, nan]}, index=[7, 3, 1, 0])
    on_frontier = pareto(frame)
    assert on_frontier.to_dict() == {7: True, 3: True, 1: False, 0: False}


def test_the_frontier_of_many_rows() -> None:
    count = 100_000
    frame = pd.DataFrame({"size_mb": range(count), "top1": [index % 1000 for index in range(count)]})
    assert frame[pareto(frame)]["size_mb"].tolist() == list(range(1000))
