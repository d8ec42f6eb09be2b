"""Mistakes and hostile tables: one clear line and exit status 2, or a status for the row; no request, no harm."""

from __future__ import annotations

import csv
import json
import pickle
import re
import signal
import zipfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path

import pytest

from tests.mockserver import MockHub
from tests.samples import RESNETS, put_resnets, sizes, write_sizes
from tests.workplace import Workplace

TABLES = {
    "empty.csv": (b"", "empty"),
    "blank.csv": (b"\n \n", "empty"),
    "header.csv": (b"name,top1\nresnet50,80\n", "line 1: no column 'model'; columns seen: name, top1"),
    "ragged.csv": (b"model,top1\nresnet50,80\nresnet34\n", "line 3: expected 2 cells as in the header, found 1"),
    "wide.csv": (b"model,top1\nresnet50,80,81\n", "line 2: expected 2 cells as in the header, found 3"),
    "quote.csv": (b'model,top1\n"resnet50,80\n', "line 2: not CSV"),
    "binary.csv": (b"model\x00,\x01\x02\n", "line 1: a NUL byte"),
    "png.csv": (b"\x89PNG\r\n\x1a\n\xff\xff", "not UTF-8 text"),
    "latin.csv": (b"model,top1\nresnet50,80\nr\xe9snet,80\n", "line 3: not UTF-8 text"),
    "utf16.csv": ("model,top1\nresnet50,80\n".encode("utf-16"), "UTF-16 text; expected UTF-8"),
    "cell.csv": (
        b"model,top1\nresnet50," + b"8" * 10_000_000 + b"\n",
        "line 2: not CSV (field larger than",
    ),
    "name.csv": (b"model,top1\n" + b"r" * 5_000 + b",80\n", "line 2: a model of 5,000 characters"),
    "columns.csv": (b"model" + b",x" * 1_000_000 + b"\n", "more than 1,000 columns"),
    "cut.json": (b'[{"model": "resnet50"},\n{"mod', "line 2: not JSON"),
    "numbers.json": (b"[1, 2]", "entry 1: expected an object"),
    "other.json": (b'[{"name": "resnet50"}]', "no column 'model'; columns seen: name"),
    "deep.json": (b"[" * 200_000, "line 1: JSON nested too deep for a table"),
    "digits.json": (
        b'[{"model": ' + b"9" * 5_000 + b"}]",
        "entry 1: a model of 5,000 characters",
    ),
    "surrogate.json": (b'[{"model": "\\ud800"}]', "half of a surrogate pair"),
}


def only_error(text: str) -> str:
    """Return the one line that says what is wrong; fail if there is a traceback or more than usage beside it."""
    usage, line = text.rstrip("\n").rsplit("\n", 1)
    assert "Traceback" not in text
    assert "error:" not in usage
    return line.partition("error: ")[2]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("command", ["crawl", "merge"])
def test_table_that_is_none_is_told_with_its_line(offline: Workplace, name: str, command: str) -> None:
    data, message = TABLES[name]
    path = offline.folder / name
    path.write_bytes(data)
    write_sizes(offline.sizes_file, sizes().values())
    before = offline.sizes_file.read_bytes()
    ended = offline.call(command, *(["hf_sizes", "-a", f"table={path}"] if command == "crawl" else [str(path)]))
    assert ended.status == 2
    assert f"{path}" in only_error(ended.err)
    assert message in ended.err
    assert offline.sizes_file.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-a", "table=nowhere.csv"], "nowhere.csv: no such file or directory"),
        (["-a", "table="], "table is empty"),
        (["-a", "table=/"], "/: is a directory"),
        (["-a", "table=no*where.csv"], "no file matches"),
        (["-a", "table=file:///etc/passwd"], "expected a path or an http(s) URL"),
        (["-a", "table=http://"], "expected a path or an http(s) URL"),
        (["-a", "tabel=x.csv"], "unknown spider argument 'tabel'; there are table, author, models, column, route,"),
        (["-a", "route=ftp"], "route='ftp': expected api, list or page"),
        (["-a", "dry_run=maybe"], "dry_run='maybe': expected 0 or 1"),
        (["-a", "nonsense"], "Invalid -a value"),
        (["--tabel", "x.csv"], "no such option: --tabel"),
        (["another"], "expected at most 1 argument"),
        (["-s", "SIZES_FILE=/nowhere/at/all.csv"], "SIZES_FILE: there is no folder /nowhere/at"),
        (["-s", "SIZES_FILE=/"], "SIZES_FILE: / is a folder"),
        (["-s", "HF_ENDPOINT=huggingface.co"], "HF_ENDPOINT=huggingface.co: expected an http(s) URL"),
        (["-s", "HF_TOKEN=hf_secret"], "a token on the command line can be read by everyone"),
        (["-s", "JOBDIR=/dev/null/job"], "JOBDIR: /dev/null/job"),
        (["-s", "HTTPCACHE_DIR=/dev/null/cache"], "HTTPCACHE_DIR: /dev/null/cache: not a directory; expected a folder"),
        (["-s", "SIZES_FILE=/dev/null"], "SIZES_FILE: /dev/null is a device or a pipe"),
    ],
)
def test_wrong_arguments_are_told_before_the_crawl_starts(
    offline: Workplace, arguments: list[str], message: str
) -> None:
    sample = ["-a", f"table={offline.table(RESNETS)}"] if not any("table=" in text for text in arguments) else []
    ended = offline.call("crawl", "hf_sizes", *sample, *arguments)
    assert ended.status == 2
    assert message in only_error(ended.err)
    assert not offline.sizes_file.exists()


