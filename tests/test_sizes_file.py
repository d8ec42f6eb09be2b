"""SIZES_FILE: what is written is read again, and what is better stays."""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timm_sizes.errors import InputError
from timm_sizes.hub.payloads import RepoInfo
from timm_sizes.items import ModelSize, Status, worth
from timm_sizes.sizes_file import COLUMNS, Sizes, gather, keepable, read_sizes, update_sizes
from timm_sizes.spiders.sizing import from_list
from timm_sizes.tables.facts import Facts, Key
from timm_sizes.units import MAX_BYTES

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["=1", "'=1", "''+x", "'", "@", "a\rb"]
)


def row(
    model: str = "resnet50", status: Status = Status.OK, size: int | None = 5, source: str = "api", at: str = "1"
) -> ModelSize:
    return ModelSize(model, status=status, size_bytes=size, source=source, fetched_at=at)


@given(st.dictionaries(names, names, max_size=8))
def test_rows_are_read_as_they_were_written(reasons: dict[str, str]) -> None:
    rows = [ModelSize(model, reason=reason, size_bytes=1) for model, reason in reasons.items()]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sizes.csv"
        update_sizes(path, map(keepable, rows))
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
    new = {"b": row("b", size=3), "c": row("c", size=4)}
    assert gather(old, new.values()) == new


def test_unchanged_row_keeps_its_date() -> None:
    old = {"resnet50": row(at="2026-01-01T00:00:00Z")}
    assert gather(old, [row(at="2026-02-02T00:00:00Z")]) == {}


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (row(status=Status.NOT_FOUND, size=None), row(status=Status.ESTIMATED, source="catalogue"), False),
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
    assert gather({"resnet50": before}, [after]) == ({} if kept else {"resnet50": after})


# ---- Nothing that is written is unreadable ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        {"reason": "x" * 200_000},
        {"size_bytes": MAX_BYTES + 1},
        {"size_bytes": -1},
        {"size_bytes": 0},
        {"status": Status.ESTIMATED, "size_bytes": None},
        {"size_bytes": "1.22 GB"},
        {"params": 10**17},
        {"license": "\ud800"},
    ],
)
def test_item_that_cannot_be_kept_costs_no_other(tmp_path: Path, odd: dict[str, Any]) -> None:
    path = tmp_path / "sizes.csv"
    update_sizes(path, map(keepable, [row("a"), replace(row("b"), **odd), row("c")]))
    rows = read_sizes(path)
    assert (rows["a"], rows["c"]) == (row("a"), row("c"))
    assert (rows["b"].status, rows["b"].size_bytes) == (Status.ERROR, None)


texts = st.text(max_size=10) | st.sampled_from(["\ud800", "\x00", "\r", "x" * 131_073])
counts = st.none() | st.integers(-5, 2**70)


@given(
    st.lists(
        st.builds(
            ModelSize,
            model=names,
            status=st.sampled_from(Status),
            reason=texts,
            size_bytes=counts,
            params=counts,
            license=texts,
        ),
        max_size=4,
    )
)
def test_any_items_leave_a_file_with_each_name(items: list[ModelSize]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sizes.csv"
        update_sizes(path, map(keepable, items))
        assert read_sizes(path).keys() == {item.model for item in items}


# ---- Edited by hand, or by another version ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["97.7 MB", "102469840.0", "25.5M", "1" + "0" * 40, "-5", "1_000", "\u0663", " 5", "x"]
)
@pytest.mark.parametrize("column", ["size_bytes", "params"])
def test_cell_that_is_no_number_is_named_with_its_row(tmp_path: Path, column: str, cell: str) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text(f"model,status,size_bytes,params\na,ok,5,6\nb,ok,{cell if column == 'size_bytes' else 5},", "utf-8")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{cell if column == 'params' else 6}\n")
    with pytest.raises(InputError, match=f"sizes.csv, row 3, column {column}: .*; expected a whole number") as caught:
        read_sizes(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("b,fine,5,", "row 3, column status: 'fine'; expected one of ok, estimated,"),
        ("b,ok,,", "row 3: the status says that there is a size; expected one above 0"),
        ("b,estimated,00,", "row 3: the status says that there is a size; expected one above 0"),
        ("b,ok,5", "row 3: expected 4 cells, found 3"),
        ("<<<<<<< HEAD", "line 3: a conflict marker; resolve the conflict first"),
        ("a,ok,6,", "row 3: 'a' has a row above"),
        ("b,ok,5," + "x" * 140_000, "not a sizes file .field larger"),
        ('b,ok,5,"', "not a sizes file"),
    ],
)
def test_line_that_makes_no_sense_is_refused_and_the_file_stays(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text(f"model,status,size_bytes,license\na,ok,5,\n{line}\n")
    before = path.read_bytes()
    with pytest.raises(InputError, match=message):
        read_sizes(path)
    with pytest.raises(InputError, match=message):
        update_sizes(path, [row("c")])
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\ufeffmodel,status,size_bytes\na,ok,5\n", "line 1: a byte order mark; save the file as UTF-8 without one"),
        ("model;status;size_bytes\na;ok;5\n", "line 1: cells separated by ';'; expected ','"),
        ("<<<<<<< HEAD\nmodel,status,size_bytes\na,ok,5\n", "line 1: a conflict marker"),
    ],
)
def test_header_that_another_program_changed_is_told_from_another_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_sizes(path)


