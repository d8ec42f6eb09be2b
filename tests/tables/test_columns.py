"""One answer to what a column is, for merge, pick and the report alike."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timm_sizes import sizes_file
from timm_sizes.tables.columns import (
    AXES,
    BENCHMARK_COLUMNS,
    COLUMNS,
    DETAIL_COLUMNS,
    LATENCY_COLUMNS,
    LIMITS,
    LISTED,
    MEMORY_COLUMNS,
    SIZE_COLUMN,
    Kind,
    column_of,
    is_accuracy,
    own_columns,
)


@pytest.mark.parametrize(
    ("better", "columns"),
    [
        ("smaller", ["size_mb", "size_mib", "param_count", "infer_gmacs", "top1_err", "gmacs", "top1_real_err"]),
        ("larger", ["top1", "top5", "top1_real", "speed", "infer_samples_per_sec"]),
        ("", ["img_size", "train_img_size", "license", "rank_diff", "anything", ""]),
    ],
)
def test_which_way_is_better(better: str, columns: list[str]) -> None:
    for column in map(column_of, columns):
        assert (column.kind.better, column.smaller_is_better) == (better, better == "smaller"), column.name


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("top1", True),
        ("top5", True),
        ("top1_real", True),
        ("top5_v2", True),
        ("top1_err", False),
        ("top1_real_err", False),
        ("top1_diff", False),
        ("top10", False),
        ("top1_", False),
        ("top1_<b>", False),
    ],
)
def test_an_accuracy_is_neither_an_error_nor_a_difference(column: str, *, expected: bool) -> None:
    assert is_accuracy(column) is expected


@pytest.mark.parametrize(
    ("column", "header", "decimals", "report_decimals"),
    [
        ("size_mb", "Size (MB)", 2, 2),
        ("top1", "Top-1 (%)", 3, 2),
        ("top1_a_clean", "ImageNet-A clean top-1 (%)", 3, 2),
        ("top1_real_err", "ImageNet-ReaL top-1 error (%)", 3, 3),
        ("speed", "Speed (images/s)", 1, 0),
        ("train_samples_per_sec", "Speed, training (images/s)", 1, 0),
        ("infer_step_time", "Step time, inference (ms)", 3, 1),
        ("infer_img_size", "Input, inference (px)", 0, 0),
        ("size_bytes", "Size (bytes)", 0, 0),
        ("memory_mb", "Memory (MB)", 2, 2),
        ("crop_pct", "Crop", 3, 3),
    ],
)
def test_a_column_has_one_label_and_its_decimals(column: str, header: str, decimals: int, report_decimals: int) -> None:
    found = column_of(column)
    assert (found.header, found.kind.decimals, found.kind.report_decimals) == (header, decimals, report_decimals)


def test_every_entry_stands_once_and_each_option_is_described() -> None:
    assert set(Counter(column.name for column in COLUMNS).values()) == {1}
    assert all(column.label for column in COLUMNS)
    assert all(column.limited for column in LIMITS.values())
    assert {column.kind for column in COLUMNS} >= set(Kind) - {Kind.OTHER, Kind.ERROR, Kind.TIME}


def test_every_column_that_is_written_is_known() -> None:
    merged = (SIZE_COLUMN, *DETAIL_COLUMNS, *LATENCY_COLUMNS, *chain(*BENCHMARK_COLUMNS.values()))
    for name in (*merged, *sizes_file.COLUMNS):
        assert column_of(name).kind is not Kind.OTHER or name.endswith("_batch_size")


def test_options_list_and_axes_are_those_of_the_entries() -> None:
    assert set(LIMITS) == {
        "--max-mb",
        "--min-top1",
        "--max-params",
        "--max-gmacs",
        "--min-speed",
        "--max-memory",
        "--max-latency",
    }
    assert [column.name for column in LISTED] == [
        *("model", "size_mb", "top1", "img_size", "param_count", "gmacs", "speed", "latency_ms", "license")
    ]
    assert [column.name for column in AXES] == [
        *("size_mb", "param_count", "gmacs", "speed"),
        *("memory_mb", "latency_ms", "activations_mb"),
    ]


@given(st.text(min_size=1, max_size=50))
@example("_err" * 10_000)
def test_any_name_is_a_column(name: str) -> None:
    found = column_of(name)
    assert found.name == name
    assert found.header
    assert not (found.shown or found.limit) or found in COLUMNS


@given(st.text(max_size=30).map("top1_".__add__))
def test_what_an_accuracy_shows_is_harmless_in_a_header(name: str) -> None:
    if is_accuracy(name):
        assert set(column_of(name).label) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.- ")


BASE = ["model", "model_size_in_mb", "img_size", "top1"]
SPEED = ["infer_samples_per_sec", "infer_batch_size", "infer_gmacs", "infer_macts", "speed_source"]
BEFORE = ["infer_samples_per_sec", "infer_step_time", "infer_gmacs", "infer_macts", "speed_source"]


@pytest.mark.parametrize(
    ("columns", "own"),
    [
        ([*BASE, *SPEED], SPEED),
        ([*BASE, *BEFORE], BEFORE),
        ([*BASE, *DETAIL_COLUMNS, "top1_v2", *SPEED], [*DETAIL_COLUMNS, "top1_v2", *SPEED]),
        ([*BASE, *SPEED, "note", *MEMORY_COLUMNS[:4]], [*SPEED, *MEMORY_COLUMNS[:4]]),
        ([*BASE, *LATENCY_COLUMNS], LATENCY_COLUMNS),
        ([*BASE, "top1_err", "top1_diff", "memory_mb", "license", "latency_ms"], []),
        ([*BASE, "infer_img_size", *SPEED], ["speed_source"]),
        ([*BASE, *SPEED[:4]], []),
    ],
)
def test_only_what_a_merge_writes_together_is_its_own(columns: list[str], own: list[str]) -> None:
    assert own_columns(columns) == {"model_size_in_mb", *own}
    assert own_columns([columns[0], *columns[2:]]) == set()
