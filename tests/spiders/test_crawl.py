"""The crawl as a user runs it, against the mock Hub: what is asked, what is recorded, what is printed."""

from __future__ import annotations

import json
import re

import pytest

from tests.mockserver import MockHub, Repo, timm_repo
from tests.samples import RESNETS, list_paths, put_resnets, repo_paths
from tests.workplace import Workplace

EVA = "eva02_large_patch14_448.mim_m38m_ft_in22k_in1k"
EVA_FILES = {
    ".gitattributes": 1477,
    "README.md": 5518,
    "config.json": 654,
    "model.safetensors": 1220365908,
    "pytorch_model.bin": 1220481421,
}


@pytest.mark.parametrize("route", ["api", "page"])
def test_known_checkpoint_is_sized_to_the_byte(hub: MockHub, workplace: Workplace, route: str) -> None:
    hub.put(Repo(id=f"timm/{EVA}", files=EVA_FILES, license="mit", safetensors={"F32": 305_080_232}))
    ended = workplace.crawl("-a", f"table={workplace.table([EVA])}", "-a", f"route={route}")
    assert ended.status == 0
    row = workplace.sizes()[EVA]
    assert row["status"] == "ok"
    assert row["size_bytes"] == "1220365908"
    assert row["filename"] == "model.safetensors"
    assert (row["license"], row["source"], row["repo_id"]) == ("mit", route, f"timm/{EVA}")
    assert len(row["sha"]) == 40
    assert len(row["sha256"]) == 64
    merged = workplace.folder / "merged.csv"
    assert workplace.run("merge", "-o", str(merged)).status == 0
    assert merged.read_text() == f"model,model_size_in_mb,top1\n{EVA},1220.37,80.000\n"


def test_page_that_shows_only_rounded_sizes_gives_an_estimate(hub: MockHub, workplace: Workplace) -> None:
    hub.put(Repo(id=f"timm/{EVA}", files=EVA_FILES))
    hub.behave(page_entries=False)
    workplace.crawl("-a", f"table={workplace.table([EVA])}", "-a", "route=page")
    row = workplace.sizes()[EVA]
    assert (row["status"], row["size_bytes"]) == ("estimated", "1220000000")
    assert "1.22 GB" in row["reason"]


def test_item_columns_say_what_the_hub_said(hub: MockHub, workplace: Workplace) -> None:
    hub.put(timm_repo("resnet18.a1_in1k", 11_689_512, license="apache-2.0", gated="auto"))
    workplace.crawl("-a", f"table={workplace.table(['resnet18.a1_in1k'])}")
    row = workplace.sizes()["resnet18.a1_in1k"]
    assert (row["params"], row["dtype"], row["gated"]) == ("11689512", "F32", "auto")
    assert row["last_modified"].endswith("Z")
    assert row["fetched_at"].startswith("20")
    assert row["fetched_at"].endswith("Z")