def test_offline_crawl_refuses_a_url(offline: Workplace) -> None:
    ended = offline.call("crawl", "hf_sizes", "-a", "table=https://example.org/x.csv", "-s", "HF_HUB_OFFLINE=1")
    assert ended.status == 2
    assert "HF_HUB_OFFLINE is set; expected a local table" in only_error(ended.err)


def test_file_of_another_kind_is_not_overwritten(offline: Workplace) -> None:
    offline.sizes_file.write_text("my,own,file\n1,2,3\n")
    ended = offline.call("crawl", "hf_sizes", "-a", f"table={offline.table(RESNETS)}")
    assert ended.status == 2
    assert "sizes.csv, line 1: not a sizes file" in only_error(ended.err)
    assert offline.sizes_file.read_text() == "my,own,file\n1,2,3\n"


def test_merge_says_what_is_missing(offline: Workplace) -> None:
    table = offline.table(RESNETS)
    assert "no crawl into" in only_error(offline.call("merge").err)
    assert "no sizes yet; run scrapy crawl hf_sizes first" in only_error(offline.call("merge", table).err)
    write_sizes(offline.sizes_file, sizes().values())
    assert "no such option: --detials" in only_error(offline.call("merge", table, "--detials").err)
    assert "is SIZES_FILE itself" in only_error(offline.call("merge", table, "-o", str(offline.sizes_file)).err)
    two = [table, table, "-o", str(offline.folder / "one.csv")]
    assert "several tables would be written to" in only_error(offline.call("merge", *two).err)
    assert "there is no folder" in only_error(
        offline.call("merge", table, "-o", str(offline.folder / "a" / "b.csv")).err
    )


HOSTILE = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "/etc/passwd",
    "a b?x=1",
    "resnet50.a1_in1k?blobs=false",
    "resnet50.a1_in1k#",
    "resnet50.a1_in1k\r\nX-Injected: 1",
    "hf-hub:timm/../../settings",
    "hf-hub:timm/resnet50@../../x",
    "hf-hub:timm/resnet50@a b",
    "hf-hub:https://example.org/x",
    "http://example.org/",
    "timm/a/b",
    "\u202egpj.tenser",
    "resnet\u0000".replace("\u0000", "\u0001"),
    '=HYPERLINK("http://example.org")',
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "'=1+1",
    "\t=1+1",
    "x" * 200 + ".tag",
    "РЕСНЕТ50.a1_in1k",
]


def test_hostile_names_send_no_request_and_run_in_no_spreadsheet(hub: MockHub, workplace: Workplace) -> None:
    table = workplace.table(HOSTILE)
    ended = workplace.crawl("-a", f"table={table}")
    assert ended.status == 0
    assert not hub.requests()
    assert workplace.statuses().keys() >= {"../../etc/passwd", "a b?x=1"}
    assert set(workplace.statuses().values()) == {"unknown_name"}
    assert not [
        cell for row in workplace.sizes().values() for cell in row.values() if cell.startswith(("=", "+", "-", "@"))
    ]
    merged = workplace.folder / "merged.csv"
    assert workplace.run("merge", table, "-o", str(merged), "--details").status == 0
    before = workplace.sizes_file.read_bytes()
    workplace.crawl("-a", f"table={table}")
    assert workplace.sizes_file.read_bytes() == before


