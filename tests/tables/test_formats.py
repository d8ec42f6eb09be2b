"""What a merged table becomes in another format, and what stays of it in its own."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.parquet import read_schema, write_table

from tests.samples import sizes, write
from tests.workplace import Workplace
from timm_sizes.errors import InputError
from timm_sizes.tables.base import ENDINGS, Additions
from timm_sizes.tables.facts import Facts
from timm_sizes.tables.formats import convert
from timm_sizes.tables.merge import plan
from timm_sizes.tables.table import parse_table, read_table

FORMULA = '=HYPERLINK("http://example.org"; "x")'
QUOTED = '"' + FORMULA.replace('"', '""') + '"'
TABLE = (
    "model,top1,param_count,img_size,note\r\n"
    'resnet18.a1_in1k,71.500,"1,014.45",224,a|b\r\n'
    f"{QUOTED},,0.50,,#N/A\r\n"
    "<script>*x*</script>,70.0,5,288,\r\n"
)


def converted(folder: Path, ending: str, text: str = TABLE) -> bytes:
    table = read_table(write(folder / "t.csv", text), "model")
    return joined(convert(table, ending, Additions(), Counter()))


def joined(chunks: Iterable[str | bytes]) -> bytes:
    return b"".join(chunk.encode() if isinstance(chunk, str) else chunk for chunk in chunks)


def merge(source: Path, target: Path, *, details: bool = False) -> bytes:
    """Merge the table in the file *source* into *target*, as the command does."""
    table = read_table(str(source))
    added = plan(table, "model", Facts(sizes()), details=details)
    is_own = table.has_format(target.suffix)
    chunks = table.render(added, Counter()) if is_own else convert(table, target.suffix, added, Counter())
    target.write_bytes(joined(chunks))
    return target.read_bytes()


@pytest.mark.parametrize(
    ("source", "target", "text", "merged"),
    [
        ("t.csv", "out.tsv", TABLE.replace("1,014.45", "11.69"), "resnet18.a1_in1k\t46.83\t71.500\t11.69\t224\ta|b\n"),
        ("t.tsv", "out.tsv", "model\tnote\r\nresnet18.a1_in1k\ta,b\r\n", "resnet18.a1_in1k\t46.83\ta,b\r\n"),
        ("t.tsv", "out.csv", "model\tnote\r\nresnet18.a1_in1k\ta,b\r\n", 'resnet18.a1_in1k,46.83,"a,b"\n'),
        ("t.txt", "out.txt", "model;note\nresnet18.a1_in1k;'a'\n", "resnet18.a1_in1k;46.83;'a'\n"),
        ("t.csv", "out.csv", "model\tnote\nresnet18.a1_in1k\ta,b\n", "resnet18.a1_in1k\t46.83\ta,b\n"),
        (
            "t.csv",
            "out.tsv",
            "model;top1;note\nresnet50.a1_in1k;80,123;a,b\n",
            "resnet50.a1_in1k\t102.55\t80.123\ta,b\n",
        ),
    ],
)
def test_text_stays_as_it_is_in_its_own_format(
    tmp_path: Path, source: str, target: str, text: str, merged: str
) -> None:
    write(tmp_path / source, text)
    assert merge(tmp_path / source, tmp_path / target).splitlines(keepends=True)[1].decode() == merged


RECORDS: list[dict[str, Any]] = [
    {"model": "resnet18.a1_in1k", "top1": 71.5, "param_count": 1014.45, "img_size": 224, "note": "a|b"},
    {"model": FORMULA, "top1": None, "param_count": 0.5, "img_size": None, "note": "#N/A"},
    {"model": "<script>*x*</script>", "top1": 70.0, "param_count": 5.0, "img_size": 288, "note": None},
]


def test_json_is_indented_as_timms_and_jsonl_has_an_object_a_line(tmp_path: Path) -> None:
    assert converted(tmp_path, ".json").decode() == json.dumps(RECORDS, indent=4) + "\n"
    assert [json.loads(line) for line in converted(tmp_path, ".jsonl").splitlines()] == RECORDS
    # Names and commits that look like numbers are none, and a number that a float cannot hold stays text.
    text = "model,hub_revision,count\n007,1e5,12345678901234567890\n"
    assert json.loads(converted(tmp_path, ".json", text)) == [
        {"model": "007", "hub_revision": "1e5", "count": "12345678901234567890"}
    ]


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


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending != ".csv"])
def test_two_columns_of_one_name_fit_no_other_format(tmp_path: Path, ending: str) -> None:
    with pytest.raises(InputError, match="two columns are named 'a'"):
        converted(tmp_path, ending, "model,a,a\nx,1,2\n")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".json", ".jsonl", ".parquet"])
def test_what_merge_writes_is_read_again_and_merged_again_with_the_same_outcome(tmp_path: Path, ending: str) -> None:
    first, source = tmp_path / f"first{ending}", Path(write(tmp_path / "t.csv", TABLE.replace("1,014.45", "11.69")))
    merge(source, first)
    table = read_table(str(first))
    assert {name: [_plain(cell) for cell in table.column(name)] for name in table.columns} == {
        "model": ["resnet18.a1_in1k", FORMULA, "<script>*x*</script>"],
        "model_size_in_mb": ["46.83", "", ""],
        "top1": ["71.5", "", "70.0"],
        "param_count": ["11.69", "0.5", "5.0"],
        "img_size": ["224.0", "", "288.0"],
        "note": ["a|b", "#N/A", ""],
    }
    before = first.read_bytes()
    merge(first, tmp_path / f"details{ending}", details=True)
    again = merge(tmp_path / f"details{ending}", tmp_path / f"again{ending}")
    if ending == ".parquet":
        pd.testing.assert_frame_equal(pd.read_parquet(first), pd.read_parquet(tmp_path / "again.parquet"))
    else:
        assert again == before


def _plain(cell: str) -> str:
    try:
        return str(float(cell))
    except ValueError:
        return cell


def test_parquet_keeps_types_index_and_metadata(tmp_path: Path, offline: Workplace) -> None:
    frame = pd.DataFrame(
        {
            "number": pd.array([2**60, None], dtype="Int64"),
            "text": ["007", "1e5"],
            "half": pd.Series([0.1, 0.2], dtype="float32"),
            "when": pd.to_datetime(["2024-01-02", "2024-02-03"]),
            "model": ["resnet18.a1_in1k", "x"],
        }
    ).set_index("model")
    own = pa.Table.from_pandas(frame).append_column("odd", pa.array([[{"a": 1}], None]))
    own = own.append_column("fine", pa.array(["1.5", None]).cast(pa.decimal256(70, 1)))  # no type of pandas
    own = own.replace_schema_metadata({**own.schema.metadata, b"mine": b"yes"})
    source, target = tmp_path / "t.parquet", tmp_path / "out.parquet"
    write_table(own, source)
    merge(source, target)
    schema = read_schema(target)
    assert schema.metadata[b"mine"] == b"yes"
    assert schema.remove(schema.get_field_index("model_size_in_mb")) == own.schema
    columns = ["number", "text", "half", "when"]
    pd.testing.assert_frame_equal(pd.read_parquet(target, columns=columns), pd.read_parquet(source, columns=columns))
    assert read_table(str(target)).column("model_size_in_mb") == ["46.83", ""]
    text = joined(convert(read_table(str(source)), ".csv", Additions(), Counter())).decode().splitlines()
    assert text[0] == "number,text,half,when,model,odd,fine"
    assert text[1].startswith(f"{2**60},007,0.1,2024-01-02 00:00:00")
    ended = offline.run("crawl", "hf_sizes", "-a", f"table={target}", "-a", "dry_run=1")
    assert ended.out.splitlines()[-1].startswith("2 names")


@given(rest=st.binary(max_size=300))
def test_damaged_parquet_ends_in_one_line(rest: bytes) -> None:
    with pytest.raises(InputError, match=r"^t: not parquet ") as raised:
        parse_table(b"PAR1" + rest, "t")
    assert str(raised.value).isprintable()


def test_file_that_says_it_has_more_cells_than_a_table_is_refused_unread(tmp_path: Path) -> None:
    rows = 2**24 + 1
    write_table(pa.table({"model": pa.DictionaryArray.from_arrays(pa.repeat(0, rows), ["x"])}), tmp_path / "t.parquet")
    assert (tmp_path / "t.parquet").stat().st_size < 100_000
    with pytest.raises(InputError, match="more than 16,777,216 cells"):
        read_table(str(tmp_path / "t.parquet"))


def test_package_that_parquet_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # as Python itself marks what cannot be imported
    with pytest.raises(InputError, match=r"needs pyarrow: pip install pyarrow$"):
        parse_table(b"PAR1", "t")


@pytest.mark.parametrize("name", ["out.docx", "out"])
def test_an_unknown_ending_names_those_there_are(offline: Workplace, name: str) -> None:
    table = write(offline.folder / "t.csv", TABLE)
    ended = offline.call("merge", table, "-o", str(offline.folder / name))
    assert ended.status == 2
    assert f"there are {', '.join(ENDINGS)}" in ended.err
    assert not (offline.folder / name).exists()