def test_symbolic_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link.csv").symlink_to(tmp_path / "sizes.csv")
    for size in (1, 2):
        update_sizes(tmp_path / "link.csv", [row(size=size)])
    assert (tmp_path / "link.csv").is_symlink()
    assert read_sizes(tmp_path / "sizes.csv") == {"resnet50": row(size=2)}


def test_column_of_an_earlier_version_goes(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text('model,status,size_bytes,other_weights\na,ok,5,"{""b.bin"": 7}"\n')
    update_sizes(path, [row("b")])
    assert list(read_sizes(path)) == ["a", "b"]
    assert path.read_text().partition("\n")[0] == ",".join(COLUMNS)


def test_column_that_is_not_known_is_kept_and_one_that_is_missing_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "sizes.csv"
    path.write_text("note,model,status,size_bytes\nmine,a,ok,5\n,b,error,\n")
    assert read_sizes(path)["a"] == ModelSize("a", size_bytes=5)
    update_sizes(path, [row("a", size=6), row("c", size=7)])
    with path.open(encoding="utf-8", newline="") as file:
        rows = {each["model"]: each for each in csv.DictReader(file)}
    assert {model: each["note"] for model, each in rows.items()} == {"a": "mine", "b": "", "c": ""}
    assert (rows["a"]["size_bytes"], rows["b"]["status"]) == ("6", "error")


# ---- What is worth more ----------------------------------------------------------------------------------------------

SHA, LATER = "a" * 40, "b" * 40
ORDER = [
    ModelSize("net", "timm/net", Status.ERROR, "HTTP 500", source="api"),
    ModelSize("net", "timm/net", Status.NO_WEIGHTS, "none", source="api", fetched_at="1", sha=SHA),
    ModelSize("net", "timm/net", Status.ESTIMATED, "computed", size_bytes=2, source="catalogue"),
    ModelSize("net", "timm/net", Status.ESTIMATED, "rounded", size_bytes=3, source="page", fetched_at="1", sha=SHA),
    ModelSize("net", "timm/net", Status.ESTIMATED, "counted", size_bytes=4, source="list", fetched_at="1", sha=SHA),
    ModelSize("net", "timm/net", Status.OK, size_bytes=5, source="api", fetched_at="1", sha=SHA),
]


def gathered(before: ModelSize, after: ModelSize) -> ModelSize:
    return gather({"net": before}, [after]).get("net", before)


def test_there_is_one_order_of_worth() -> None:
    assert [worth(item) for item in ORDER] == sorted({worth(item) for item in ORDER})


@pytest.mark.parametrize(("before", "after"), list(product(range(len(ORDER)), repeat=2)))
def test_at_one_commit_what_is_worth_less_never_replaces_what_is_worth_more(before: int, after: int) -> None:
    kept = gathered(ORDER[before], ORDER[after])
    # But an answer without a size stands against what nobody said: a catalogue does not know the repo's commit.
    best = 1 if (before, after) == (2, 1) else max(before, after)
    assert kept is ORDER[best]


def test_size_at_a_later_commit_replaces_the_one_before() -> None:
    later = replace(ORDER[4], sha=LATER)
    assert gathered(ORDER[5], later) is later
    gone = ModelSize("net", "timm/net", Status.NOT_FOUND, "no such repo", source="api", fetched_at="2")
    assert gathered(ORDER[5], gone) is gone


def test_size_of_another_repo_gives_way_to_what_is_known_of_the_right_one() -> None:
    estimate = replace(ORDER[2], repo_id="timm/net.right")
    assert gathered(ORDER[5], estimate) is estimate
    assert gathered(ORDER[5], replace(ORDER[2], repo_id="timm/net")) is ORDER[5]


def test_list_without_file_names_says_nothing_of_weights() -> None:
    item = from_list("net", RepoInfo("timm/net", SHA, {}))
    assert item.status == Status.ERROR
    assert gathered(ORDER[5], item) is ORDER[5]


# ---- A size at a named revision --------------------------------------------------------------------------------------


def known_sizes(sizes: list[ModelSize], names: list[str]) -> list[int | None]:
    facts = Facts(Sizes.of(sizes))
    return [facts.of(Key(name)).size_bytes for name in names]


def test_size_at_a_named_revision_belongs_to_that_name_alone() -> None:
    old = ModelSize("hf-hub:timm/resnet50.a1_in1k@oldrev", "timm/resnet50.a1_in1k", size_bytes=51_110_000, source="api")
    names = [old.model, "resnet50.a1_in1k", "resnet50", "hf-hub:timm/resnet50.a1_in1k@other"]
    assert known_sizes([old], names) == [51_110_000, None, None, None]
    main = ModelSize("resnet50", "timm/resnet50.a1_in1k", size_bytes=102_000_000, source="api")
    assert known_sizes([old, main], names) == [51_110_000, 102_000_000, 102_000_000, None]


def test_names_of_one_repo_share_what_is_worth_most() -> None:
    repo_id = "timm/resnet50.a1_in1k"
    estimate = ModelSize("resnet50", repo_id, Status.ESTIMATED, size_bytes=99_000_000, source="page")
    exact = ModelSize("resnet50.a1_in1k", repo_id, size_bytes=102_000_000, source="api")
    for sizes in ([estimate, exact], [exact, estimate]):
        assert known_sizes(sizes, ["resnet50", "timm/resnet50"]) == [102_000_000] * 2
