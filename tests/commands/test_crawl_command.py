"""``scrapy crawl`` itself: its help, a second spider, models by name, and organisations."""

from __future__ import annotations

import re
import signal

import pytest

from tests.mockserver import MockHub, timm_repo
from tests.samples import RESNETS, list_paths, put_resnets, repo_paths
from tests.workplace import Ended, Workplace
from timm_sizes.spiders.seeds import ARGUMENTS

# ---- Help ------------------------------------------------------------------------------------------------------------


def test_help_tells_each_argument_of_the_spider_with_a_line(offline: Workplace) -> None:
    for arguments in (["hf_sizes"], []):
        ended = offline.call("crawl", *arguments, "--help")
        assert ended.status == 0
        assert ended.out.endswith(
            "scrapy crawl hf_sizes -s HF_HUB_OFFLINE=1             estimates, without a network\n"
        )
        for name, text in ARGUMENTS.items():
            assert re.search(rf"^  {name} +{re.escape(text)}$", ended.out, re.MULTILINE)
        assert "-s NAME=VALUE" in ended.out


@pytest.mark.parametrize("command", ["crawl", "distribute", "merge", "pick", "publish", "report"])
def test_help_of_every_command_ends_with_examples_one_per_line(offline: Workplace, command: str) -> None:
    ended = offline.call(command, "--help")
    assert ended.status == 0
    head, *examples = ended.out[ended.out.rindex("\n\nExamples") :].strip().splitlines()
    assert head.startswith("Examples")
    assert 2 <= len(examples) <= 3
    assert all(example.startswith(f"  scrapy {command}") for example in examples)


# ---- A second spider -------------------------------------------------------------------------------------------------

BOXES = [f"box{number}" for number in range(12)]


def crawl_shelf(workplace: Workplace, *arguments: str) -> Ended:
    return workplace.run("crawl", "shelf", *shelf_settings(workplace), *arguments)


def shelf_settings(workplace: Workplace) -> list[str]:
    modules = "SPIDER_MODULES=tests.second_spider"
    return ["-s", modules, "-s", f"HTTPCACHE_DIR={workplace.folder / 'cache'}", "-s", "CONCURRENT_REQUESTS=2"]


def shelf(hub: MockHub) -> list[str]:
    body = {
        f"/shelf/{box}.json": {"status": 200, "body": f'{{"bytes": {number}}}'} for number, box in enumerate(BOXES, 1)
    }
    hub.behave(raw_answers=body)
    return ["-a", f"url={hub.url}/shelf", "-a", f"boxes={','.join(BOXES)}"]


def test_second_spider_has_the_commands_the_export_and_the_summary(hub: MockHub, workplace: Workplace) -> None:
    ended = crawl_shelf(workplace, *shelf(hub))
    assert ended.status == 0
    assert {name: row["size_bytes"] for name, row in workplace.sizes().items()} == {
        box: str(number) for number, box in enumerate(BOXES, 1)
    }
    assert re.search(r"^  names +12$", ended.err, re.MULTILINE)
    assert re.search(r"^  ok +12$", ended.err, re.MULTILINE)
    assert "next:" not in ended.err


def test_wrong_argument_of_a_second_spider_is_told_for_its_own_list(offline: Workplace) -> None:
    shelf = ["crawl", "shelf", *shelf_settings(offline)]
    ended = offline.call(*shelf, "-a", "url=x", "-a", "table=x.csv")
    assert ended.status == 2
    assert "unknown spider argument 'table'; there are url, boxes" in ended.err
    assert "url: expected where the boxes are" in offline.call(*shelf).err
    helped = offline.call(*shelf, "--help").out
    assert "Arguments of the spider shelf (-a NAME=VALUE):\n  url    where the boxes are\n" in helped
    assert "hf_sizes" not in helped


@pytest.mark.slow
def test_job_of_a_second_spider_is_resumed_and_loses_no_name(hub: MockHub, workplace: Workplace) -> None:
    arguments = shelf(hub)
    job = ["-s", f"JOBDIR={workplace.folder / 'job'}"]
    hub.behave(latency=0.2)
    crawl = workplace.start("crawl", "shelf", *shelf_settings(workplace), *arguments, *job)
    assert hub.wait_for(4)
    crawl.send(signal.SIGINT)
    assert crawl.wait().status == 1
    hub.behave(latency=0.0)
    workplace.sizes_file.unlink()
    ended = crawl_shelf(workplace, *arguments, *job)
    assert ended.status == 0
    assert "Resuming crawl" in ended.err
    assert workplace.sizes().keys() == set(BOXES)
    other = crawl_shelf(workplace, *arguments[:2], "-a", "boxes=box3", *job)
    assert other.status == 0


