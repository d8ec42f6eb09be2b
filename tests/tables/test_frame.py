"""What a cell says as a number, which depends on the table that it stands in."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.samples import SPEED, sizes, write, write_sizes
from tests.workplace import Workplace
from timm_sizes.pick.rows import load_choices
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.facts import Facts
from timm_sizes.tables.join import read_joins
from timm_sizes.tables.merge import plan
from timm_sizes.tables.numbers import number as read
from timm_sizes.tables.table import parse_table


@pytest.mark.parametrize(
    ("text", "delimiter", "number"),
    [
        ("80.123", ",", 80.123),
        ("1,014.45", ",", 1014.45),
        ("1,014", "\t", 1014),
        ("80,123", ",", 80123),
        ("80,12", ",", None),
        ("0,123", ",", None),
        ("1,2,3", ",", None),
        ("80,123", ";", 80.123),
        ("80,123", "|", 80.123),
        ("80.123", ";", 80.123),
        ("-0,5", ";", -0.5),
        ("1,5e3", ";", 1500),
        ("1,014.45", ";", None),
        ("1,014,450", ";", None),
        ("1.014,45", ";", 1014.45),
        ("1.01,45", ";", None),
        ("1_000", ",", None),
        ("1e400", ",", None),
        ("nan", ",", None),
        ("", ";", None),
    ],
)
def test_a_comma_is_what_it_is_in_its_table(text: str, delimiter: str, number: float | None) -> None:
    table = parse_table(f'model{delimiter}x\nresnet50{delimiter}"{text}"\n'.encode(), "t.csv")
    [found] = (read(cell, decimal_commas=table.has_decimal_commas) for cell in table.column("x"))
    assert math.isnan(found) if number is None else found == number


def test_decimal_commas_are_ranked_and_limited_as_numbers(offline: Workplace) -> None:
    write_sizes(offline.sizes_file, sizes().values())
    table = "model;img_size;top1;param_count\nresnet50.a1_in1k;224;80,123;25,56\nresnet18.a1_in1k;224;9,5;11,69\n"
    table += "vit_giant.x;224;90,1;1.136,48\n"
    path = write(offline.folder / "t.csv", table)
    frame = load_choices(path, "model", sizes())
    assert frame["top1"].tolist() == [80.123, 9.5, 90.1]
    assert frame["param_count"].tolist() == [25.56, 11.69, 1136.48]
    ended = offline.run("pick", path, "--min-top1", "50")
    assert "resnet50.a1_in1k" in ended.out
    assert "resnet18.a1_in1k" not in ended.out
    merged = offline.run("merge", path, "-o", "-", "--details").out.splitlines()
    assert merged[1].startswith("resnet50.a1_in1k;102.55;224;80,123;25,56;")
    assert ";ok;" in merged[1]


@pytest.mark.parametrize(
    ("table", "benchmark", "expected"),
    [
        (",", ",", ["12,000.0", "5000.50"]),
        (";", ",", ["12000.0", "5000.50"]),
        (",", ";", ["12000.0", "5000.50"]),
        (";", ";", ["12000.0", "5000.50"]),
    ],
)
def test_what_is_joined_reads_the_same_in_its_new_table(
    tmp_path: Path, table: str, benchmark: str, expected: list[str]
) -> None:
    results = parse_table(f"model{table}img_size\nresnet18{table}224\nresnet50{table}224\n".encode(), "r.csv")
    text = SPEED
    if benchmark == ";":
        text = SPEED.replace('"12,000.0"', "12000.0").replace(",", ";").replace(".", ",")
    facts = Facts(Sizes(), read_joins(write(tmp_path / "b.csv", text)))
    added = plan(results, "model", facts)
    assert [added.cells(read)[1][0] for read in [("resnet18", "224"), ("resnet50", "224")]] == expected