def test_checkpoint_column_is_of_the_tables_folder_and_training_state_is_no_weights(offline: Workplace) -> None:
    def archive(name: str, *keys: str) -> None:
        with zipfile.ZipFile(folder / name, "w") as file:
            weights = OrderedDict({"conv.weight": Path("/")})
            file.writestr("archive/data.pkl", pickle.dumps(dict.fromkeys(keys, weights) | {"args": Namespace(lr=1)}))

    folder = offline.folder / "runs"
    folder.mkdir()
    archive("weights.pth", "state_dict")
    archive("odd.pth", "head.optimizer_free.weight")
    archive("last.pth.tar", "state_dict", "optimizer")
    archive("other.pth", "model", "optim_state")
    archive("ema.pth", "state_dict", "state_dict_ema")
    older = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {"state_dict": {}, "optimizer": {}}]
    (folder / "older.pth.tar").write_bytes(b"".join(map(pickle.dumps, older)) + b"x" * 999)
    (folder / "some.safetensors").write_bytes(pickle.dumps({"optimizer": 1}))
    (folder / "empty.pth").write_bytes(b"")
    (folder / "broken.pth").write_bytes(b"\x80\x02}(optimizer")
    files = [*sorted(path.name for path in folder.iterdir()), "gone.pth", "x" * 131_000]
    table = folder / "table.csv"
    table.write_text("model,checkpoint\n" + "".join(f"resnet50.a1_in1k,{name}\n" for name in files))
    ended = offline.crawl("-a", f"table={table}", env={"HF_HUB_OFFLINE": "1"})
    assert ended.status == 0, ended.err
    statuses = {model.removeprefix(f"checkpoint:{folder}/"): status for model, status in offline.statuses().items()}
    assert statuses == {
        **dict.fromkeys(["weights.pth", "odd.pth", "some.safetensors", "broken.pth"], "ok"),
        **dict.fromkeys(["last.pth.tar", "other.pth", "ema.pth", "older.pth.tar", "empty.pth"], "no_weights"),
        "gone.pth": "not_found",
        "resnet50.a1_in1k": "estimated",
    }
    merged = offline.call("merge", str(table), "-o", "-", "--details")
    crawl = f"scrapy crawl hf_sizes -a table={table}"
    assert f"1 of 5 sizes are estimates: {crawl}\n" in merged.err
    table.write_text("model\nresnet18.a1_in1k\n")
    assert f"1 of 1 rows were never requested: {crawl}\n" in offline.call("merge", str(table), "-o", "-").err
    assert [line.count(",no_weights,") for line in merged.out.splitlines()] == [0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0]


def test_feed_that_cannot_be_written_is_a_failure(offline: Workplace) -> None:
    ended = offline.crawl("--nolog", "-a", "models=resnet50", "-O", "/dev/full:csv", env={"HF_HUB_OFFLINE": "1"})
    assert ended.status == 1
    assert ended.err.rstrip().endswith("  failed: a feed (-o, FEEDS) could not be written")


def test_feed_has_no_python_in_it(offline: Workplace) -> None:
    feed = offline.folder / "feed.csv"
    assert offline.crawl("-a", "models=resnet50,no model", "-O", str(feed), env={"HF_HUB_OFFLINE": "1"}).status == 0
    with feed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["model"]: (row["status"], row["sha"]) for row in rows} == {
        "resnet50": ("estimated", ""),
        "no model": ("unknown_name", ""),
    }
    assert not re.search(r"None|\{|<", feed.read_text())


def test_local_names_measure_files_and_send_nothing(hub: MockHub, workplace: Workplace) -> None:
    names = [
        "local-dir:/nowhere",
        "local-dir:/etc/passwd",
        "local-dir:",
        "local-dir:/dev/zero",
        "local-dir:\x01" + "x" * 300,
    ]
    assert workplace.crawl("-a", f"table={workplace.table(names)}").status == 0
    assert not hub.requests()
    statuses = workplace.statuses()
    assert statuses["local-dir:/etc/passwd"] == "ok"
    del statuses["local-dir:/etc/passwd"]
    assert set(statuses.values()) <= {"not_found", "no_weights"}


LOCAL_NAMES = ["local-dir:/etc", "Local-Dir:/etc/passwd", "local-dir:", "checkpoint:/etc/passwd"]


