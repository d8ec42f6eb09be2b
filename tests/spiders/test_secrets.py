"""The token goes to the Hub's own host alone, and stays nowhere."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.mockserver import MockHub, timm_repo
from tests.samples import RESNETS, put_resnets
from tests.workplace import Workplace

TOKEN = "hf_TheSecretOfThisTest"


def files_with_the_token(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


@pytest.mark.parametrize("where", ["variable", "old variable", "file", "path"])
def test_token_is_found_where_the_hf_command_keeps_it(hub: MockHub, workplace: Workplace, where: str) -> None:
    put_resnets(hub)
    hub.behave(tokens=[TOKEN])
    file = workplace.folder / "hf_home" / "token"
    file.parent.mkdir()
    if where in ("file", "path"):
        file.write_text(TOKEN + "\n")
    env = {"variable": {"HF_TOKEN": TOKEN}, "old variable": {"HUGGING_FACE_HUB_TOKEN": TOKEN}, "file": {}}
    moved = {"HF_TOKEN_PATH": str(file), "HF_HOME": "/nowhere"}
    assert workplace.crawl("-a", f"table={workplace.table(RESNETS)}", env={"path": moved, **env}[where]).status == 0
    assert {request.headers["authorization"] for request in hub.requests()} == {f"Bearer {TOKEN}"}


def test_without_a_token_no_header_is_sent(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    for env in ({}, {"HF_TOKEN": ""}, {"HF_TOKEN": TOKEN, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}):
        workplace.crawl("-a", f"table={workplace.table(RESNETS)}", env=env)
    assert not [request for request in hub.requests() if "authorization" in request.headers]


def test_token_is_in_no_log_cache_job_directory_or_output(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(tokens=[TOKEN], edge_429=4, faults={"5xx": 0.2, "drop": 0.1}, seed=1)
    hub.rename(f"timm/{RESNETS[0]}", "timm/renamed")
    env = {"HF_TOKEN": TOKEN}
    arguments = ["-a", f"table={workplace.table(RESNETS)}", "-s", f"JOBDIR={workplace.folder / 'job'}"]
    ended = workplace.crawl(*arguments, "-O", f"{workplace.folder}/items.json", "--loglevel", "DEBUG", env=env)
    assert TOKEN in {request.headers["authorization"].split()[1] for request in hub.requests()}
    assert TOKEN not in ended.out + ended.err
    assert files_with_the_token(workplace.folder) == []
    for command in (
        ("settings", "--get", "HF_TOKEN"),
        ("settings", "--get", "DOWNLOADER_MIDDLEWARES"),
        ("version", "-v"),
    ):
        ended = workplace.run(*command, env=env)
        assert TOKEN not in ended.out + ended.err


def test_token_waiting_for_the_quota_is_not_in_the_job_directory(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(tokens=[TOKEN], token_quota={"api": 2}, window=300.0)
    arguments = ["-a", f"table={workplace.table(RESNETS)}", "-s", f"JOBDIR={workplace.folder / 'job'}"]
    crawl = workplace.start_crawl(*arguments, env={"HF_TOKEN": TOKEN})
    assert hub.wait_for(2)
    crawl.send(signal.SIGTERM)
    crawl.wait()
    assert (workplace.folder / "job" / "requests.queue").is_dir()
    assert files_with_the_token(workplace.folder) == []


def test_token_does_not_follow_a_redirect_to_another_host(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(tokens=[TOKEN])
    with MockHub() as other:
        away = other.url.replace("127.0.0.1", "localhost")
        other.put(timm_repo(RESNETS[0], 1))
        hub.behave(
            fault_paths={f"/api/models/timm/{RESNETS[0]}": {"fault": "redirect_away", "times": None, "to": away}}
        )
        workplace.crawl("-a", f"table={workplace.table(RESNETS)}", env={"HF_TOKEN": TOKEN})
        assert not other.requests()
    assert workplace.statuses()[RESNETS[0]] == "error"


def test_token_is_not_sent_to_the_host_of_a_table(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(tokens=[TOKEN])
    with MockHub() as other:
        body = "model\n" + "\n".join(RESNETS)
        other.behave(raw_answers={"/x.csv": {"status": 200, "headers": {}, "body": body}})
        assert workplace.crawl("-a", f"table={other.url}/x.csv", env={"HF_TOKEN": TOKEN}).status == 0
        assert [request.headers.get("authorization") for request in other.requests()] == [None]
    assert {request.headers["authorization"] for request in hub.requests()} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("kind", ["reject", "anonymous"])
def test_invalid_token_is_told_once_and_records_no_wrong_status(hub: MockHub, workplace: Workplace, kind: str) -> None:
    put_resnets(hub)
    hub.behave(tokens=["hf_another"], bad_token=kind)
    table = workplace.table([*RESNETS, *(f"hf-hub:timm/private{number}" for number in range(20))])
    ended = workplace.crawl("-a", f"table={table}", env={"HF_TOKEN": TOKEN})
    assert ended.status == 1
    assert len([line for line in ended.err.splitlines() if "ERROR" in line]) == 1
    assert "the Hub does not accept the token" in ended.err
    if workplace.sizes_file.exists():
        assert set(workplace.statuses().values()) <= {"ok"}


def test_private_repo_is_sized_with_a_token(hub: MockHub, workplace: Workplace) -> None:
    hub.put(timm_repo("me/private", 1_000, private=True))
    hub.behave(tokens=[TOKEN])
    table = workplace.table(["hf-hub:me/private", "hf-hub:me/missing"])
    assert workplace.crawl("-a", f"table={table}", env={"HF_TOKEN": TOKEN}).status == 0
    assert workplace.statuses() == {"hf-hub:me/private": "ok", "hf-hub:me/missing": "not_found"}
