"""Tables go through without a byte changed but for the columns that are added."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.tables.additions import Columns, rendered
from timm_sizes.errors import InputError
from timm_sizes.tables.csv_table import CsvTable
from timm_sizes.tables.json_table import JsonTable
from timm_sizes.tables.table import parse_table, table_names

RESULTS = (
    "model,img_size,top1,param_count\n"
    'eva_giant_patch14_336.clip_ft_in1k,336,91.078,"1,013.01"\n'
    "resnet50.a1_in1k,224,80.200,25.56\n"
)


def merge(data: bytes, second: Columns, last: Columns) -> bytes:
    return rendered(parse_table(data, "table"), second, last)


def without(data: bytes, dropped: set[int]) -> bytes:
    return rendered(parse_table(data, "table"), {}, {}, dropped)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_columns_are_spliced_into_the_text(line_end: str) -> None:
    data = RESULTS.replace("\n", line_end).encode()
    merged = merge(data, {"mb": ["1.5", ""]}, {"why": ["a,b", 'say "x"']})
    assert merged.decode().split(line_end) == [
        "model,mb,img_size,top1,param_count,why",
        'eva_giant_patch14_336.clip_ft_in1k,1.5,336,91.078,"1,013.01","a,b"',
        'resnet50.a1_in1k,,224,80.200,25.56,"say ""x"""',
        "",
    ]
    assert without(merged, {1, 5}) == data


