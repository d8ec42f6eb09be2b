"""``scrapy pick``: the best rows under a budget."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.samples import RESULTS, SPEED, size_item, sizes, write, write_sizes
from tests.workplace import Ended, Workplace

R50, R18 = "resnet50.a1_in1k", "resnet18.a1_in1k"
ATTO, ATTO_V2 = "convnext_atto.d2_in1k", "convnextv2_atto.fcmae_ft_in1k"
UNSIZED = "mobileone_s0.apple_in1k"


@pytest.fixture
def place(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, sizes().values())
    write(offline.folder / "results.csv", RESULTS)
    write(offline.folder / "speed.csv", SPEED)
    return offline


def pick(place: Workplace, *options: str, table: str = "results.csv") -> Ended:
    ended = place.run("pick", str(place.folder / table), *options)
    assert "Traceback" not in ended.err
    return ended


def with_speed(place: Workplace, *options: str) -> Ended:
    return pick(place, "--speed", str(place.folder / "speed.csv"), *options)


def picked(ended: Ended) -> list[tuple[str, str]]:
    assert ended.status == 0, ended.err
    return [(row["model"], row["img_size"]) for row in csv.DictReader(io.StringIO(ended.out))]


def test_the_best_under_a_size_as_an_aligned_table(place: Workplace) -> None:
    ended = pick(place, "--max-mb", "47")
    assert ended.status == 0, ended.err
    assert ended.out.splitlines() == [
        "model                          size_mb    top1  img_size  param_count  license",
        "convnextv2_atto.fcmae_ft_in1k   ~14.88  76.600       224         3.71",
        "convnext_atto.d2_in1k            14.83  75.700       224         3.70  cc-by-nc-4.0",
        "resnet18.a1_in1k                 46.83  71.500       224        11.69  mit",
    ]
    assert "3 of 6 rows fit; 3 shown; ~ marks an estimated size" in ended.err


def test_the_same_checkpoint_at_two_image_sizes_is_two_choices(place: Workplace) -> None:
    assert picked(pick(place, "--family", "resnet", "--format", "csv")) == [(R50, "288"), (R50, "224"), (R18, "224")]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--min-top1", "80.2"], [(R50, "288"), (R50, "224")]),
        (["--min-speed", "9000"], [(ATTO, "224"), (R18, "224")]),
        (["--max-gmacs", "0.55", "--max-params", "3.70"], [(ATTO, "224")]),
        (["--img-size", "288"], [(R50, "288")]),
        (["--license", "permissive"], [(R50, "288"), (R50, "224"), (R18, "224")]),
        (["--license", "MIT"], [(R18, "224")]),
        (["--family", "convnext"], [(ATTO, "224")]),
        (["--family", "ConvNeXt*"], [(ATTO_V2, "224"), (ATTO, "224")]),
        (["--family", "*.a1_in1k", "--max-mb", "50"], [(R18, "224")]),
        (["-n", "1"], [(R50, "288")]),
        (["--sort", "size_mb", "-n", "2"], [(ATTO, "224"), (ATTO_V2, "224")]),
        (["--sort", "speed", "-n", "2"], [(R18, "224"), (ATTO, "224")]),
    ],
)
def test_limits_and_ranks(place: Workplace, options: list[str], expected: list[tuple[str, str]]) -> None:
    assert picked(with_speed(place, *options, "--format", "csv")) == expected


def test_the_frontier_is_of_what_fits_in_size_and_accuracy_and_speed_if_joined(place: Workplace) -> None:
    options = ["--pareto", "--format", "csv", "--max-mb", "103"]
    assert picked(pick(place, *options)) == [(R50, "288"), (ATTO_V2, "224"), (ATTO, "224")]
    assert picked(with_speed(place, *options)) == [
        (R50, "288"),
        (R50, "224"),
        *picked(pick(place, *options))[1:],
        (R18, "224"),
    ]


def test_the_frontier_goes_by_the_accuracy_that_is_ranked_by(place: Workplace) -> None:
    table = "model,model_size_in_mb,top1,top1_real\na,1.00,70,90\nb,2.00,80,80\n"
    write(place.folder / "m.csv", table)
    ended = pick(place, "--pareto", "--sort", "top1_real", "--format", "json", table="m.csv")
    assert [row["model"] for row in json.loads(ended.out)] == ["a"]


def test_a_merged_table_is_picked_from_as_it_is(place: Workplace) -> None:
    arguments = ["--speed", str(place.folder / "speed.csv"), "--details", "-o", str(place.folder / "merged.csv")]
    assert place.run("merge", str(place.folder / "results.csv"), *arguments).status == 0
    place.sizes_file.unlink()
    options = ["--max-mb", "50", "--min-speed", "7000"]
    ended = pick(place, *options, table="merged.csv")
    assert ended.status == 0, ended.err
    write_sizes(place.sizes_file, sizes().values())
    assert ended.out == with_speed(place, *options).out


def test_json_is_for_programs_and_says_what_is_estimated(place: Workplace) -> None:
    rows = json.loads(pick(place, "--max-mb", "20", "--format", "json").out)
    assert rows[0] == {
        "model": ATTO_V2,
        "size_mb": 14.88,
        "top1": 76.6,
        "img_size": 224,
        "param_count": 3.71,
        "license": None,
        "status": "estimated",
        "repo_id": f"timm/{ATTO_V2}",
    }


def test_markdown(place: Workplace) -> None:
    lines = pick(place, "-n", "1", "--format", "md").out.splitlines()
    assert lines[1] == "|---|---:|---:|---:|---:|---|"
    assert lines[2] == f"| {R50} | 102.55 | 81.200 | 288 | 25.56 | apache-2.0 |"


def test_without_a_size_limit_rows_without_a_size_are_shown_blank(place: Workplace) -> None:
    ended = pick(place, "--max-params", "5.3", "--min-top1", "71", "--family", "mobileone")
    assert ended.out.splitlines()[1].split() == [UNSIZED, "71.400", "224", "5.29"]


def test_when_nothing_fits_the_message_says_why_and_what_comes_nearest(place: Workplace) -> None:
    ended = pick(place, "--max-mb", "14", "--min-top1", "76", "--img-size", "224")
    assert ended.status == 1
    assert ended.out == ""
    assert ended.err.splitlines()[-5:] == [
        "nothing fits, of 6 rows:",
        "  --max-mb 14 excludes 6 (1 not known)",
        "  --min-top1 76 excludes 3",
        "  --img-size 224 excludes 1",
        "  nearest: convnextv2_atto.fcmae_ft_in1k at 224 pixels misses --max-mb 14 (14.88)",
    ]


def test_a_name_cannot_steer_the_terminal(place: Workplace) -> None:
    write(place.folder / "evil.csv", "model,model_size_in_mb,top1\n\x1b[2Jx,1.00,80\n")
    assert "\x1b" not in pick(place, table="evil.csv").out
    refused = pick(place, "--min-top1", "90", table="evil.csv")
    assert "\x1b" not in refused.err


def test_nothing_of_a_table_can_steer_the_terminal_by_a_message(place: Workplace) -> None:
    write(place.folder / "evil.csv", "model,top1,x\x1b[2J,license\nresnet50,80,1,mit\n")
    for options in (["--sort", "beauty"], ["--license", "gpl\x1b[2J"], ["--min-top1", "90"], ["-c", "name"]):
        assert "\x1b" not in pick(place, *options, table="evil.csv").err
    assert "\x1b" not in pick(place, "--sort", "x\x1b[2J", table="evil.csv").out


@pytest.mark.parametrize("size", ["224.5", "1e30", "-1e30", "9007199254740993"])
@pytest.mark.parametrize("form", ["csv", "json", "md", "table"])
def test_image_sizes_that_are_no_whole_pixels_are_printed_as_they_are(place: Workplace, size: str, form: str) -> None:
    write(place.folder / "odd.csv", f"model,top1,img_size\nresnet50.a1_in1k,80,{size}\nresnet18.a1_in1k,70,224\n")
    ended = pick(place, "--format", form, table="odd.csv")
    assert ended.status == 0, ended.err
    assert "224" in ended.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-mb", "many"], "--max-mb: 'many': expected a number"),
        (["--max-mb", "nan"], "expected a number, 0 or more"),
        (["--min-top1", "-3"], "expected a number, 0 or more"),
        (["-n", "0"], "expected a whole number, 1 or more"),
        (["--sort", "beauty"], "--sort beauty: no such figures in the table; there are img_size, top1"),
        (["--sort", "license"], "--sort license: no such figures"),
        (["--min-speed", "5"], "no figures for speed; join them with --speed BENCHMARK"),
        (["--format", "html"], "invalid choice: 'html'"),
        (["--max-mbs", "5"], "no such option: --max-mbs"),
        (["another.csv"], "expected at most 1 argument"),
        (["-c", "name"], "no column 'name'"),
        (["--speed", "results.csv"], "no such file"),
    ],
)
def test_wrong_usage_is_said_in_a_line(place: Workplace, options: list[str], message: str) -> None:
    ended = pick(place, *options)
    assert ended.status == 2
    assert message in ended.err


def test_a_table_without_rows_is_wrong_usage(place: Workplace) -> None:
    write(place.folder / "empty.csv", "model,top1\n")
    ended = pick(place, table="empty.csv")
    assert (ended.status, "no rows in it" in ended.err) == (2, True)


def test_without_a_table_the_last_crawls_is_taken(place: Workplace) -> None:
    assert place.run("pick").status == 2
    crawled = place.crawl("-a", f"table={place.folder / 'results.csv'}", env={"HF_HUB_OFFLINE": "1"})
    assert crawled.status == 0, crawled.err
    ended = place.run("pick", "--max-mb", "47", "-n", "1")
    assert ended.status == 0, ended.err
    assert ATTO_V2 in ended.out


def test_a_names_place_in_a_commercial_product_is_decided_by_all_its_licences(place: Workplace) -> None:
    write_sizes(place.sizes_file, [*sizes().values(), size_item(R18, "ok", 46.83, "mit+cc-by-nc-4.0")])
    for wanted in ("permissive", "mit"):
        assert pick(place, "--license", wanted, "--max-mb", "50").status == 1
    assert picked(pick(place, "--license", "cc-by-nc-4.0+mit", "--format", "csv")) == [(R18, "224")]


# --- Tables without an accuracy, the terminal, the Pareto line, what was mistyped ---

BENCHMARK = """\
model,infer_img_size,infer_samples_per_sec,infer_gmacs,param_count,model_size_in_mb
test_vit,160,90000,0.04,0.37,1.49
resnet18,224,12000,1.82,11.69,46.83
resnet50,224,5000,4.11,25.56,102.55
slow50,224,4000,4.11,25.00,100.00
"""


def test_a_benchmark_without_accuracy_is_ranked_by_speed(place: Workplace) -> None:
    write(place.folder / "benchmark.csv", BENCHMARK)
    ended = pick(place, "--max-mb", "103", "--min-speed", "4500", "--format", "csv", table="benchmark.csv")
    assert picked(ended) == [("test_vit", "160"), ("resnet18", "224"), ("resnet50", "224")]
    refused = pick(place, "--min-top1", "80", table="benchmark.csv")
    assert refused.status == 2
    assert "--min-top1: the table has no figures for top1; pick from a results table, with --speed" in refused.err


def test_the_pareto_line_of_a_benchmark_is_of_the_largest_at_a_speed(place: Workplace) -> None:
    write(place.folder / "benchmark.csv", BENCHMARK)
    ended = pick(place, "--pareto", "--format", "csv", table="benchmark.csv")
    assert picked(ended) == [("test_vit", "160"), ("resnet18", "224"), ("resnet50", "224")]
    assert "3 of them on the Pareto line over size_mb (the larger), speed; 3 shown" in ended.err


def test_what_is_excluded_is_left_out_and_a_model_may_have_one_row(place: Workplace) -> None:
    ended = pick(place, "--exclude", "convnext*", "--exclude", "MobileOne", "--unique", "--format", "csv")
    assert picked(ended) == [(R50, "288"), (R18, "224")]
    assert "3 of 6 rows fit; 2 models; 2 shown" in ended.err
    assert picked(pick(place, "--unique", "--sort", "img_size", "--format", "csv"))[0] == (R50, "288")
    nothing = pick(place, "--exclude", "*")
    assert nothing.status == 1
    assert "--exclude * excludes 6" in nothing.err


@pytest.mark.parametrize(
    ("options", "expected", "metrics"),
    [
        (["--pareto"], [R50, R50, ATTO_V2, ATTO, R18], "size_mb, top1, speed"),
        (["--pareto", "size,top1"], [R50, ATTO_V2, ATTO], "size_mb, top1"),
        (["--pareto", "Speed, top1"], [R50, R50, ATTO_V2, ATTO, R18], "speed, top1"),
        (["--pareto", "size"], [ATTO], "size_mb"),
        (["--pareto", "gmacs,infer_macts"], [ATTO_V2, ATTO, R18], "gmacs, infer_macts"),
    ],
)
def test_the_pareto_line_is_over_the_metrics_named(
    place: Workplace, options: list[str], expected: list[str], metrics: str
) -> None:
    ended = with_speed(place, *options, "--format", "csv")
    assert [model for model, _ in picked(ended)] == expected
    assert f"{len(expected)} of them on the Pareto line over {metrics};" in ended.err


def test_a_table_may_follow_pareto(place: Workplace) -> None:
    table = str(place.folder / "results.csv")
    assert place.run("pick", "--pareto", table).out == place.run("pick", table, "--pareto").out
    assert place.run("pick", "--pareto", "-", stdin=RESULTS.encode()).out.count("\n") == 4


def test_no_row_wraps_and_what_is_left_out_is_said(place: Workplace) -> None:
    place_of = {"COLUMNS": "80"}
    arguments = ["pick", str(place.folder / "results.csv"), "--speed", str(place.folder / "speed.csv")]
    ended = place.run(*arguments, env=place_of)
    assert max(map(len, ended.out.splitlines())) <= 80
    assert ended.out.split("\n")[0].split() == ["model", "size_mb", "top1", "img_size", "speed", "license"]
    assert "no room for gmacs, param_count" in ended.err
    asked = place.run(*arguments, "--sort", "gmacs", "--max-params", "30", env={"COLUMNS": "60"})
    assert asked.out.split("\n")[0].split() == ["model", "size_mb", "param_count", "gmacs"]
    as_csv = place.run(*arguments, "--format", "csv", env=place_of)
    assert "no room" not in as_csv.err


@pytest.mark.parametrize(
    ("sort", "header"),
    [
        ("model_size_in_mb", ["model", "size_mb", "top1", "license"]),
        ("size_bytes", ["model", "size_bytes", "top1", "license"]),
        ("size_mib", ["model", "size_mib", "top1", "license"]),
        ("rank_diff", ["model", "size_mb", "rank_diff", "top1", "license"]),
    ],
)
def test_a_size_is_shown_once_and_ranks_are_whole_numbers(place: Workplace, sort: str, header: list[str]) -> None:
    write(place.folder / "t.csv", f"model,top1,rank_diff\n{R18},71.5,+3\n{ATTO_V2},76.6,-12\n")
    merged = str(place.folder / "m.csv")
    assert place.run("merge", str(place.folder / "t.csv"), "--details", "-o", merged).status == 0
    ended = place.run("pick", merged, "--sort", sort)
    assert ended.out.split("\n")[0].split() == header
    assert ("~" in ended.out) == ("~ marks an estimated size" in ended.err)
    if sort == "rank_diff":
        assert [line.split()[2] for line in ended.out.splitlines()[1:]] == ["3", "-12"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--license", "apahce-2.0"], "no row has apahce-2.0; did you mean apache-2.0? There are "),
        (["--license", "mit+nobody-s"], "--license mit+nobody-s: no row has nobody-s; there are apache-2.0, "),
        (["--min-top1", "0.8"], "--min-top1 0.8: expected a percentage; did you mean 80?"),
        (["--pareto", "size,beauty"], "--pareto beauty: no such metric in the table; there are top1, "),
    ],
)
def test_a_typo_is_told_from_what_does_not_occur(place: Workplace, options: list[str], message: str) -> None:
    ended = pick(place, *options)
    assert ended.status == 2
    assert message in ended.err
    assert pick(place, "--license", "bsd-3-clause").status == 1