def test_no_model_file_is_touched(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    table = workplace.table(RESNETS)
    for route in ("api", "page"):
        assert workplace.crawl("-a", f"table={table}", "-a", f"route={route}").status == 0
    assert hub.downloads() == 0


def test_list_gives_the_commits_and_each_repo_is_asked_once_at_its_own(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    names = [*RESNETS, "resnet50", "timm/resnet50", "hf-hub:timm/resnet50.a1_in1k", RESNETS[0]]
    assert workplace.crawl("-a", f"table={workplace.table(names)}").status == 0
    assert len(list_paths(hub)) == 1
    assert len(repo_paths(hub)) == len(RESNETS)
    assert all("/revision/" in path and path.endswith("?blobs=true") for path in repo_paths(hub))
    assert set(workplace.statuses().values()) == {"ok"}
    assert set(workplace.sizes()) == set(names)


def test_a_table_and_an_organisation_make_one_crawl(hub: MockHub, workplace: Workplace) -> None:
    """What the table lacks comes from the list; each repo is requested once, and a name is the table's first."""
    put_resnets(hub)
    hub.put(timm_repo("timm/brand_new.in1k", 1_000_000), timm_repo("timm/rdnet_base.nv_in1k", 1_000_000))
    names = ["resnet50", *RESNETS[1:], "rdnet_base.nv_in1k", "not_in_the_list.x"]
    assert workplace.crawl("-a", f"table={workplace.table(names)}", "-a", "author=timm").status == 0
    paths = repo_paths(hub)
    assert len(paths) == len(set(paths))
    assert len(list_paths(hub)) == 1
    assert set(workplace.sizes()) >= {*names, "brand_new.in1k"}
    assert workplace.sizes()["rdnet_base.nv_in1k"]["repo_id"] != "timm/rdnet_base.nv_in1k"


def test_revision_in_a_name_is_asked(hub: MockHub, workplace: Workplace) -> None:
    hub.put(Repo(id="me/net", files={"pytorch_model.bin": 1000}, refs={}))
    old = hub.commit("me/net", files={"pytorch_model.bin": 2000})
    hub.commit("me/net", files={"pytorch_model.bin": 3000})
    workplace.crawl("-a", f"table={workplace.table([f'hf-hub:me/net@{old}', 'hf_hub:me/net', 'hf-hub:me/net@nope'])}")
    sizes = {model: (row["status"], row["size_bytes"]) for model, row in workplace.sizes().items()}
    assert sizes == {
        f"hf-hub:me/net@{old}": ("ok", "2000"),
        "hf_hub:me/net": ("ok", "3000"),
        "hf-hub:me/net@nope": ("not_found", ""),
    }


def test_renamed_repo_is_followed_and_its_final_id_recorded(hub: MockHub, workplace: Workplace) -> None:
    hub.put(timm_repo("me/first", 1_000_000))
    hub.rename("me/first", "me/second")
    hub.rename("me/second", "me/third")
    workplace.crawl("-a", f"table={workplace.table(['hf-hub:me/first', 'hf-hub:me/third'])}")
    assert {row["repo_id"] for row in workplace.sizes().values()} == {"me/third"}
    assert workplace.statuses() == {"hf-hub:me/first": "ok", "hf-hub:me/third": "ok"}


@pytest.mark.parametrize("route", ["api", "page"])
def test_names_that_come_to_the_same_address_are_all_answered(hub: MockHub, workplace: Workplace, route: str) -> None:
    put_resnets(hub)
    sha = timm_repo(RESNETS[0], 1_000_000).sha
    names = [*RESNETS, f"hf-hub:timm/{RESNETS[0]}@main", f"hf-hub:timm/{RESNETS[0]}@{sha}", f"timm/{RESNETS[0]}@main"]
    assert workplace.crawl("-a", f"table={workplace.table(names)}", "-a", f"route={route}").status == 0
    assert set(workplace.sizes()) == set(names)
    assert set(workplace.statuses().values()) == {"ok"}


def test_each_kind_of_missing_size_has_its_status(hub: MockHub, workplace: Workplace) -> None:
    hub.put(
        timm_repo("me/private", 1, private=True),
        Repo(id="me/onnx", files={"onnx/model.onnx": 5, "open_clip_pytorch_model.bin": 7}),
        Repo(id="me/shards", files={"model-00001-of-00002.safetensors": 5, "model.safetensors.index.json": 1}),
    )
    gated = {"status": 403, "headers": {"X-Error-Code": "GatedRepo"}, "body": ""}
    hub.behave(raw_answers={"/api/models/me/gated": gated})
    expected = {
        "hf-hub:me/missing": "not_found",
        "hf-hub:me/private": "not_found",
        "hf-hub:me/gated": "gated",
        "hf-hub:me/onnx": "no_weights",
        "hf-hub:me/shards": "no_weights",
        "gcvit_base.in1k": "no_hub_repo",
        "mixer_s16_224": "estimated",
        "resnext101_32x4d.untrained": "no_weights",
        "densenet264": "unknown_name",
        "../../etc/passwd": "unknown_name",
        "a b?x=1": "unknown_name",
    }
    ended = workplace.crawl("-a", f"table={workplace.table(expected)}")
    assert ended.status == 0
    assert workplace.statuses() == expected
    sizes = workplace.sizes()
    assert sizes.pop("mixer_s16_224")["reason"] == "no published weights; computed from the architecture"
    assert all(row["reason"] and not row["size_bytes"] for row in sizes.values())
    asked = {path.removeprefix("/api/models/me/").partition("?")[0].partition("/")[0] for path in repo_paths(hub)}
    assert asked == {"missing", "private", "gated", "onnx", "shards"}


def test_only_a_pickle_is_sized_and_other_weights_are_not_added(hub: MockHub, workplace: Workplace) -> None:
    files = {"pytorch_model.bin": 1000, "open_clip_pytorch_model.bin": 5000, "open_clip_model.safetensors": 4900}
    hub.put(Repo(id="me/clip", files=files))
    workplace.crawl("-a", f"table={workplace.table(['hf-hub:me/clip'])}")
    row = workplace.sizes()["hf-hub:me/clip"]
    assert (row["filename"], row["size_bytes"]) == ("pytorch_model.bin", "1000")


def test_local_checkpoints_are_measured_on_disk(workplace: Workplace) -> None:
    folder = workplace.folder / "net"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"x" * 123)
    (folder / "pytorch_model.bin").write_bytes(b"x" * 456)
    (workplace.folder / "last.pth.tar").write_bytes(b"x" * 789)
    table = workplace.folder / "validate.csv"
    table.write_text(
        "model,checkpoint,top1\r\n"
        f"resnet50,{workplace.folder}/last.pth.tar,80.1\r\n"
        f"local-dir:{folder},,79.0\r\n"
        f"resnet50,{workplace.folder}/gone.pth.tar,80.2\r\n",
        newline="",
    )
    assert workplace.crawl("-a", f"table={table}").status == 0
    merged = workplace.folder / "merged.csv"
    workplace.run("merge", str(table), "-o", str(merged), "--details")
    lines = merged.read_bytes().decode().split("\r\n")
    assert lines[1].split(",")[4:8] == ["789", "0.00", "last.pth.tar", "ok"]
    assert lines[2].split(",")[4:8] == ["123", "0.00", "model.safetensors", "ok"]
    assert lines[3].split(",")[4:8] == ["", "", "", "not_found"]


def test_feed_options_work_as_in_any_scrapy_project(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    feed = workplace.folder / "items.jsonl"
    workplace.crawl("-a", f"table={workplace.table(RESNETS)}", "-O", str(feed))
    items = [json.loads(line) for line in feed.read_text().splitlines()]
    assert {item["model"] for item in items} == set(RESNETS)
    assert all(item["size_bytes"] > 1_000_000 and item["status"] == "ok" for item in items)


def test_dry_run_prints_the_plan_and_sends_nothing(hub: MockHub, workplace: Workplace) -> None:
    ended = workplace.crawl("-a", f"table={workplace.table(['resnet50', 'gcvit_base', *RESNETS])}", "-a", "dry_run=1")
    assert ended.status == 0
    assert "resnet50 → timm/resnet50.a1_in1k\n" in ended.out
    assert "gcvit_base → no_hub_repo" in ended.out
    assert "7 names, 5 repos: 5 requests at the most, after the list of timm" in ended.out
    assert not hub.requests()
    assert not workplace.sizes_file.exists()


def test_table_at_a_url_is_fetched_kept_and_merged(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    body = "model,top1\n" + "".join(f"{name},80.0\n" for name in RESNETS)
    hub.behave(raw_answers={"/tables/results-x.csv": {"status": 200, "headers": {"ETag": '"1"'}, "body": body}})
    assert workplace.crawl("-a", f"table={workplace.endpoint}/tables/results-x.csv").status == 0
    assert (workplace.folder / "tables" / "results-x.csv").read_text() == body
    ended = workplace.run("merge", "-o", "-")
    assert ended.out.splitlines()[1].startswith(f"{RESNETS[0]},4.04,80.0")


def test_standard_input_globs_and_lists_of_tables(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    workplace.table(RESNETS[:1], "a1.csv")
    workplace.table(RESNETS[1:2], "a2.csv")
    third = workplace.table(RESNETS[2:3], "b.json.csv")
    assert workplace.crawl("-a", f"table={workplace.folder}/a*.csv,{third}").status == 0
    assert set(workplace.sizes()) == set(RESNETS[:3])
    stdin = json.dumps([{"model": RESNETS[3], "top1": 80.1}, {"model": RESNETS[4], "error": "out of memory"}]).encode()
    assert workplace.crawl("-a", "table=-", stdin=stdin).status == 0
    assert set(workplace.sizes()) == set(RESNETS)
    ended = workplace.run("merge", "-o", "-")
    assert [list(row) for row in json.loads(ended.out)] == [
        ["model", "model_size_in_mb", "top1"],
        ["model", "model_size_in_mb", "error"],
    ]


def test_sizes_file_gathers_several_crawls(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    workplace.crawl("-a", f"table={workplace.table(RESNETS[:2])}")
    first = workplace.sizes()
    workplace.crawl("-a", f"table={workplace.table(RESNETS[2:4])}")
    assert workplace.sizes().items() >= first.items()
    assert list(workplace.sizes()) == sorted(RESNETS[:4])


def test_offline_crawl_estimates_from_the_catalogue_and_sends_nothing(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    offline = {"HF_HUB_OFFLINE": "1"}
    ended = workplace.crawl(env=offline)
    assert ended.status == 0
    assert not hub.requests()
    statuses = workplace.statuses()
    assert len(statuses) > 100
    assert set(statuses.values()) == {"estimated", "no_hub_repo"}
    workplace.crawl("-a", f"table={workplace.table(RESNETS)}")
    from_hub = workplace.sizes()
    workplace.crawl("-a", f"table={workplace.table(RESNETS)}", env=offline)
    assert workplace.sizes() == from_hub
    assert {from_hub[name]["status"] for name in RESNETS} == {"ok"}


def test_summary_names_the_figures_the_file_and_the_next_command(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    table = workplace.table([*RESNETS, "gcvit_base"])
    ended = workplace.crawl("-a", f"table={table}", "--nolog")
    figures = {match[1]: int(match[2]) for match in re.finditer(r"^  (\S.*\S) +(\d+)$", ended.err, re.MULTILINE)}
    assert figures == {"names": 6, "repos": 5, "requests": 6, "from cache": 0, "ok": 5, "no_hub_repo": 1}
    assert f"sizes are in {workplace.sizes_file}" in ended.err
    assert f"next: scrapy merge {table}" in ended.err
    assert ended.out == ""


def test_log_of_a_normal_run_has_no_warnings(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    for _ in range(2):
        ended = workplace.crawl("-a", f"table={workplace.table(RESNETS)}", "-s", f"JOBDIR={workplace.folder / 'job'}")
        assert not re.search(r"(WARNING|ERROR|CRITICAL): |Traceback", ended.err)


def test_name_without_an_answer_makes_exit_status_1_and_is_asked_again(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(fault_paths={f"/api/models/timm/{RESNETS[0]}": {"fault": "5xx", "times": None}})
    table = workplace.table(RESNETS)
    ended = workplace.crawl("-a", f"table={table}")
    assert ended.status == 1
    assert workplace.statuses()[RESNETS[0]] == "error"
    assert "run it again to retry only those" in ended.err
    hub.behave_reset()
    hub.forget()
    assert workplace.crawl("-a", f"table={table}").status == 0
    assert set(workplace.statuses().values()) == {"ok"}
    assert len(repo_paths(hub)) == 1