@pytest.mark.parametrize("way", ["stdin", "url"])
def test_table_that_is_not_local_has_no_files_measured(hub: MockHub, workplace: Workplace, way: str) -> None:
    table = "model,checkpoint\n" + "".join(f"{name},\n" for name in LOCAL_NAMES) + "resnet50,/etc/shadow\n"
    if way == "stdin":
        ended = workplace.crawl("-a", "table=-", stdin=table.encode())
    else:
        hub.behave(raw_answers={"/tables/x.csv": {"status": 200, "headers": {}, "body": table}})
        ended = workplace.crawl("-a", f"table={workplace.endpoint}/tables/x.csv")
    assert ended.status == 0, ended.err
    statuses = workplace.statuses()
    assert statuses.pop("local-dir:") == "not_found"
    assert statuses == dict.fromkeys([*LOCAL_NAMES[:2], LOCAL_NAMES[3], "checkpoint:/etc/shadow"], "unknown_name")
    assert not any(row["size_bytes"] for row in workplace.sizes().values())


def test_tables_that_are_kept_have_files_of_their_own(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    paths = ["/a/x.csv", "/b/x.csv", "/c/2-x.csv", "/d/.last_crawl.json", "/e/last_crawl.json", "/f/"]
    bodies = [f"model\n{RESNETS[number % len(RESNETS)]}\n" for number in range(len(paths))]
    answers = {path: {"status": 200, "headers": {}, "body": body} for path, body in zip(paths, bodies, strict=True)}
    hub.behave(raw_answers=answers)
    kept = workplace.folder / "tables"
    kept.mkdir()
    (kept / "x.csv").write_text("model\nresnet18.a1_in1k\n")
    table = ",".join([*(f"{workplace.endpoint}{path}" for path in paths), str(kept / "x.csv")])
    ended = workplace.crawl("-a", f"table={table}")
    assert ended.status == 0, ended.err
    assert (kept / "x.csv").read_text() == "model\nresnet18.a1_in1k\n"
    record = json.loads((kept / ".last_crawl.json").read_text())["tables"]
    assert len(set(record)) == len(paths) + 1
    assert sorted(Path(path).read_text() for path in record) == sorted([*bodies, "model\nresnet18.a1_in1k\n"])


@pytest.mark.parametrize("data", ['{"model": "resnet50"}\n{"model": "resnet18"}\n', '[{"model": "resnet50"}]'])
def test_table_from_standard_input_is_kept_under_its_formats_ending(offline: Workplace, data: str) -> None:
    ended = offline.crawl("-a", "table=-", env={"HF_HUB_OFFLINE": "1"}, stdin=data.encode())
    assert ended.status == 0, ended.err
    assert (offline.folder / "tables" / "stdin.json").read_text() == data
    assert offline.run("merge", "-o", "-").out.startswith(data[: data.index(":")])


def test_lock_that_cannot_be_is_told_before_the_crawl_starts(offline: Workplace) -> None:
    (offline.folder / ".sizes.csv.lock").mkdir()
    ended = offline.crawl("-a", f"table={offline.table(RESNETS)}")
    assert ended.status == 2
    assert "its lock" in only_error(ended.err)


def test_dry_run_shows_names_that_cannot_steer_the_terminal(offline: Workplace) -> None:
    names = ["resnet50\x1b[2J.x", "local-dir:/\x1b]0;x\x07", "two\nlines.x", "hf-hub:a/b"]
    ended = offline.call("crawl", "hf_sizes", "-a", f"table={offline.table(names)}", "-a", "dry_run=1")
    assert ended.status == 0, ended.err
    assert not set(ended.out) & set("\x1b\x07")
    assert len(ended.out.splitlines()) == len(names) + 1


def test_dry_run_may_be_cut_off_by_its_reader(offline: Workplace) -> None:
    rows = [f"resnet50.tag_{number}" for number in range(20_000)]
    crawl = " ".join(offline.crawl_command("-a", f"table={offline.table(rows)}", "-a", "dry_run=1"))
    ended = offline.run_afresh(["bash", "-c", f"set -o pipefail; {crawl} | head -n 1"])
    assert (ended.status, ended.out) == (0, "resnet50.tag_0 → timm/resnet50.tag_0\n")
    assert "Traceback" not in ended.err
    assert "Error" not in ended.err


def test_table_that_is_the_output_keeps_its_columns(offline: Workplace) -> None:
    table = Path(offline.table(RESNETS))
    before = table.read_text()
    offline.crawl("-a", f"table={table}", env={"HF_HUB_OFFLINE": "1"})
    for _ in range(2):
        assert offline.call("merge", str(table), "-o", str(table)).status == 0
    assert [
        f"{line.split(',')[0]},{line.split(',')[2]}" for line in table.read_text().splitlines()
    ] == before.splitlines()


def test_table_at_a_url_cannot_lead_elsewhere(hub: MockHub, workplace: Workplace) -> None:
    for location in ("file:///etc/passwd", "http://example.org/x.csv", "http://169.254.169.254/"):
        answer = {"status": 302, "headers": {"Location": location}, "body": ""}
        hub.behave(raw_answers={"/tables/x.csv": answer})
        ended = workplace.crawl("-a", f"table={workplace.endpoint}/tables/x.csv")
        assert ended.status == 1
        assert "redirected to another host" in ended.err
        assert "Traceback" not in ended.err


def test_table_at_a_url_that_is_none_ends_the_crawl(hub: MockHub, workplace: Workplace) -> None:
    for status, body in ((404, "gone"), (200, "<html>"), (500, "oops")):
        hub.behave(raw_answers={"/tables/x.csv": {"status": status, "headers": {}, "body": body}})
        ended = workplace.crawl("-a", f"table={workplace.endpoint}/tables/x.csv", "-s", "RETRY_TIMES=0")
        assert ended.status == 1
        assert "/tables/x.csv" in ended.err
        assert "Traceback" not in ended.err
    assert not workplace.sizes_file.exists()


def test_table_at_a_url_that_is_too_large_ends_the_crawl(hub: MockHub, workplace: Workplace) -> None:
    table = {"status": 200, "headers": {}, "body": "model\n" + "resnet50\n" * 1_000}
    hub.behave(raw_answers={"/tables/x.csv": table})
    arguments = ["-a", f"table={workplace.endpoint}/tables/x.csv", "-s", "DOWNLOAD_MAXSIZE=5000", "-s", "RETRY_TIMES=0"]
    ended = workplace.crawl(*arguments)
    assert ended.status == 1
    assert "larger than" in ended.err
    assert "Traceback" not in ended.err


def test_reader_that_has_seen_enough_is_no_error(offline: Workplace) -> None:
    write_sizes(offline.sizes_file, sizes().values())
    rows = ["resnet50.a1_in1k"] * 20_000
    merge = " ".join(offline.command("merge", offline.table(rows), "-o", "-"))
    ended = offline.run_afresh(["bash", "-c", f"{merge} | head -n 1"])
    assert ended.out == "model,model_size_in_mb,top1\n"
    assert "Traceback" not in ended.err


def test_second_crawl_into_the_same_file_is_refused(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(latency=20.0)
    table = workplace.table(RESNETS)
    first = workplace.start_crawl("-a", f"table={table}", "-s", f"JOBDIR={workplace.folder / 'job'}")
    try:
        assert hub.wait_for(1)
        ended = workplace.crawl("-a", f"table={table}")
        assert ended.status == 2
        assert "is in use by another crawl" in only_error(ended.err)
        other = ["-s", f"SIZES_FILE={workplace.folder / 'other.csv'}", "-s", f"JOBDIR={workplace.folder / 'job'}"]
        ended = workplace.crawl("-a", f"table={table}", *other)
        assert ended.status == 2
        assert "JOBDIR" in only_error(ended.err)
    finally:
        first.send(signal.SIGKILL)
        first.wait()
    hub.behave(latency=0.0)
    assert workplace.crawl("-a", f"table={table}").status == 0


def test_full_disk_costs_neither_the_old_file_nor_the_answers(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    table = workplace.table(RESNETS)
    workplace.crawl("-a", f"table={workplace.table(RESNETS[:1], 'first.csv')}")
    before = workplace.sizes_file.read_bytes()
    # A limit on the size of any one file is how a test can have a disk that fills up.
    limited = ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *workplace.crawl_command("-a", f"table={table}")]
    ended = workplace.run_afresh(limited)
    assert ended.status == 1
    assert "was not written" in ended.err
    assert "Traceback" not in ended.err
    assert workplace.sizes_file.read_bytes() == before
    assert not list(workplace.folder.glob(".*.tmp"))
    assert workplace.crawl("-a", f"table={table}").status == 0
    assert set(workplace.statuses()) == set(RESNETS)


def test_json_of_a_table_is_kept_in_its_own_style(offline: Workplace) -> None:
    offline.crawl(env={"HF_HUB_OFFLINE": "1"})
    rows = [{"model": "resnet50.a1_in1k", "top1": 80.2, "param_count": 25.56}, {"model": "x", "error": "é"}]
    table = offline.folder / "results.json"
    for indent, escaped in ((4, True), (None, False), (2, True)):
        table.write_text(json.dumps(rows, indent=indent, ensure_ascii=escaped))
        ended = offline.call("merge", str(table), "-o", "-")
        merged = json.loads(ended.out)
        assert merged[0].pop("model_size_in_mb") == 102.47
        assert merged[1].pop("model_size_in_mb") is None
        assert json.dumps(merged, indent=indent, ensure_ascii=escaped) == table.read_text()
