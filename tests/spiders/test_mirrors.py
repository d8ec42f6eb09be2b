"""Mirrors and self-hosted Hubs, each with what it lacks: the sizes are the same to the byte, or there is a reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mockserver import MockHub, timm_repo
from tests.samples import RESNETS, put_resnets, repo_paths
from tests.workplace import Ended, Workplace
from timm_sizes.names.catalogue import by_repo_id

PATH = "/artifactory/api/huggingfaceml/repo"


def crawl(workplace: Workplace, *arguments: str, **env: str) -> Ended:
    return workplace.crawl("-a", f"table={workplace.table(RESNETS)}", *arguments, env=env)


def right_sizes() -> dict[str, str]:
    repos = {name: timm_repo(name, 1_000_000 * (number + 1)) for number, name in enumerate(RESNETS)}
    return {name: str(repo.files["model.safetensors"]) for name, repo in repos.items()}


def sizes(workplace: Workplace) -> dict[str, str]:
    return {name: row["size_bytes"] for name, row in workplace.sizes().items() if row["status"] == "ok"}


@pytest.mark.parametrize(
    "behaviour",
    [
        {"siblings_have_sizes": False, "list_missing": 401, "has_pages": False},
        {"siblings_have_sizes": False},
        {"list_has_order": False, "has_pages": False},
        {"list_missing": 404},
        {"base_path": PATH},
    ],
    ids=["olah", "no sizes", "KohakuHub", "no list", "Artifactory"],
)
def test_mirror_gives_the_same_sizes(hub: MockHub, workplace: Workplace, behaviour: dict[str, Any]) -> None:
    put_resnets(hub)
    hub.rename(f"timm/{RESNETS[0]}", "timm/renamed")
    hub.behave(**behaviour)
    ended = crawl(workplace, HF_ENDPOINT=workplace.endpoint + behaviour.get("base_path", ""))
    assert ended.status == 0
    assert sizes(workplace) == right_sizes()
    assert workplace.sizes()[RESNETS[0]]["repo_id"] == "timm/renamed"
    assert hub.downloads() == 0
    assert not [request for request in hub.requests() if request.bucket != "api"]


@pytest.mark.parametrize("cut", [False, True])
def test_commits_of_64_digits_are_kept_in_the_cache(hub: MockHub, workplace: Workplace, cut: bool) -> None:
    repos = [timm_repo(name, 1_000_000, sha=f"{number:064x}"[::-1]) for number, name in enumerate(RESNETS, start=1)]
    hub.put(*repos)
    hub.behave(cuts_commits=cut)
    assert crawl(workplace).status == 0
    assert {row["sha"] for row in workplace.sizes().values()} == {repo.sha for repo in repos}
    hub.forget()
    assert crawl(workplace).status == 0
    assert not repo_paths(hub)


def test_server_without_pages_is_told_and_no_repo_is_called_missing(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(has_pages=False)
    ended = crawl(workplace, "-a", "route=page")
    assert ended.status == 1
    assert set(workplace.statuses().values()) == {"error"}
    assert all("no pages" in row["reason"] for row in workplace.sizes().values())
    # Asking again would change nothing.
    assert len(repo_paths(hub)) == len(RESNETS)


def test_missing_repo_is_not_found_with_a_token_too(hub: MockHub, workplace: Workplace) -> None:
    hub.behave(tokens=["hf_known"], list_missing=401)
    for env in ({}, {"HF_TOKEN": "hf_known"}):
        ended = crawl(workplace, **env)
        assert set(workplace.statuses().values()) == {"not_found"}
        # The catalogue knows them all: the server is to blame.
        assert ended.status == 1
        assert "refuses every request: no such repo on the Hub" in ended.err


SIGN_IN = {"Location": "https://login.example/?next=x"}


@pytest.mark.parametrize(
    ("status", "headers", "cause"),
    [
        (200, {"Content-Type": "text/html"}, "invalid response: an HTML page where the API was requested"),
        (403, {"Content-Type": "text/html"}, "HTTP 403"),
        (302, SIGN_IN, "redirected to another host (login.example)"),
        (404, {}, "HTTP 404"),
    ],
    ids=["portal", "filter", "sign-in", "nothing there"],
)
@pytest.mark.parametrize("names", [3, 100])
def test_server_that_is_no_hub_ends_the_crawl_with_the_cause(
    hub: MockHub, workplace: Workplace, names: int, status: int, headers: dict[str, str], cause: str
) -> None:
    answer = {"status": status, "headers": headers, "body": "<html><title>Sign in</title></html>"}
    hub.behave(raw_answers={"/": answer})
    table = workplace.table([f"hf-hub:org{number % 7}/net{number}" for number in range(names)])
    ended = workplace.crawl("-a", f"table={table}")
    assert ended.status == 1
    # However many names there are: twenty repos and what is under way meanwhile, and the six tries of seven lists.
    assert len(hub.requests()) <= 42 + 40
    assert f"  failed: {hub.url} " in ended.err
    assert ended.err.rstrip().endswith(cause)


@pytest.mark.parametrize("has_list", [True, False])
def test_missing_repos_end_no_crawl_of_others(hub: MockHub, workplace: Workplace, has_list: bool) -> None:
    known = [name.removeprefix("timm/") for name in by_repo_id() if name.startswith("timm/")][:30]
    hub.put(*(timm_repo(name, 1_000_000) for name in known[25:]))
    hub.behave(latency=0.05, **({} if has_list else {"list_missing": 404}))
    assert workplace.crawl("-a", f"table={workplace.table(known)}").status == 0
    assert list(workplace.statuses().values()).count("ok") == 5
    assert list(workplace.statuses().values()).count("not_found") == 25


def test_few_repos_with_a_broken_answer_are_errors_with_the_reason(hub: MockHub, workplace: Workplace) -> None:
    hub.put(*(timm_repo(name, 0, header=0) for name in RESNETS[:4]))
    ended = workplace.crawl("-a", f"table={workplace.table(RESNETS[:4])}")
    assert ended.status == 1
    assert [row["reason"] for row in workplace.sizes().values()] == [
        "invalid response: model.safetensors: a size of 0"
    ] * 4


def test_pages_that_are_all_missing_are_the_servers_fault(hub: MockHub, workplace: Workplace) -> None:
    code = {"X-Error-Code": "RepoNotFound"}
    put_resnets(hub)
    hub.behave(raw_answers={"/timm/": {"status": 404, "headers": code, "body": ""}}, list_missing=404)
    ended = crawl(workplace, "-a", "route=page")
    assert ended.status == 1
    assert set(workplace.statuses().values()) == {"not_found"}
    assert "refuses every request" in ended.err


def test_rounded_page_does_not_replace_the_exact_size(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    crawl(workplace)
    before = workplace.sizes_file.read_bytes()
    hub.behave(page_entries=False)
    assert crawl(workplace, "-a", "route=page").status == 0
    assert workplace.sizes_file.read_bytes() == before
