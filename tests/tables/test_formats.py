"""``scrapy merge -o``: the file's ending says the format."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.parquet import write_table

from tests.samples import sizes, write, write_sizes
from tests.workplace import Ended, Workplace
from timm_sizes.errors import InputError
from timm_sizes.tables.base import Additions
from timm_sizes.tables.formats import convert
from timm_sizes.tables.table import parse_table, read_table

FORMULA = '=HYPERLINK("http://example.org"; "x")'
QUOTED = '"' + FORMULA.replace('"', '""') + '"'
TABLE = (
    "model,top1,param_count,img_size,note\r\n"
    'resnet18.a1_in1k,71.500,"1,014.45",224,a|b\r\n'
    f"{QUOTED},,0.50,,#N/A\r\n"
    "<script>*x*</script>,70.0,5,288,\r\n"
)


@pytest.fixture
def place(offline: Workplace) -> Workplace:
    write_sizes(offline.sizes_file, sizes().values())
    write(offline.folder / "t.csv", TABLE.replace("1,014.45", "11.69"))
    return offline


def merge(place: Workplace, output: str, table: str = "t.csv") -> Ended:
    ended = place.run("merge", str(place.folder / table), "-o", str(place.folder / output))
    assert "Traceback" not in ended.err
    return ended


def converted(folder: Path, ending: str, text: str = TABLE) -> bytes:
    table = read_table(write(folder / "t.csv", text), "model")
    chunks = convert(table, ending, Additions(), Counter())
    return b"".join(chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)


@pytest.mark.parametrize("ending", [".CSV", ".json", ".jsonl", ".parquet", ".md"])
def test_the_ending_says_the_format(place: Workplace, ending: str) -> None:
    ended = merge(place, f"out{ending}")
    assert ended.status == 0, ended.err
    start = {".json": b"[\n", ".jsonl": b'{"', ".parquet": b"PAR1", ".md": b"| model"}
    assert (place.folder / f"out{ending}").read_bytes().startswith(start.get(ending, b"model,"))


def test_csv_stays_as_it_is_and_tsv_has_the_same_text(place: Workplace) -> None:
    merge(place, "out.csv")
    assert (place.folder / "out.csv").read_bytes().endswith(b"\r\n<script>*x*</script>,,70.0,5,288,\r\n")
    merge(place, "out.tsv")
    lines = (place.folder / "out.tsv").read_text().splitlines()
    assert lines[1] == "resnet18.a1_in1k\t46.83\t71.500\t11.69\t224\ta|b"


def test_a_tsv_stays_as_it_is_and_becomes_csv(place: Workplace) -> None:
    write(place.folder / "t.tsv", "model\tnote\r\nresnet18.a1_in1k\ta,b\r\n")
    merge(place, "out.tsv", "t.tsv")
    assert (place.folder / "out.tsv").read_bytes() == (
        b"model\tmodel_size_in_mb\tnote\r\nresnet18.a1_in1k\t46.83\ta,b\r\n"
    )
    merge(place, "out.csv", "t.tsv")
    assert (place.folder / "out.csv").read_text() == 'model,model_size_in_mb,note\nresnet18.a1_in1k,46.83,"a,b"\n'


def test_the_same_ending_is_never_converted(place: Workplace) -> None:
    write(place.folder / "t.txt", "model;note\nresnet18.a1_in1k;'a'\n")
    assert merge(place, "out.txt", "t.txt").status == 0
    assert (place.folder / "out.txt").read_text() == "model;model_size_in_mb;note\nresnet18.a1_in1k;46.83;'a'\n"


RECORDS: list[dict[str, Any]] = [
    {"model": "resnet18.a1_in1k", "top1": 71.5, "param_count": 1014.45, "img_size": 224, "note": "a|b"},
    {"model": FORMULA, "top1": None, "param_count": 0.5, "img_size": None, "note": "#N/A"},
    {"model": "<script>*x*</script>", "top1": 70.0, "param_count": 5.0, "img_size": 288, "note": None},
]


def test_json_is_a_list_of_objects_indented_as_timms(tmp_path: Path) -> None:
    text = converted(tmp_path, ".json").decode()
    assert text == json.dumps(RECORDS, indent=4) + "\n"
    assert '"img_size": 224,' in text


def test_jsonl_is_an_object_a_line(tmp_path: Path) -> None:
    assert [json.loads(line) for line in converted(tmp_path, ".jsonl").decode().splitlines()] == RECORDS


def test_parquet_has_numbers(tmp_path: Path) -> None:
    (tmp_path / "out.parquet").write_bytes(converted(tmp_path, ".parquet"))
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert frame["param_count"].tolist() == [1014.45, 0.5, 5.0]
    assert str(frame["img_size"].dtype) == "Int64"
    assert frame.isna().sum().to_dict() == {"model": 0, "top1": 1, "param_count": 0, "img_size": 1, "note": 1}
    assert frame["model"][1] == FORMULA


def test_markdown_shows_markup_as_text(tmp_path: Path) -> None:
    assert converted(tmp_path, ".md").decode().splitlines() == [
        "| model | top1 | param_count | img_size | note |",
        "|---|---:|---:|---:|---|",
        r"| resnet18.a1_in1k | 71.500 | 1,014.45 | 224 | a\|b |",
        f"| {FORMULA} |  | 0.50 |  | #N/A |",
        r"| \<script>\*x\*\</script> | 70.0 | 5 | 288 |  |",
    ]


def test_names_and_commits_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    text = "model,hub_revision,count\n007,1e5,12345678901234567890\n"
    assert json.loads(converted(tmp_path, ".json", text)) == [
        {"model": "007", "hub_revision": "1e5", "count": "12345678901234567890"}
    ]


@pytest.mark.parametrize("ending", [".json", ".md", ".parquet", ".tsv"])
def test_two_columns_of_one_name_fit_no_other_format(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match="two columns are named 'a'"):
        converted(tmp_path, ending, "model,a,a\nx,1,2\n")


READABLE = [".csv", ".tsv", ".json", ".jsonl", ".parquet"]
MERGED_CELLS = {
    "model": ["resnet18.a1_in1k", FORMULA, "<script>*x*</script>"],
    "model_size_in_mb": ["46.83", "", ""],
    "top1": ["71.5", "", "70"],
    "param_count": ["11.69", "0.5", "5"],
    "img_size": ["224", "", "288"],
    "note": ["a|b", "#N/A", ""],
}


@pytest.mark.parametrize("ending", READABLE)
def test_what_merge_writes_every_command_reads(place: Workplace, ending: str) -> None:
    merge(place, f"out{ending}")
    path = str(place.folder / f"out{ending}")
    table = read_table(path)
    found = {name: [_plain(cell) for cell in table.column(name)] for name in table.columns}
    assert found == {name: [_plain(cell) for cell in cells] for name, cells in MERGED_CELLS.items()}
    assert (
        place.run("pick", path, "--format", "csv", "--max-mb", "50").out.splitlines()[1].startswith("resnet18.a1_in1k,")
    )
    page = place.folder / "report.html"
    assert place.run("report", path, "-o", str(page)).status == 0
    assert (
        place.run("crawl", "hf_sizes", "-a", f"table={path}", "-a", "dry_run=1")
        .out.splitlines()[-1]
        .startswith("3 names")
    )


def _plain(cell: str) -> str:
    try:
        return str(float(cell))
    except ValueError:
        return cell


@pytest.mark.parametrize("ending", READABLE)
def test_merging_again_changes_nothing_but_what_merge_added(place: Workplace, ending: str) -> None:
    merge(place, f"once{ending}")
    merge(place, f"details{ending}", f"once{ending}")
    ended = place.run("merge", str(place.folder / f"once{ending}"), "-o", str(place.folder / f"d{ending}"), "--details")
    assert ended.status == 0, ended.err
    merge(place, f"again{ending}", f"d{ending}")
    once, again = (read_table(str(place.folder / f"{name}{ending}")) for name in ("once", "again"))
    assert once.columns == again.columns
    assert [once.column(name) for name in once.columns] == [again.column(name) for name in again.columns]
    if ending != ".parquet":
        assert (place.folder / f"once{ending}").read_bytes() == (place.folder / f"again{ending}").read_bytes()


def test_parquet_keeps_each_columns_own_type(place: Workplace) -> None:
    frame = pd.DataFrame(
        {
            "model": ["resnet18.a1_in1k", "x"],
            "number": pd.array([2**60, None], dtype="Int64"),
            "text": ["007", "1e5"],
            "half": pd.Series([0.1, 0.2], dtype="float32"),
            "when": pd.to_datetime(["2024-01-02", "2024-02-03"]),
        }
    )
    frame.to_parquet(place.folder / "t.parquet")
    merge(place, "out.parquet", "t.parquet")
    after = pd.read_parquet(place.folder / "out.parquet", dtype_backend="pyarrow")
    before = pd.read_parquet(place.folder / "t.parquet", dtype_backend="pyarrow")
    pd.testing.assert_frame_equal(after.drop(columns="model_size_in_mb"), before)
    ended = place.run("merge", str(place.folder / "t.parquet"), "-o", "-")
    assert ended.out.splitlines()[1].startswith(f"resnet18.a1_in1k,46.83,{2**60},007,")


@pytest.mark.parametrize(("start", "message"), [(b"PAR1", "not parquet")])
@given(rest=st.binary(max_size=300))
def test_damaged_file_ends_in_one_line(start: bytes, message: str, rest: bytes) -> None:
    with pytest.raises(InputError, match=f"^t: {message} ") as raised:
        parse_table(start + rest, "t")
    assert str(raised.value).isprintable()


def test_file_that_says_it_has_more_cells_than_a_table_is_refused_unread(tmp_path: Path) -> None:
    rows = 2**24 + 1
    write_table(pa.table({"model": pa.DictionaryArray.from_arrays(pa.repeat(0, rows), ["x"])}), tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 100_000
    with pytest.raises(InputError, match="more than 16,777,216 cells"):
        read_table(str(tmp_path / "t.parquet"))


@pytest.mark.parametrize(("ending", "package"), [(".parquet", "pyarrow")])
def test_package_that_reading_needs_is_named(ending: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as Python itself marks what cannot be imported
    with pytest.raises(InputError, match=f"needs {package}: pip install {package}$"):
        parse_table({".parquet": b"PAR1"}[ending], "t")


@pytest.mark.parametrize("name", ["out.docx", "out"])
def test_an_unknown_ending_names_those_there_are(place: Workplace, name: str) -> None:
    ended = merge(place, name)
    assert ended.status == 2
    assert "there are .csv, .tsv, .json, .jsonl, .parquet, .md, .tex" in ended.err
    assert not (place.folder / name).exists()