# ---- Names and organisations -----------------------------------------------------------------------------------------


def test_models_by_name_are_printed_each_with_its_size(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    ended = workplace.crawl("-a", "models=resnet50, gcvit_base,resnet18.a1_in1k,hf-hub:me/none", "--nolog")
    assert ended.status == 0
    assert "  resnet50: 12.04 MB (exact)\n" in ended.err
    assert "  resnet18.a1_in1k: 4.04 MB (exact)\n" in ended.err
    assert "  gcvit_base: no_hub_repo: its weights are not on the Hub" in ended.err
    assert "  hf-hub:me/none: not_found: no such repo" in ended.err
    assert "next:" not in ended.err
    assert set(workplace.sizes()) == {"resnet50", "gcvit_base", "resnet18.a1_in1k", "hf-hub:me/none"}
    estimated = workplace.crawl("-a", "models=resnet18.a1_in1k", env={"HF_HUB_OFFLINE": "1"})
    assert re.search(r"  resnet18.a1_in1k: \d+\.\d\d MB \(estimated: ", estimated.err)


def test_models_that_are_no_text_are_refused(offline: Workplace) -> None:
    ended = offline.run_afresh(["bash", "-c", f"{' '.join(offline.crawl_command())} -a models=$'\\xff'"])
    assert ended.status == 2
    assert "models=" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(("route", "requests"), [("api", 8), ("list", 2)])
def test_organisations_are_crawled_whole(hub: MockHub, workplace: Workplace, route: str, requests: int) -> None:
    put_resnets(hub)
    hub.put(timm_repo("apple/mobileclip_s0_timm", 5_000_000))
    hub.behave(quota={"api": None})
    ended = workplace.crawl("-a", "author=timm,apple", "-a", f"route={route}")
    assert ended.status == 0
    assert len(workplace.sizes()) == 6
    assert {*RESNETS} < set(workplace.sizes())
    assert set(workplace.statuses().values()) == {"ok" if route == "api" else "estimated"}
    # A list each, and the repos where they are asked one by one.
    assert (len(list_paths(hub)), len(hub.requests())) == (2, requests)
    assert ended.err.count("exact bytes: without -a route=list") == (route == "list")


def test_rows_that_move_between_pages_are_requested_once(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(list_page_size=2, list_repeats=True)
    assert workplace.crawl("-a", "author=timm").status == 0
    assert set(workplace.sizes()) == set(RESNETS)
    assert len(repo_paths(hub)) == len(set(repo_paths(hub))) == len(RESNETS)


def test_estimates_of_a_list_give_way_to_exact_sizes_and_not_the_other_way(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    table = ["-a", f"table={workplace.table(RESNETS)}"]
    assert workplace.crawl(*table, "-a", "route=list").status == 0
    assert len(hub.requests()) == 1
    estimates = {name: int(row["size_bytes"]) for name, row in workplace.sizes().items()}
    assert workplace.crawl(*table).status == 0
    exact = workplace.sizes()
    assert {row["status"] for row in exact.values()} == {"ok"}
    for name, row in exact.items():
        assert abs(estimates[name] - int(row["size_bytes"])) <= 0.02 * int(row["size_bytes"])
    assert workplace.crawl(*table, "-a", "route=list").status == 0
    assert workplace.sizes() == exact


@pytest.mark.parametrize("arguments", [["author=timm"], ["models=resnet50", "route=list"]])
def test_server_without_lists_is_reported_in_one_line(hub: MockHub, workplace: Workplace, arguments: list[str]) -> None:
    put_resnets(hub)
    hub.behave(list_missing=404)
    ended = workplace.crawl(*(part for argument in arguments for part in ("-a", argument)))
    assert ended.status == 1
    assert [line.partition("ERROR: ")[2] for line in ended.err.splitlines() if "ERROR" in line] == [
        "no list of timm (no such repo on the Hub, or a private one): this server has no lists of repos"
    ]