@pytest.mark.parametrize(
    "data",
    [
        b"model\nresnet50\n",
        b"model\nresnet50",
        b"\xef\xbb\xbfmodel,top1\nresnet50,80\n",
        b'\xef\xbb\xbf"model","top1"\r\n"resnet50","80"\r\n',
        b'"model";"top1"\n"a;b";1\n',
        b"top1\tmodel\n080.10\tresnet50\n",
        b'model,note\nresnet50,"two\nlines"\n\n\nresnet34,x\n\n',
        b'model,note\nresnet50,a"b\nresnet34,""\n',
        b"model,top1\r\nresnet50,80\nresnet34,79\r\n",
        "model,note\nresnet50,\u2028\x0b\x85é\n".encode(),
        b"model,cropt_pct\nresnet50,0.95\n",
    ],
)
def test_any_dialect_goes_through(data: bytes) -> None:
    rows = len(parse_table(data, "table"))
    merged = merge(data, {"mb": ["1.00"] * rows}, {"status": ["ok"] * rows})
    assert without(merged, {1, len(parse_table(merged, "table").columns) - 1}) == data


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=12)
dialects: st.SearchStrategy[Literal[0, 1, 2]] = st.sampled_from(
    [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
)


@given(
    st.lists(st.tuples(names, names, names), max_size=8),
    dialects,
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(",;\t|"),
)
@example([("=HYPERLINK()", "", "\n"), ('"', '""', ",")], csv.QUOTE_MINIMAL, "\n", ",")
def test_round_trip_of_any_table(
    rows: list[tuple[str, str, str]], quoting: Literal[0, 1, 2], line_end: str, delimiter: str
) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerows([("model", "a", "b"), *rows])
    data = buffer.getvalue().encode()
    table = parse_table(data, "table")
    assert isinstance(table, CsvTable)
    assert table.column("model") == [row[0] for row in rows]
    cells = [row[1] for row in rows]
    merged = merge(data, {"new": cells}, {"end": cells})
    again = parse_table(merged, "merged", "new")
    assert again.columns == ["model", "new", "a", "b", "end"]
    assert again.column("new") == again.column("end") == cells
    assert list(zip(again.column("model"), again.column("a"), again.column("b"), strict=True)) == rows
    assert without(merged, {1, 4}) == data


@pytest.mark.parametrize("quote", ["", '"'])
def test_any_column_may_be_asked_for_the_first_of_its_name(quote: str) -> None:
    data = f"a,model,a,z\r\n1,x,2,{quote}3{quote}\r\n\r\n4,y,5,6".encode()
    table = parse_table(data, "table")
    assert [table.column(name) for name in ("z", "a", "model")] == [["3", "6"], ["1", "4"], ["x", "y"]]


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_record_of_another_width_is_named_by_its_line(quote: str, line_end: str) -> None:
    data = line_end.join(["model,b", f"{quote}x{quote},1", "", "y,2,3", "z,4"]).encode()
    with pytest.raises(InputError, match=r"^table, line 4: expected 2 cells as in the header, found 3$"):
        parse_table(data, "table").column("b")


json_values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names
json_rows = st.lists(st.dictionaries(names, json_values, max_size=4), min_size=1, max_size=5)


@given(json_rows, st.sampled_from([None, 1, 2, 4]), st.booleans())
def test_round_trip_of_any_json(rows: list[dict[str, object]], indent: int | None, escaped: bool) -> None:
    rows = [{"model": "resnet50", **row} for row in rows]
    data = json.dumps(rows, indent=indent, ensure_ascii=escaped).encode()
    table = parse_table(data, "table")
    assert isinstance(table, JsonTable)
    assert rendered(table, {}, {}) == data
    merged = json.loads(rendered(table, {"mb": ["1.5"] * len(rows)}, {}))
    assert [list(row)[1] for row in merged] == ["mb"] * len(rows)
    assert [{key: value for key, value in row.items() if key != "mb"} for row in merged] == [
        {key: value for key, value in row.items() if key != "mb"} for row in rows
    ]


numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
raw_values = numbers | json_values.map(json.dumps) | st.sampled_from(["NaN", "-Infinity", "[1.0, {}]", '{"a": 0.10}'])
spaces = st.text(" \t\n\r", max_size=3)


@given(
    st.lists(
        st.dictionaries(names.filter(lambda name: name != "model"), raw_values, max_size=4), min_size=1, max_size=4
    ),
    st.lists(spaces, min_size=5, max_size=5),
    st.sampled_from(["list", "lines"]),
    st.booleans(),
)
def test_json_of_any_layout_goes_through_and_takes_columns(
    rows: list[dict[str, str]], space: list[str], form: str, bom: bool
) -> None:
    a, b, c, d, e = space
    texts = [
        "{"
        + a
        + f",{b}".join(f"{json.dumps(key)}{c}:{d}{value}" for key, value in {"model": '"x"', **row}.items())
        + "}"
        for row in rows
    ]
    text = f"{a}[{b}" + f"{c},{d}".join(texts) + f"{e}]{a}" if form == "list" else "\n".join(texts) + e
    data = (("\ufeff" if bom else "") + text).encode()
    table = parse_table(data, "table")
    assert without(data, set()) == data
    for key in table.columns:
        for cell, row in zip(table.column(key), rows, strict=True):
            if key != "model" and numbers_only(row.get(key, "")):
                assert cell == row[key]
    added = {"new 1": ["1.50"] * len(rows)}, {"new 2": [""] * len(rows), "license": ["007"] * len(rows)}
    merged = merge(data, *added)
    again = parse_table(merged, "merged")
    assert [again.column(name)[0] for name in ("new 1", "new 2", "license")] == ["1.50", "", "007"]
    new = {index for index, name in enumerate(again.columns) if name in ("new 1", "new 2", "license")}
    assert without(merged, new) == data


def numbers_only(text: str) -> bool:
    return bool(re.fullmatch(r"-?[0-9][0-9.eE+-]*", text))


def test_numbers_of_json_stay_the_text_they_were() -> None:
    text = '[{"model": "x", "a": 1e-7, "b": 0.10, "c": 0.12345678901234567890123, "d": 1e400, "e": -0}]'
    table = parse_table(text.encode(), "table")
    assert [table.column(name) for name in "abcde"] == [
        ["1e-7"],
        ["0.10"],
        ["0.12345678901234567890123"],
        ["1e400"],
        ["-0"],
    ]
    assert merge(text.encode(), {"mb": ["1.50"]}, {}).decode() == text.replace('"x",', '"x", "mb": 1.50,')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"model": "x"},\n{"model": "y", "a": 1,\n"a": 2}]', "table, line 3: the key 'a' a second time"),
        ('[{"model": "x"},\n{"model": [{"b": 1, "b": 1}], "c" 1}]', "table, line 2: the key 'b' a second time"),
        ('[{"model": "x"}\n{"model": "y"}]', "table, line 2: not JSON (expected ',' or ']')"),
        ('{"model": "x"}\n{"model": "y"}\nz', "table, line 3: not JSON (more text after its end)"),
        ('[{"model": "x"}],', "table, line 1: not JSON (more text after its end)"),
        ("", "table: empty; expected a table with a header line"),
        ("name,top1\nx,1\n", "table, line 1: no column 'model'; columns seen: name, top1; -c (a crawl: -a column=) "),
        (
            "resnet50.a1_in1k\nresnet34.a1_in1k\n",
            "table, line 1: no column 'model'; columns seen: resnet50.a1_in1k; -c",
        ),
        ("Results of May\n\nmodel,top1\nx,1\n", "table, line 1: no header with 'model', which stands further down"),
        (
            '{"model": {"0": "x"}, "top1": {"0": 1}}',
            "table, entry 1: an object of columns; expected rows: pandas' to_json(",
        ),
        ("PK\x03\x04…", "table: a spreadsheet (.xlsx); expected CSV, JSON or Parquet: open it and save it as CSV"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line_or_what_would_be_one(text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}"):
        parse_table(text.encode(), "table")


def test_blanks_after_commas_do_not_belong_to_names() -> None:
    table = parse_table(b"id, model, top1\n1, resnet50, 80\n", "table")
    assert table.columns == ["id", "model", "top1"]
    assert table_names(table, "model") == ["resnet50"]
    assert merge(b"id, model\n1, x\n", {"mb": ["2"]}, {}) == b"id,mb, model\n1,2, x\n"


def test_checkpoint_of_a_row_counts_unless_no_file_has_such_a_path() -> None:
    data = f"model,checkpoint\na,\nb,/out/b.pth\nc,{'x' * 100_000}\n".encode()
    assert table_names(parse_table(data, "table"), "model") == ["a", "checkpoint:/out/b.pth", "c"]


@pytest.mark.parametrize("form", ["plain", "quoted", "mixed", "jsonl", "json"])
def test_what_spans_the_blocks_that_are_read_is_read_whole(form: str) -> None:
    note = {"plain": "x", "quoted": '"a ""b"""', "mixed": '"two\nlines"'}
    rows = [(f"model{number}", "é" * (number % 60)) for number in range(8_000)]
    if form in ("json", "jsonl"):
        records = [json.dumps({"model": model, "note": text}) for model, text in rows]
        text = "[" + ",\n".join(records) + "]" if form == "json" else "\n".join(records)
    else:
        ends = ["\n", "\r\n"] if form == "mixed" else ["\n"]
        text = "model,a,note\n" + "".join(
            f"{model},{note[form] if number % 7 or form == 'quoted' else 1},{cell}{ends[number % len(ends)]}"
            for number, (model, cell) in enumerate(rows)
        )
    table = parse_table(text.encode(), "table")
    assert table.column("model") == [model for model, _ in rows]
    assert table.column("note") == [cell for _, cell in rows]
    merged = rendered(table, {"mb": ["1"] * len(rows)}, {"end": ["2"] * len(rows)})
    again = parse_table(merged, "merged")
    assert without(merged, {again.columns.index("mb"), again.columns.index("end")}) == text.encode()


def test_single_object_stays_one() -> None:
    table = parse_table(b'{"model": "resnet50", "infer_samples_per_sec": 4000.0}\n', "table")
    text = rendered(table, {"mb": ["102.44"]}, {})
    assert text.decode() == '{"model": "resnet50", "mb": 102.44, "infer_samples_per_sec": 4000.0}\n'


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"[" * 10_000)
@example(b"model\r\rresnet50")
@example(b"{")
def test_reading_ends_in_a_table_or_one_line(data: bytes) -> None:
    try:
        table = parse_table(data, "table")
    except InputError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - either outcome is right, this is what it has to look like
    else:
        assert len(table.column("model")) == len(table)
