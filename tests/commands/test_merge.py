"""``scrapy merge``: sizes joined by name into any table, and nothing else changed."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest

from tests.samples import write_sizes
from tests.workplace import Workplace
from timm_sizes.items import ModelSize, Status

DETAILS = ["size_bytes", "size_mib", "size_file", "size_status", "hub_repo", "hub_revision", "dtype", "license"]
SHA = "a" * 40


def sized(model: str, repo_id: str, size: int, params: int | None = None, **changes: object) -> ModelSize:
    item = ModelSize(
        model, repo_id, size_bytes=size, params=params, dtype="F32" if params else "", sha=SHA, source="api"
    )
    item.filename = "model.safetensors" if params else "pytorch_model.bin"
    for name, value in changes.items():
        setattr(item, name, value)
    return item


SIZES = [
    sized("resnet50.a1_in1k", "timm/resnet50.a1_in1k", 102_469_840, 25_557_032, license="apache-2.0"),
    sized("resnet18.a1_in1k", "timm/resnet18.a1_in1k", 46_807_446),
    sized("mobileone_s0.apple_in1k", "timm/mobileone_s0.apple_in1k", 21_300_000, 5_290_000),
    sized("half.fp16", "timm/half.fp16", 51_200_000),
    sized("ig_resnext101_32x16d", "timm/resnext101_32x8d.fb_wsl_ig1b_ft_in1k", 356_000_000, 88_790_000),
    sized("davit_base_fl.msft_florence2", "microsoft/Florence-2-base", 463_000_000, 231_000_000),
    ModelSize("gone.tag", "timm/gone.tag", Status.NOT_FOUND, "no such repo on the Hub, or a private one"),
    sized("guess.tag", "timm/guess.tag", 4_000_000, 1_000_000, status=Status.ESTIMATED, source="catalogue", sha=""),
]


@pytest.fixture
def filled(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, SIZES)
    return offline


def merged(workplace: Workplace, text: str, *options: str) -> list[dict[str, str]]:
    """Merge the table *text* and return its rows."""
    table = workplace.folder / "in.csv"
    table.write_bytes(text.encode())
    ended = workplace.call("merge", str(table), "-o", "-", *options)
    assert ended.status == 0, ended.err
    return list(csv.DictReader(io.StringIO(ended.out, newline="")))


def test_size_is_the_second_column_in_decimal_megabytes(filled: Workplace) -> None:
    rows = merged(
        filled, "model,img_size,top1\r\nresnet50.a1_in1k,224,80.20\r\nresnet50.a1_in1k,288,81.20\r\nnew.tag,1,2\r\n"
    )
    assert [list(row.values()) for row in rows] == [
        ["resnet50.a1_in1k", "102.47", "224", "80.20"],
        ["resnet50.a1_in1k", "102.47", "288", "81.20"],
        ["new.tag", "", "1", "2"],
    ]
    assert list(rows[0]) == ["model", "model_size_in_mb", "img_size", "top1"]


def test_names_are_joined_wherever_their_column_is(filled: Workplace) -> None:
    rows = merged(filled, "rank;name\n1;resnet18.a1_in1k\n", "--column", "name")
    assert list(rows[0].values()) == ["1;46.81;resnet18.a1_in1k"]


def test_details_tell_where_a_size_is_from(filled: Workplace) -> None:
    rows = merged(filled, "model\nresnet50.a1_in1k\ngone.tag\ngcvit_base\nmixer_s16_224\nnever.asked\n", "--details")
    assert list(rows[0]) == ["model", "model_size_in_mb", *DETAILS]
    assert list(rows[0].values())[2:] == [
        *("102469840", "97.72", "model.safetensors", "ok", "timm/resnet50.a1_in1k", SHA, "F32", "apache-2.0")
    ]
    assert [row["size_status"] for row in rows[1:]] == ["not_found", "no_hub_repo", "no_weights", "not_asked"]
    assert {row["size_bytes"] for row in rows[1:]} == {""}


def test_another_name_of_the_same_repo_gets_its_size(filled: Workplace) -> None:
    rows = merged(
        filled, "model\nresnet50\ntimm/resnet50\nhf-hub:timm/resnet50.a1_in1k\nhf-hub:timm/resnet50.a1_in1k@old\n"
    )
    assert [row["model_size_in_mb"] for row in rows] == ["102.47", "102.47", "102.47", ""]


@pytest.mark.parametrize(
    ("model", "param_count", "status"),
    [
        ("resnet50.a1_in1k", "25.56", "ok"),
        ("resnet50.a1_in1k", "40.00", "mismatch"),
        ("resnet50.a1_in1k", "8.00", "mismatch"),
        ("resnet50.a1_in1k", "", "ok"),
        ("resnet50.a1_in1k", "many", "ok"),
        ("resnet50.a1_in1k", '"1,2,3"', "ok"),
        ("resnet50.a1_in1k", "0", "ok"),
        ("mobileone_s0.apple_in1k", "2.08", "ok"),
        ("ig_resnext101_32x16d", "194.03", "mismatch"),
        ("davit_base_fl.msft_florence2", "90.37", "mismatch"),
        ("half.fp16", "25.60", "ok"),
        ("half.fp16", '"1,025.60"', "mismatch"),
        ("guess.tag", "1.00", "estimated"),
    ],
)
def test_checkpoint_that_cannot_be_the_rows_model_gives_no_size(
    filled: Workplace, model: str, param_count: str, status: str
) -> None:
    [row] = merged(filled, f"model,param_count\n{model},{param_count}\n", "--details")
    assert row["size_status"] == status
    assert bool(row["model_size_in_mb"]) is bool(row["size_bytes"]) is (status != "mismatch")
    assert row["hub_repo"]


def test_merging_twice_gives_the_same_bytes(filled: Workplace) -> None:
    table = filled.folder / "in.csv"
    original = b'"model","top1","licence"\r\n"resnet50.a1_in1k","080.100","mine, all mine"\r\n"gone.tag","",""\r\n'
    table.write_bytes(original)
    for options in ([], ["--details"]):
        once, twice = filled.folder / "once.csv", filled.folder / "twice.csv"
        filled.call("merge", str(table), "-o", str(once), *options)
        filled.call("merge", str(once), "-o", str(twice), *options)
        assert twice.read_bytes() == once.read_bytes() != original
        back = filled.folder / "back.csv"
        filled.call("merge", str(once), "-o", str(back))
        filled.call("merge", str(table), "-o", str(twice))
        assert back.read_bytes() == twice.read_bytes()


def test_column_of_the_old_script_is_replaced(filled: Workplace) -> None:
    rows = merged(filled, "model,model_size_in_mb,top1\nresnet50.a1_in1k,99.0,80\n")
    assert rows == [{"model": "resnet50.a1_in1k", "model_size_in_mb": "102.47", "top1": "80"}]


@pytest.mark.parametrize(
    ("form", "header", "cells", "options", "column"),
    [
        ("csv", "model,license", "x,mine", ["--details"], "license"),
        ("csv", "model,top1,dtype", "x,1,F8", ["--details"], "dtype"),
        ("csv", "model,top1,model_size_in_mb", "x,1,9.0", [], "model_size_in_mb"),
        ("csv", "model,model_size_in_mb,top1,model_size_in_mb", "x,9,1,9", [], "model_size_in_mb"),
        ("json", "model,license", "x,mine", ["--details"], "license"),
        ("json", "model,top1,dtype", "x,1,F8", ["--details"], "dtype"),
        ("json", "model,top1,model_size_in_mb", "x,1,9.0", [], "model_size_in_mb"),
    ],
)
def test_column_of_the_tables_own_is_neither_replaced_nor_doubled(
    filled: Workplace, form: str, header: str, cells: str, options: list[str], column: str
) -> None:
    table = filled.folder / f"in.{form}"
    row = dict(zip(header.split(","), cells.split(","), strict=True))
    table.write_text(f"{header}\n{cells}\n" if form == "csv" else json.dumps([row]))
    before = table.read_bytes()
    ended = filled.call("merge", str(table), "-o", str(table), *options)
    assert ended.status == 2
    assert f"has a column {column} of its own, which the merge would add again" in ended.err
    assert table.read_bytes() == before


def test_columns_that_merge_adds_to_json_are_replaced_and_others_kept(filled: Workplace) -> None:
    table = filled.folder / "in.json"
    text = '[{"model": "resnet50.a1_in1k", "top1": 0.10, "licence": "mine"}]\n'
    table.write_text(text)
    for options in (["--details"], ["--details"], []):
        assert filled.call("merge", str(table), "-o", str(table), *options).status == 0
    assert table.read_text() == text.replace('"top1"', '"model_size_in_mb": 102.47, "top1"')


@pytest.mark.parametrize("name", ["pipe", "pipe.csv"])
def test_merge_into_a_pipe_writes_through_it(filled: Workplace, name: str) -> None:
    pipe = filled.folder / name
    os.mkfifo(pipe)
    table = filled.folder / "in.csv"
    table.write_text("model\nresnet50.a1_in1k\n")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    ended = filled.call("merge", str(table), "-o", str(pipe))
    assert ended.status == 0, ended.err
    assert os.read(reader, 1000) == b"model,model_size_in_mb\nresnet50.a1_in1k,102.47\n"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize("device", ["/dev/null", "/dev/stdout"])
def test_device_is_written_to_and_stays(filled: Workplace, device: str) -> None:
    table = filled.folder / "in.csv"
    table.write_text("model\nresnet50.a1_in1k\n")
    before = Path(device).lstat()
    ended = filled.run("merge", str(table), "-o", device)
    assert ended.status == 0, ended.err
    assert ended.out == ("model,model_size_in_mb\nresnet50.a1_in1k,102.47\n" if device == "/dev/stdout" else "")
    assert (Path(device).lstat().st_mode, Path(device).lstat().st_ino) == (before.st_mode, before.st_ino)


def test_summary_counts_what_is_missing_by_reason(filled: Workplace) -> None:
    table = filled.folder / "in.csv"
    table.write_text(
        "model,param_count\nresnet50.a1_in1k,25.56\nguess.tag,1\ngone.tag,1\nig_resnext101_32x16d,194.03\n"
    )
    ended = filled.call("merge", str(table), "-o", "-")
    assert "4 rows, 2 sized (1 estimated); missing: 1 not_found, 1 mismatch" in ended.err
    assert "mismatch: ig_resnext101_32x16d: the checkpoint has another number of parameters than the row" in ended.err
    assert "not_found: gone.tag: no such repo on the Hub, or a private one" in ended.err


def test_names_that_mean_nothing_are_named_with_what_they_may_mean(filled: Workplace) -> None:
    table = filled.folder / "in.csv"
    table.write_text("\n".join(["model", "resnt50", "microsoft/resnet-50", *(f"nothing{n}" for n in range(5))]))
    ended = filled.call("merge", str(table), "-o", "-", "--memory")
    assert "tag to tell the repo by; did you mean resnet50 or resnet50t" in ended.err
    assert "unknown_name: microsoft/resnet-50: a repo of the Hub is written hf-hub:microsoft/resnet-50" in ended.err
    assert "unknown_name: nothing0, nothing1, nothing2 and 2 more: not an architecture" in ended.err
    assert "0 of 7 rows are in the computed memory figures; memory is computed where there is an img_size" in ended.err


def test_strict_refuses_a_row_without_a_size(filled: Workplace) -> None:
    table = filled.folder / "in.csv"
    target = filled.folder / "out.csv"
    table.write_text("model,param_count\nresnet50.a1_in1k,25.56\n")
    assert filled.call("merge", str(table), "-o", str(target), "--strict").status == 0
    for line in ("gone.tag,1", "ig_resnext101_32x16d,194.03"):
        table.write_text(f"model,param_count\n{line}\n")
        assert filled.call("merge", str(table), "-o", str(target), "--strict").status == 1
        assert target.exists()


def test_nothing_that_is_read_is_overwritten_but_the_table_itself(filled: Workplace) -> None:
    benchmark = filled.folder / "benchmark.csv"
    benchmark.write_text("model,infer_img_size,infer_samples_per_sec,param_count\nresnet50,224,1000,25.56\n")
    for name in ("a.csv", "b.csv"):
        (filled.folder / name).write_text("model,img_size,top1\nresnet50.a1_in1k,224,80\n")
    paths = {name: str(filled.folder / name) for name in ("a.csv", "b.csv", "benchmark.csv")}
    a, b, speed = paths.values()
    for arguments, wrong in (
        ([a, "--speed", speed, "-o", speed], speed),
        ([a, "--latency", speed, "-o", speed], speed),
        ([a, "--accuracy", f"{b},{speed}", "-o", b], b),
        ([a, "-o", str(filled.sizes_file)], str(filled.sizes_file)),
    ):
        before = Path(wrong).read_bytes()
        ended = filled.call("merge", *arguments)
        assert (ended.status, Path(wrong).read_bytes()) == (2, before), ended.err
        assert f"{wrong} is " in ended.err
    assert filled.call("merge", a, b, "-o", str(filled.folder)).status == 0
    assert "102.47" in Path(a).read_text()


def test_standard_output_gets_nothing_of_a_table_that_is_wrong_further_down(filled: Workplace) -> None:
    table = b"model,top1\n" + b"resnet50.a1_in1k,80\n" * 50_000 + b"resnet18.a1_in1k\n"
    ended = filled.run("merge", "-", stdin=table)
    assert (ended.status, ended.out) == (2, "")
    assert "standard input, line 50002: expected 2 cells as in the header, found 1" in ended.err


def test_some_columns_in_any_order_as_a_table_for_a_paper(filled: Workplace) -> None:
    table = filled.folder / "in.csv"
    table.write_text("model,top1,note\nresnet50.a1_in1k,80.10,a_b\nresnet18.a1_in1k,,50%\n")
    target = filled.folder / "out.tex"
    ended = filled.call("merge", str(table), "-o", str(target), "--columns", "model,note,model_size_in_mb,top1")
    assert ended.status == 0, ended.err
    lines = target.read_text().splitlines()
    assert lines[:3] == [r"\begin{tabular}{llrr}", r"\toprule", r"model & note & model\_size\_in\_mb & top1 \\"]
    assert lines[4:6] == [r"resnet50.a1\_in1k & a\_b & 102.47 & 80.10 \\", r"resnet18.a1\_in1k & 50\% & 46.81 &  \\"]
    ended = filled.call("merge", str(table), "-o", "-", "--columns", "top1,model")
    assert ended.out == "top1,model\n80.10,resnet50.a1_in1k\n,resnet18.a1_in1k\n"
    ended = filled.call("merge", str(table), "-o", "-", "--columns", "model,speed")
    assert "--columns: no column 'speed'; there are model, model_size_in_mb, top1, note" in ended.err
    ended = filled.call("merge", str(table), "-o", "-", "--columns", "model,memory_mb")
    assert "--columns: no column 'memory_mb'; --memory adds it; there are model" in ended.err


def test_full_disk_is_one_line(filled: Workplace) -> None:
    table = filled.folder / "in.csv"
    table.write_text("model\nresnet50.a1_in1k\n")
    ended = filled.call("merge", str(table), "-o", "/dev/full")
    assert (ended.status, ended.err.splitlines()[-1]) == (2, "scrapy: error: /dev/full: no space left on device")


def test_several_tables_go_to_a_folder(filled: Workplace) -> None:
    tables = []
    for name in ("a.csv", "b.csv"):
        path = filled.folder / name
        path.write_text("model\nresnet50.a1_in1k\n")
        tables.append(str(path))
    assert filled.call("merge", *tables, "-o", f"{filled.folder}/made/").status == 0
    assert {path.name for path in (filled.folder / "made").iterdir()} == {"a.csv", "b.csv"}


@pytest.mark.slow
def test_commands_that_need_no_pandas_do_not_import_it(offline: Workplace) -> None:
    for arguments in (["list"], ["merge", "--help"], ["crawl", "--help"]):
        watch = (
            "import sys; from scrapy.cmdline import execute\n"
            f"sys.argv = ['scrapy', *{arguments!r}]\n"
            "try: execute()\n"
            "except SystemExit: pass\n"
            "heavy = {'pandas', 'numpy', 'pyarrow', 'jinja2'} & set(sys.modules)\n"
            "print('heavy:', heavy or 'none')"
        )
        ended = offline.run_python(watch)
        assert ended.out.splitlines()[-1] == "heavy: none"


def test_a_table_from_standard_input_goes_to_standard_output_unless_told_otherwise(workplace: Workplace) -> None:
    workplace.crawl("-a", f"table={workplace.table(['resnet18.a1_in1k'])}", env={"HF_HUB_OFFLINE": "1"})
    table = b"model,top1\nresnet18.a1_in1k,71.500\n"
    merged = b"model,model_size_in_mb,top1\nresnet18.a1_in1k,46.81,71.500\n".decode()
    ended = workplace.run("merge", "-", stdin=table)
    assert (ended.status, ended.out) == (0, merged), ended.err
    target = workplace.folder / "merged.csv"
    ended = workplace.run("merge", "-", "-o", str(target), stdin=table)
    assert (ended.status, ended.out, target.read_text()) == (0, "", merged), ended.err
