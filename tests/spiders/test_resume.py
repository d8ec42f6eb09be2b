"""Running the same command again: after the end, after a change on the Hub, after Ctrl-C, after a kill."""

from __future__ import annotations

import csv
import signal

import pytest

from tests.mockserver import MockHub, timm_repo
from tests.samples import RESNETS, list_paths, put_resnets, repo_paths
from tests.workplace import Started, Workplace

MANY = [f"net{number:04}.tag_in1k" for number in range(100)]


def put_many(hub: MockHub) -> dict[str, str]:
    """Host so many repos that a crawl can be stopped on its way, and return the sizes that are right."""
    repos = {name: timm_repo(name, 1_000_000 + number) for number, name in enumerate(MANY)}
    hub.put(*repos.values())
    hub.behave(quota={"api": None}, latency=0.02)
    return {name: str(repo.files["model.safetensors"]) for name, repo in repos.items()}


@pytest.fixture(scope="module")
def whole(hub_process: MockHub, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """The rows that a crawl of MANY leaves when nobody stops it."""
    hub_process.clear()
    put_many(hub_process)
    workplace = Workplace(tmp_path_factory.mktemp("whole"), hub_process.url)
    assert workplace.crawl("-a", f"table={workplace.table(MANY)}").status == 0
    return undated(workplace)


def undated(workplace: Workplace) -> dict[str, dict[str, str]]:
    return {model: {**row, "fetched_at": ""} for model, row in workplace.sizes().items()}


def crawl_of_many(workplace: Workplace, *, jobdir: bool) -> list[str]:
    """Return the arguments of a crawl of MANY, with a job directory or without."""
    job = ["-s", f"JOBDIR={workplace.folder / 'job'}"] if jobdir else []
    return ["-a", f"table={workplace.table(MANY)}", *job]


def stop_after(hub: MockHub, crawl: Started, answers: int, *signals: signal.Signals) -> int:
    """Send *signals* to the crawl when the Hub has got so many requests; return its exit status."""
    while not hub.wait_for(answers, at_most=1) and crawl.is_running():
        pass
    for number in signals:
        crawl.send(number)
    return crawl.wait().status


def test_refresh_asks_everything_anew_and_replaces_what_was_kept(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    table = workplace.table(RESNETS)
    workplace.crawl("-a", f"table={table}")
    hub.forget()
    workplace.crawl("-a", f"table={table}", "-a", "refresh=1")
    assert len(repo_paths(hub)) == len(RESNETS)
    hub.forget()
    workplace.crawl("-a", f"table={table}")
    assert not repo_paths(hub)


def test_fresh_clone_with_exact_sizes_needs_the_lists_alone(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    names = [*RESNETS, "resnet50", "gcvit_base"]
    table = workplace.table(names)
    workplace.crawl("-a", f"table={table}")
    before = workplace.sizes_file.read_bytes()
    # One file, and a fresh clone has not even that.
    assert [path.name for path in workplace.cache_file.parent.iterdir()] == [workplace.cache_file.name]
    workplace.cache_file.unlink()
    hub.forget()
    ended = workplace.crawl("-a", f"table={table}")
    assert ended.status == 0
    assert (len(list_paths(hub)), repo_paths(hub)) == (1, [])
    assert workplace.sizes_file.read_bytes() == before
    assert "known already       6" in ended.err
    # A name that came later is answered by the row of another one; a list needs no estimate.
    for arguments in (["-a", "route=api"], ["-a", "route=list"], ["-a", "route=page"]):
        hub.forget()
        later = workplace.table([*names, f"timm/{RESNETS[0]}"], "later.csv")
        assert workplace.crawl("-a", f"table={later}", *arguments).status == 0
        assert repo_paths(hub) == []
    assert workplace.sizes()[f"timm/{RESNETS[0]}"]["size_bytes"] == workplace.sizes()[RESNETS[0]]["size_bytes"]
    # One commit costs one request.
    sha = hub.commit(f"timm/{RESNETS[1]}", files={"model.safetensors": 4242})
    hub.forget()
    assert workplace.crawl("-a", f"table={table}").status == 0
    assert repo_paths(hub) == [f"/api/models/timm/{RESNETS[1]}/revision/{sha}?blobs=true"]
    assert workplace.sizes()[RESNETS[1]]["size_bytes"] == "4242"


def test_only_a_row_that_is_exact_at_the_commit_and_from_this_hub_is_known(hub: MockHub, workplace: Workplace) -> None:
    repos = [timm_repo(name, 1_000_000 * (number + 1)) for number, name in enumerate(RESNETS)]
    hub.put(*repos)
    from_hub = {"status": "ok", "source": "api", "endpoint": ""}
    kinds = [
        from_hub,
        {**from_hub, "endpoint": "https://other.example"},
        {**from_hub, "model": f"hf-hub:timm/{RESNETS[2]}@main"},
        {"status": "estimated", "source": "page", "endpoint": ""},
        {"status": "estimated", "source": "list", "endpoint": ""},
    ]
    with workplace.sizes_file.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["model", "repo_id", "status", "size_bytes", "sha", "source", "endpoint"])
        writer.writeheader()
        for repo, kind in zip(repos, kinds, strict=True):
            row = {"model": repo.id.removeprefix("timm/"), "repo_id": repo.id, "sha": repo.sha, "size_bytes": 7}
            writer.writerow({**row, **kind})
    assert workplace.crawl("-a", f"table={workplace.table(RESNETS)}").status == 0
    asked = [path.removeprefix("/api/models/timm/").partition("/")[0] for path in repo_paths(hub)]
    assert sorted(asked) == sorted(RESNETS[1:])
    assert workplace.sizes()[RESNETS[0]]["size_bytes"] == "7"


def test_refusals_and_faults_are_never_kept(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    faults = ["5xx", "challenge", "wrong_shape", "truncate"]
    aims = dict(zip([f"/api/models/timm/{name}/" for name in RESNETS], faults, strict=False))
    hub.behave(fault_paths={path: {"fault": fault, "times": None} for path, fault in aims.items()})
    table = workplace.table(RESNETS)
    assert workplace.crawl("-a", f"table={table}").status == 1
    assert list(workplace.statuses().values()).count("error") == len(faults)
    hub.behave_reset()
    assert workplace.crawl("-a", f"table={table}").status == 0
    assert set(workplace.statuses().values()) == {"ok"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("signals", "jobdir"),
    [((signal.SIGINT,), True), ((signal.SIGINT, signal.SIGINT), True), ((signal.SIGKILL,), False)],
    ids=["ctrl-c", "ctrl-c twice", "kill"],
)
def test_interrupted_crawl_ends_as_one_that_ran_through(
    whole: dict[str, dict[str, str]],
    hub: MockHub,
    workplace: Workplace,
    signals: tuple[signal.Signals, ...],
    jobdir: bool,
) -> None:
    put_many(hub)
    arguments = crawl_of_many(workplace, jobdir=jobdir)
    assert stop_after(hub, workplace.start_crawl(*arguments), 40, *signals) != 0
    assert workplace.crawl(*arguments).status == 0
    assert undated(workplace) == whole
    again = len(repo_paths(hub)) - len(set(repo_paths(hub)))
    assert again <= 64  # what was in flight
    assert workplace.crawl(*arguments).status == 0  # a job directory that has finished
    assert undated(workplace) == whole


@pytest.mark.slow
def test_job_directory_of_another_question_is_not_resumed(hub: MockHub, workplace: Workplace) -> None:
    put_many(hub)
    job = ["-s", f"JOBDIR={workplace.folder / 'job'}"]
    stop_after(hub, workplace.start_crawl("-a", f"table={workplace.table(MANY)}", *job), 40, signal.SIGINT)
    ended = workplace.crawl("-a", f"table={workplace.table(MANY[:10], 'other.csv')}", *job)
    assert "it belongs to a crawl of other tables" in ended.err
    assert set(MANY[:10]) <= set(workplace.sizes())
