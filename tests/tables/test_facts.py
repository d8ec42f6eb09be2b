"""One answer for each name, param_count and image size, in numbers: what merge, pick and report have of a row."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, isnan, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import SPEED, size_item, sizes, write
from timm_sizes.items import Status
from timm_sizes.sizes_file import Sizes
from timm_sizes.tables.facts import Facts, Key
from timm_sizes.tables.join import read_joins
from timm_sizes.tables.memory import Memory
from timm_sizes.tables.merge import plan
from timm_sizes.tables.numbers import number, plain
from timm_sizes.tables.table import read_table

R50 = "resnet50.a1_in1k"


def test_all_that_follows_from_another_model_is_left_out(tmp_path: Path) -> None:
    results = write(tmp_path / "results-imagenet-real.csv", f"model,img_size,top1\n{R50},224,85.5\n")
    joins = read_joins(write(tmp_path / "speed.csv", SPEED), results)
    facts = Facts(sizes(), joins, Memory())
    accuracy, speed = facts.of(Key(R50, 25.56, 224)).found
    assert (accuracy is not None, speed is not None) == (True, True)
    for parameters in (90.0, 5.0):
        wrong = facts.of(Key(R50, parameters, 224))
        assert (wrong.status, wrong.size_bytes, wrong.elements, wrong.footprint) == (Status.MISMATCH, None, None, None)
        assert wrong.found == (accuracy, None)
        assert (wrong.checkpoint.repo_id, wrong.checkpoint.license) == (f"timm/{R50}", "")


def test_a_key_is_answered_once_and_rows_that_differ_elsewhere_share_it(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", f"top1,model,note\n1,{R50},a\n2,{R50},b\n"), "model")
    added = plan(table, "model", Facts(sizes()))
    assert (added.reads, added.second, added.cells((R50,))) == (("model",), ("model_size_in_mb",), (("102.55",), ()))


@pytest.mark.parametrize("source", ["catalogue", "page", "list", "api"])
def test_worth_alone_decides_between_the_names_of_a_repo(source: str) -> None:
    item = replace(size_item(R50, "ok" if source == "api" else "estimated", 100.0), source=source)
    other = replace(size_item("resnet50", "estimated", 99.0), repo_id=f"timm/{R50}", source="list")
    known = Facts(Sizes.of([other, item])).of(Key(R50))
    assert known.size_bytes == (99_000_000 if source in ("catalogue", "page") else 100_000_000)


def test_what_nobody_knows_has_a_status_and_nothing_else() -> None:
    known = Facts(Sizes(), memory=Memory()).of(Key("unheard_of.x", nan, 224))
    assert (known.status, known.size_bytes, known.elements) == (Status.NOT_ASKED, None, None)


@given(st.floats(-1e15, 1e15) | st.integers(-(2**53), 2**53))
def test_a_number_reads_as_it_was_written(value: float) -> None:
    assert number(repr(value)) == value
    assert number(f"{value:,.3f}") == float(f"{value:.3f}")
    assert number(f"{value:.3f}".replace(".", ","), decimal_commas=True) == float(f"{value:.3f}")


@given(st.text(max_size=20))
def test_what_is_no_number_is_nan_and_stays_as_it_is(text: str) -> None:
    assert isnan(number(text)) or isfinite(number(text))
    assert plain(text) == text or plain(text) == text.strip().replace(",", "")
