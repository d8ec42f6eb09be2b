"""``scrapy pick``: the best rows under a budget."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.samples import RESULTS, SPEED, size_item, sizes, write, write_sizes
from tests.workplace import PROJECT, Ended, Workplace

R50, R18 = "resnet50.a1_in1k", "resnet18.a1_in1k"
ATTO, ATTO_V2 = "convnext_atto.d2_in1k", "convnextv2_atto.fcmae_ft_in1k"
UNSIZED = "mobileone_s0.apple_in1k"
GITHUB_ONLY = "gcvit_tiny.in1k"


@pytest.fixture
def place(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, sizes().values())
    write(offline.folder / "results.csv", RESULTS)
    write(offline.folder / "speed.csv", SPEED)
    return offline


def pick(place: Workplace, *options: str, table: str = "results.csv") -> Ended:
    ended = place.call("pick", str(place.folder / table), *options)
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
    assert [row["model"] for row in json.loads(ended.out)["rows"]] == ["a"]


def test_a_merged_table_is_picked_from_as_it_is(place: Workplace) -> None:
    arguments = ["--speed", str(place.folder / "speed.csv"), "--details", "-o", str(place.folder / "merged.csv")]
    assert place.call("merge", str(place.folder / "results.csv"), *arguments).status == 0
    place.sizes_file.unlink()
    options = ["--max-mb", "50", "--min-speed", "7000"]
    ended = pick(place, *options, table="merged.csv")
    assert ended.status == 0, ended.err
    write_sizes(place.sizes_file, sizes().values())
    assert ended.out == with_speed(place, *options).out


def test_json_is_for_programs_and_says_what_is_estimated(place: Workplace) -> None:
    answer = json.loads(pick(place, "--max-mb", "20", "--format", "json").out)
    assert answer["columns"]["size_mb"] == {"label": "Size", "unit": "MB", "of": []}
    assert answer["rows"][0] == {
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
        "  nearest: convnextv2_atto.fcmae_ft_in1k at 224 pixels misses --max-mb 14 (its size_mb is 14.88)",
    ]


def test_nothing_of_a_table_can_steer_the_terminal(place: Workplace) -> None:
    write(place.folder / "evil.csv", "model,top1,x\x1b[2J,license,model_size_in_mb\nresnet50\x1b[2J,80,1,mit,1.00\n")
    for options in (["--sort", "beauty"], ["--license", "gpl\x1b[2J"], ["--min-top1", "90"], ["-c", "name"]):
        assert "\x1b" not in pick(place, *options, table="evil.csv").err
    for options in ([], ["--sort", "x\x1b[2J"]):
        assert "\x1b" not in pick(place, *options, table="evil.csv").out


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
        (["-n", "0"], "expected a whole number from 1 to"),
        (["--sort", "beauty"], "--sort beauty: no such figures in the table; there are img_size, top1"),
        (["--sort", "license"], "--sort license: no such figures"),
        (["--min-speed", "5"], "no figures for speed; join them with --speed BENCHMARK"),
        (["--max-latency", "5"], "no figures for latency_ms; join it with --latency BENCHMARK"),
        (["--format", "html"], "invalid choice: 'html'"),
        (["--max-mbs", "5"], "no such option: --max-mbs"),
        (["another.csv"], "expected at most 1 argument"),
        (["-c", "name"], "no column 'name'"),
        (["--speed", "results.csv"], "no such file"),
        (["--speed", ""], "expected a "),
        (["--columns", "model,beauty"], "--columns beauty: no such column; there are model, "),
        (["--license", "apahce-2.0"], "no row has apahce-2.0; did you mean apache-2.0? There are "),
        (["--license", "mit+nobody-s"], "--license mit+nobody-s: no row has nobody-s; there are apache-2.0, "),
        (["--min-top1", "0.8"], "--min-top1 0.8: expected a percentage; did you mean 80?"),
        (["--pareto", "size,beauty"], "--pareto beauty: no such figures in the table; there are img_size, top1, "),
        (["--fits", R50], "--fits resnet50.a1_in1k: in how much memory? Expected --device-memory too"),
        (["--device-memory", "8"], "--device-memory 8: expected a size with its unit"),
        (["--dtype", "int8", "--batch", "2"], "int8: a size, not a memory"),
        (["--device-memory", ""], "--device-memory : expected a size with its unit"),
        (["--dtype", ""], "--dtype : expected float32"),
        (["--training", "", "--batch", "2"], "--training : expected adamw"),
        (["--training", "sgd", "--max-memory", "100"], "limit the memory of training by --device-memory"),
        (
            ["--dtype", "int8", "--max-memory", "9"],
            "no figures for memory_mb; memory is computed where there is an img",
        ),
        (["--training", "lion", "--batch", "2"], "--training lion: expected adamw, sgd, none"),
        (["--batch", "9" * 28], "expected a whole number from 1 to 999,999,999"),
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
    assert place.call("pick").status == 2
    crawled = place.crawl("-a", f"table={place.folder / 'results.csv'}", env={"HF_HUB_OFFLINE": "1"})
    assert crawled.status == 0, crawled.err
    ended = place.call("pick", "--max-mb", "47", "-n", "1")
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
    assert place.call("pick", "--pareto", table).out == place.call("pick", table, "--pareto").out
    assert place.run("pick", "--pareto", "-", stdin=RESULTS.encode()).out.count("\n") == 4


def test_no_row_wraps_and_what_is_left_out_is_said(place: Workplace) -> None:
    place_of = {"COLUMNS": "80"}
    arguments = ["pick", str(place.folder / "results.csv"), "-n", "9", "--speed", str(place.folder / "speed.csv")]
    ended = place.call(*arguments, env=place_of)
    assert max(map(len, ended.out.splitlines())) <= 80
    assert ended.out.split("\n")[0].split() == ["model", "size_mb", "top1", "img_size", "speed", "license"]
    assert "columns left out: gmacs, param_count" in ended.err
    asked = place.call(*arguments, "--sort", "gmacs", "--max-params", "30", env={"COLUMNS": "60"})
    assert asked.out.split("\n")[0].split() == ["model", "size_mb", "param_count", "gmacs"]
    as_csv = place.call(*arguments, "--format", "csv", env=place_of)
    assert "left out" not in as_csv.err


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
    assert place.call("merge", str(place.folder / "t.csv"), "--details", "-o", merged).status == 0
    ended = place.call("pick", merged, "--sort", sort)
    assert ended.out.split("\n")[0].split() == header
    assert ("~" in ended.out) == ("~ marks an estimated size" in ended.err)
    if sort == "rank_diff":
        assert [line.split()[2] for line in ended.out.splitlines()[1:]] == ["3", "-12"]


# --- What is shown says what it is ---

LOCAL = """\
model,img_size,top1,param_count,license,size_mb,memory_mb,memory_dtype,speed
resnet50.a1_in1k,224,80.2,25.56,proprietary,20.125,999,bfloat16,7
resnet18.a1_in1k,224,71.5,11.69,,,50,bfloat16,
"""


def test_what_the_table_has_is_the_users_own(place: Workplace) -> None:
    table = write(place.folder / "own.csv", LOCAL)
    rows = described(place, "--max-memory", "1000", table="own.csv")["rows"]
    assert [(row["size_mb"], row["memory_mb"], row["license"], row["status"]) for row in rows] == [
        (20.125, 999, "proprietary", None),
        (46.83, 50, None, "ok"),
    ]
    assert picked(pick(place, "--max-memory", "200", "--format", "csv", table="own.csv")) == [(R18, "224")]
    for options, column in (
        (["--dtype", "float16"], "memory_dtype"),
        (["--batch", "8"], "memory_dtype"),
        (["--speed", str(place.folder / "speed.csv")], "speed"),
    ):
        ended = place.call("pick", table, *options)
        assert ended.status == 2
        assert f"has a column {column} of its own, which would be replaced" in ended.err


@pytest.mark.parametrize(
    ("column", "cell", "options"),
    [
        ("model", "mine", ["-c", "name"]),
        ("status", "shipped", ["-c", "name"]),
        ("size_mb", "102 MB", ["-c", "name"]),
        ("size_mb", "46.83", ["-c", "name", "--dtype", "float16"]),
        ("size_bytes", "46830000", ["-c", "name", "--dtype", "int8"]),
    ],
)
def test_no_column_of_the_table_is_replaced(place: Workplace, column: str, cell: str, options: list[str]) -> None:
    write(place.folder / "own.csv", f"name,top1,{column}\n{R18},71.5,{cell}\n{ATTO},75.7,\n")
    ended = pick(place, *options, table="own.csv")
    assert (ended.status, ended.out) == (2, "")
    assert f"has a column {column} of its own, which would be replaced" in ended.err


def described(place: Workplace, *options: str, table: str = "results.csv") -> dict[str, Any]:
    """Return what pick prints as JSON, checked against its schema."""
    ended = pick(place, "--format", "json", *options, table=table)
    assert ended.status == 0, ended.err
    answer: dict[str, Any] = json.loads(ended.out)
    schema = json.loads((PROJECT / "timm_sizes" / "pick" / "answer.schema.json").read_text())
    jsonschema.validate(answer, schema, cls=jsonschema.Draft202012Validator)
    return answer


def test_a_merged_tables_memory_is_shown_as_it_was_merged(place: Workplace) -> None:
    merged = str(place.folder / "merged.csv")
    options = ["--memory", "float16", "--batch", "8", "-o", merged]
    assert place.call("merge", str(place.folder / "results.csv"), *options).status == 0
    ended = place.call("pick", merged, "--max-memory", "5000", "-n", "1")
    assert ended.out.split("\n")[0].split()[2:5] == ["memory_mb", "memory_dtype", "memory_batch"]
    assert "memory_mb in float16, batch 8" in ended.err
    again = place.call("pick", merged, "--batch", "2", "--max-memory", "5000", "-n", "1")
    assert "memory_mb in float32, batch 2" in again.err


@pytest.mark.parametrize(
    ("dtype", "shown", "share"),
    [("fp16", "float16", 2), ("half", "float16", 2), ("bf16", "bfloat16", 2), ("int8", "int8, all layers", 4)],
)
def test_sizes_at_another_precision_say_so_in_rows_footer_and_json(
    place: Workplace, dtype: str, shown: str, share: int
) -> None:
    options = ["--dtype", dtype, "--family", "resnet18"]
    answer = described(place, *options)
    assert answer["columns"]["size_mb"] == {"label": "Size", "unit": "MB", "of": [shown]}
    [row] = answer["rows"]
    assert (row["size_dtype"], row["status"]) == (shown, "estimated")
    assert row["size_mb"] == pytest.approx(46.8 / share, rel=0.01)
    ended = pick(place, *options)
    assert shown in ended.out
    assert f"size_mb in {shown}" in ended.err
    assert ended.err.count("accuracies are of the models as published") == 1
    assert shown in pick(place, *options, "--format", "csv").out


@pytest.mark.parametrize(("max_mb", "count"), [("46.83", 1), ("46.829999", 0)])
def test_a_limit_is_compared_with_bytes(place: Workplace, max_mb: str, count: int) -> None:
    merged = str(place.folder / "merged.csv")
    assert place.call("merge", str(place.folder / "results.csv"), "-o", merged).status == 0
    for table in ("results.csv", "merged.csv"):
        assert pick(place, "--max-mb", max_mb, "-q", "--family", "resnet18", table=table).out.count("\n") == count


def test_a_column_of_figures_with_text_in_it_is_said_to_be_left_aside(place: Workplace) -> None:
    write(place.folder / "percent.csv", f"model,top1\n{R50},81.2\n{R18},71.5%\n")
    assert "; top1 is not all numbers: neither ranked nor limited by" in pick(place, table="percent.csv").err


def test_names_alone_are_sorted_by_size(place: Workplace) -> None:
    write(place.folder / "names.csv", f"model\n{R50}\n{R18}\n{ATTO}\n")
    assert pick(place, "--max-mb", "50", "-q", table="names.csv").out.split() == [ATTO, R18]


def test_metrics_of_the_pareto_line_are_shown_and_sort_takes_their_names(place: Workplace) -> None:
    ended = with_speed(place, "--pareto", "infer_macts,top1")
    assert "infer_macts" in ended.out.split("\n")[0].split()
    by_label = pick(place, "--sort", "size", "--format", "csv")
    assert picked(by_label) == picked(pick(place, "--sort", "size_mb", "--format", "csv"))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--license", "mit, cc-by-nc-4.0"], [ATTO, R18]),
        (["--license", "permissive,cc-by-nc-4.0", "--max-mb", "50"], [ATTO, R18]),
        (["--family", "resnet18"], [R18]),
        (["--family", "RESNET18.a1_in1k"], [R18]),
        (["--exclude", "resnet50", "--family", "resnet"], [R18]),
    ],
)
def test_licences_and_architectures(place: Workplace, options: list[str], names: list[str]) -> None:
    assert pick(place, *options, "-q").out.split() == names
    assert pick(place, "--license", "bsd-3-clause").status == 1


@pytest.mark.parametrize(
    ("option", "pattern", "hint"),
    [
        ("--family", "convnxt", "did you mean convnext"),
        ("--exclude", "ResNet_50", "did you mean resnet50"),
        ("--family", "nothing-like-it", "a family, a model, or a pattern"),
    ],
)
def test_a_pattern_that_matches_nothing_is_told(place: Workplace, option: str, pattern: str, hint: str) -> None:
    ended = pick(place, option, pattern)
    assert ended.status == 2
    assert f"{option} {pattern}: matches no row" in ended.err
    assert hint in ended.err


def test_without_a_limit_it_is_the_best_under_each_size(place: Workplace) -> None:
    write(place.folder / "models.csv", RESULTS + "test_vit.r160_in1k,160,99,0.37\n")
    ended = place.call("pick")
    rows = [line.split() for line in ended.out.splitlines()]
    assert rows[0][:3] == ["model", "best_under", "size_mb"]
    assert [(row[0], row[1]) for row in rows[1:]] == [(ATTO_V2, "25"), (ATTO_V2, "50"), (ATTO_V2, "100"), (R50, "any")]
    assert "set limits to choose: --max-mb 25 --min-top1 80" in ended.err
    assert "made before" not in ended.err
    os.utime(place.folder / "models.csv", (1, 1))
    assert "models.csv was made before the last crawl; scrapy publish makes it anew" in place.call("pick").err


def test_columns_are_those_named(place: Workplace) -> None:
    ended = pick(place, "--columns", "top1,model", "-n", "1")
    assert ended.out.split() == ["top1", "model", "81.200", R50]
    rows = picked(pick(place, "--columns", "model,img_size", "--format", "csv"))
    assert len(rows) == len({*rows}) == 6


def test_latency_is_joined_from_a_benchmark_of_single_images(place: Workplace) -> None:
    cpu = SPEED.replace(",1024,", ",1,")
    path = write(place.folder / "benchmark-infer-fp32-nchw-pt240-cpu-i9_10940x-dynamo.csv", cpu)
    ended = pick(place, "--latency", path, "--max-latency", "11")
    assert [line.split()[0] for line in ended.out.splitlines()[1:]] == [ATTO, R18]
    assert "latency_ms on Core i9-10940X, float32, channels first, PyTorch 2.4.0, torch.compile" in ended.err
    refused = pick(place, "--latency", str(place.folder / "speed.csv"))
    assert (refused.status, "measured at batch sizes of 1024; a latency is of one image" in refused.err) == (2, True)
    own = place.call("pick", path, "--max-latency", "11", "-q")
    assert own.out.split() == ["resnet18", "convnext_atto"]


@pytest.mark.parametrize(
    ("name", "column", "said"),
    [
        ("results-imagenet-a.csv", "top1_diff", "top1_diff against ImageNet-A clean"),
        ("results-imagenet-real.csv", "top1_diff", "top1_diff against ImageNet"),
        ("results-imagenet-r-clean.csv", "top1", "top1 on ImageNet-R clean (ImageNet's own images of its classes)"),
        ("results-imagenet.csv", "top1_real", "top1_real on ImageNet-ReaL"),
    ],
)
def test_accuracies_say_which_images_they_are_of(place: Workplace, name: str, column: str, said: str) -> None:
    write(place.folder / name, f"model,top1,top1_diff,top1_real\n{R50},80,-3,88\n")
    assert said in pick(place, "--sort", column, table=name).err.strip().split("; ")


def test_the_speed_of_another_model_or_a_rewritten_one_is_told(place: Workplace) -> None:
    name = "benchmark-infer-amp-nchw-pt291-cu130-5090.csv"
    header = "model,infer_img_size,infer_samples_per_sec,param_count\n"
    path = write(place.folder / name, f"{header}mobileone_s0,224,9,2.08\nresnet18,224,8,50\n")
    remarks = ["mobileone_s0.apple_in1k is of the reparameterised model", f"{R18} is of a model with 50 M parameters"]
    merged = place.call("merge", str(place.folder / "results.csv"), "-o", str(place.folder / "m.csv"), "--speed", path)
    assert all(f"infer_samples_per_sec of {remark}" in merged.err for remark in remarks)
    for ended in (pick(place, "--speed", path, "-n", "9"), pick(place, "-n", "9", table="m.csv")):
        assert all(f"speed of {remark}" in ended.err for remark in remarks)
        assert "speed on RTX 5090, AMP, channels first, PyTorch 2.9.1, CUDA 13.0;" in ended.err
    own = place.call("pick", path)
    assert "speed of mobileone_s0 is of the reparameterised model" in own.err
    cpu = "benchmark-infer-fp32-nchw-pt240-cpu-i9_10940x.csv"
    rows = "model,infer_img_size,infer_step_time,infer_batch_size,param_count\nmobileone_s0,224,9,1,5.29\n"
    latency = pick(place, "--latency", write(place.folder / cpu, f"{rows}resnet18,224,8,1,50\n"), "-n", "9")
    assert f"latency_ms of {R18} is of a model with 50 M parameters" in latency.err
    assert "reparameterised" not in latency.err


def test_several_batch_sizes_are_joined_at_one(place: Workplace) -> None:
    header = "model,infer_img_size,infer_samples_per_sec,infer_batch_size\n"
    rows = "resnet50,224,10,1\nresnet50,224,90,256\nresnet18,224,80,256\nconvnext_atto,224,5,1\nresnet18,288,70,256\n"
    path = write(place.folder / "b.csv", header + rows)
    ended = pick(place, "--speed", path, "--sort", "speed", "--format", "csv", "-n", "2")
    assert picked(ended) == [(R50, "224"), (R18, "224")]
    merged = place.call("merge", str(place.folder / "results.csv"), "-o", "-", "--speed", path)
    assert "joined at 256, the most frequent one" in merged.err


def test_what_is_published_is_ours_to_compute_anew(place: Workplace) -> None:
    columns = "model,img_size,size_mb,status,top1,speed,speed_source,weights_mb,memory_mb,memory_dtype,memory_batch"
    row = f"{R18},224,46.83,estimated,71.5,7,phone,46.8,60,float32,1"
    write(place.folder / "models.csv", f"{columns},repo_id,revision\n{row},timm/{R18},abc\n")
    options = ["--dtype", "float16", "--speed", str(place.folder / "speed.csv"), "--format", "json"]
    [row_found] = json.loads(place.call("pick", "--max-mb", "24", "--max-memory", "40", *options).out)["rows"]
    assert (row_found["speed"], row_found["memory_dtype"], row_found["size_dtype"]) == (12000, "float16", "float16")


# --- What fits a device ---


def test_only_what_fits_the_device_is_shown_with_its_largest_batch(place: Workplace) -> None:
    ended = pick(place, "--device-memory", "400MB", "--batch", "8", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert rows
    assert all(int(row["max_batch"]) >= 8 for row in rows)
    assert "leave room for the runtime: a PyTorch process has 740 MB before any model" in ended.err
    fewer = pick(place, "--device-memory", "400MB", "--batch", "8", "--training", "--format", "csv")
    trained = list(csv.DictReader(io.StringIO(fewer.out)))
    assert 0 < len(trained) < len(rows)
    assert all(0 < float(row["training_memory_mb"]) <= 400 for row in trained)
    nothing = pick(place, "--device-memory", "1MB")
    assert (nothing.status, "--device-memory 1MB excludes 6" in nothing.err) == (1, True)


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--fits", "resnet50", "--device-memory", "8GB"], 0, f"{R50} at 224 pixels: yes, up to "),
        (
            ["--fits", "resnet50", "--device-memory", "8GiB", "--img-size", "288"],
            0,
            f"{R50} at 288 pixels: yes, up to ",
        ),
        (["--fits", f"timm/{R50}", "--device-memory", "90MB"], 1, "no, an image needs 114 MB; not one fits in 90MB; "),
        (["--fits", R50, "--device-memory", "1GB", "--batch", "5000"], 1, "no, 5,000 images need "),
        (["--fits", R50, "--device-memory", "2GB", "--training"], 0, "before any model\n"),
        (["--fits", R50, "--device-memory", "8GB", "--img-size", "384"], 2, f"{R50} at 384 pixels; it has 224, 288\n"),
        (["--fits", "ResNet50", "--device-memory", "8GB"], 2, "no row of ResNet50; did you mean resnet50?\n"),
        (["--fits", "nothing", "--device-memory", "8GB"], 2, "unknown: the table has no row of nothing\n"),
        (["--fits", R50, "--device-memory", "1PB"], 0, f"{R50} at 224 pixels: "),
        (["--fits", GITHUB_ONLY, "--device-memory", "8GB"], 0, f"{GITHUB_ONLY} at 224 pixels: "),
        (["--fits", "legacy_seresnet18.in1k", "--device-memory", "8GB"], 2, "unknown: "),
        (["--fits", "", "--device-memory", "8GB"], 2, "unknown: "),
    ],
)
def test_whether_a_model_fits_is_said_by_the_exit_status(
    place: Workplace, options: list[str], status: int, said: str
) -> None:
    write(place.folder / "fits.csv", f"{RESULTS}gcvit_base.in1k,224,85,90\n{GITHUB_ONLY},224,84,28\n")
    ended = pick(place, *options, table="fits.csv")
    assert ended.status == status
    assert said in ended.out
    assert "e+" not in ended.out
    quiet = pick(place, *options, "-q", table="fits.csv")
    assert (quiet.status, quiet.out, quiet.err) == (status, "", "")
