"""SIZES_FILE: what is written is read again, and what is better stays."""

from __future__ import annotations

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timm_sizes.errors import InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.sizes_file import COLUMNS, gather, read_sizes, update_sizes

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["=1", "'=1", "''+x", "'", "@", "a\rb"]
)


def row(
    model: str = "resnet50", status: Status = Status.OK, size: int | None = 5, source: str = "api", at: str = "1"
) -> ModelSize:
    return ModelSize(model, status=status, size_bytes=size, source=source, fetched_at=at)


@given(st.dictionaries(names, names, max_size=8))
def test_rows_are_read_as_they_were_written(reasons: dict[str, str]) -> None:
    rows = [ModelSize(model, reason=reason, other_weights={"a.bin": 1}) for model, reason in reasons.items()]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sizes.csv"
        update_sizes(path, rows)
        assert list(read_sizes(path).values()) == sorted(rows, key=lambda item: item.model)


@given(names)
@example('"=')
def test_no_cell_is_a_formula(model: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sizes.csv"
        update_sizes(path, [ModelSize(model)])
        with path.open(encoding="utf-8", newline="") as file:
            cell = list(csv.reader(file))[1][0]
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    assert read_sizes(tmp_path / "none.csv") == {}


@pytest.mark.parametrize("text", ["", "model\n", "a,b\n1,2\n", ",".join(COLUMNS) + "\nresnet50\n", '"'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text(text)
    if text:
        with pytest.raises(InputError):
            read_sizes(path)
    else:
        assert read_sizes(path) == {}


def test_new_rows_replace_old_ones_and_others_stay() -> None:
    old = {"a": row("a", size=1), "b": row("b", size=2)}
    assert gather(old, [row("b", size=3), row("c", size=4)]) == {**old, "b": row("b", size=3), "c": row("c", size=4)}


def test_unchanged_row_keeps_its_date() -> None:
    old = {"resnet50": row(at="2026-01-01T00:00:00Z")}
    assert gather(old, [row(at="2026-02-02T00:00:00Z")]) == old


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (row(), row(status=Status.ERROR, size=None), True),
        (row(status=Status.ESTIMATED, source="catalogue"), row(status=Status.ERROR, size=None), True),
        (row(), row(status=Status.ESTIMATED, size=6, source="catalogue"), True),
        (row(status=Status.NOT_FOUND, size=None), row(status=Status.ESTIMATED, source="catalogue"), True),
        (row(status=Status.ESTIMATED, source="catalogue"), row(size=6), False),
        (row(), row(status=Status.NOT_FOUND, size=None), False),
        (row(status=Status.NOT_FOUND, size=None), row(status=Status.ERROR, size=None), True),
        (
            row(status=Status.UNKNOWN_NAME, size=None, source=""),
            row(status=Status.ESTIMATED, source="catalogue"),
            False,
        ),
    ],
)
def test_what_is_better_stays(before: ModelSize, after: ModelSize, kept: bool) -> None:
    assert gather({"resnet50": before}, [after]) == {"resnet50": before if kept else after}
