"""A bad network and a bad day at the Hub: the crawl ends, every name has a status, and no size is wrong."""

from __future__ import annotations

import re

import pytest

from tests.mockserver import MockHub, timm_repo
from tests.samples import RESNETS, put_resnets, repo_paths
from tests.workplace import Workplace

MANY = [f"net{number:03}.tag_in1k" for number in range(300)]
NOBODY = "http://127.0.0.2:9/"
IMPATIENT = ("-s", "DOWNLOAD_TIMEOUT=2")


def put_many(hub: MockHub) -> dict[str, str]:
    """Host the repos of MANY and return the sizes that are right."""
    repos = {name: timm_repo(name, 1_000_000 + number) for number, name in enumerate(MANY)}
    hub.put(*repos.values())
    hub.behave(quota={"api": None, "pages": None})
    return {name: str(repo.files["model.safetensors"]) for name, repo in repos.items()}


@pytest.mark.slow
def test_bad_day_gives_every_name_a_status_and_no_wrong_size(hub: MockHub, workplace: Workplace) -> None:
    right = put_many(hub)
    faults = {"5xx": 0.05, "drop": 0.03, "truncate": 0.02, "hang": 0.01, "challenge": 0.02, "wrong_shape": 0.02}
    hub.behave(
        faults={**faults, "wrong_type": 0.02, "bad_gzip": 0.02, "redirect_loop": 0.01}, seed=3, list_repeats=True
    )
    table = workplace.table([*MANY, "gone.tag_in1k"])
    workplace.crawl("-a", f"table={table}", *IMPATIENT)
    sizes = workplace.sizes()
    assert set(sizes) == {*MANY, "gone.tag_in1k"}
    assert {row["status"] for row in sizes.values()} <= {"ok", "error", "not_found"}
    assert [name for name in MANY if sizes[name]["size_bytes"] not in ("", right[name])] == []
    hub.behave(faults={})
    hub.forget()
    failed = sum(row["status"] == "error" for row in sizes.values())
    assert workplace.crawl("-a", f"table={table}").status == 0
    assert len(repo_paths(hub)) <= failed + 1
    assert {name: row["size_bytes"] for name, row in workplace.sizes().items()} == {**right, "gone.tag_in1k": ""}


def aim(hub: MockHub, faults: list[str], prefix: str, *, times: int | None) -> dict[str, str]:
    """Let each of these *faults* hit a repo of its own, so many *times* (None: always); return the faults by name."""
    hit = dict(zip(MANY, faults, strict=False))
    aims = {f"{prefix}timm/{name}/": {"fault": fault, "times": times, "to": NOBODY} for name, fault in hit.items()}
    hub.behave(fault_paths=aims)
    return hit


@pytest.mark.slow
@pytest.mark.parametrize("route", ["api", "page"])
def test_repo_that_never_answers_soundly_is_an_error(hub: MockHub, workplace: Workplace, route: str) -> None:
    put_many(hub)
    faults = ["5xx", "drop", "truncate", "hang", "challenge", "wrong_shape", "bad_gzip", "redirect_loop"]
    hit = aim(hub, [*faults, "redirect_away"], "/api/models/" if route == "api" else "/", times=None)
    table = workplace.table(MANY[:20])
    patience = ["-s", "DOWNLOAD_TIMEOUT=1", "-s", "RETRY_TIMES=1"]
    ended = workplace.crawl("-a", f"table={table}", "-a", f"route={route}", *patience)
    assert ended.status == 1
    assert "Traceback" not in ended.err
    rows = workplace.sizes()
    for name, fault in hit.items():
        assert (fault, rows[name]["status"], rows[name]["size_bytes"]) == (fault, "error", "")
        assert rows[name]["reason"], fault
    assert {row["status"] for name, row in rows.items() if name not in hit} == {"ok"}


def test_passing_fault_is_tried_again(hub: MockHub, workplace: Workplace) -> None:
    put_many(hub)
    aim(hub, ["5xx", "drop", "truncate", "challenge", "wrong_shape", "bad_gzip"], "/api/models/", times=2)
    assert workplace.crawl("-a", f"table={workplace.table(MANY[:20])}").status == 0
    assert set(workplace.statuses().values()) == {"ok"}


@pytest.mark.parametrize("fault", ["5xx", "drop", "truncate", "challenge", "wrong_shape", "redirect_away"])
def test_list_that_cannot_be_had_costs_no_name(hub: MockHub, workplace: Workplace, fault: str) -> None:
    put_resnets(hub)
    hub.behave(fault_paths={"/api/models?": {"fault": fault, "times": None, "to": NOBODY}})
    assert workplace.crawl("-a", f"table={workplace.table(RESNETS)}").status == 0
    assert set(workplace.statuses().values()) == {"ok"}


def test_repo_that_goes_between_list_and_question_is_not_found(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    refusal = {"status": 401, "headers": {}, "body": '{"error":"Invalid username or password."}'}
    hub.behave(raw_answers={f"/api/models/timm/{RESNETS[0]}/": refusal})
    assert workplace.crawl("-a", f"table={workplace.table(RESNETS)}").status == 0
    assert workplace.statuses()[RESNETS[0]] == "not_found"


ANSWERS = [
    '{"id": "timm/another.tag", "sha": "%(sha)s", "siblings": [{"rfilename": "model.safetensors", "size": 7}]}',
    '{"id": "%(id)s", "sha": "%(other)s", "siblings": [{"rfilename": "model.safetensors", "size": 7}]}',
    '{"id": "%(id)s", "sha": "%(sha)s", "siblings": [{"rfilename": "model.safetensors", "size": -7}]}',
    '{"id": "%(id)s", "sha": "%(sha)s", "siblings": [{"rfilename": "model.safetensors", "size": "7"}]}',
    '{"id": "%(id)s", "sha": "%(sha)s", "siblings": [{"rfilename": "model.safetensors", "size": 1e400}]}',
    '{"id": "%(id)s", "sha": "%(sha)s", "siblings": [{"rfilename": "model.safetensors"}]}',
    '{"id": "%(id)s", "sha": "%(sha)s", "siblings": "none"}',
    '{"id": "%(id)s", "sha": "%(sha)s"}',
]


def test_answer_about_something_else_is_no_size(hub: MockHub, workplace: Workplace) -> None:
    put_many(hub)
    table = workplace.table(MANY[:20])
    workplace.crawl("-a", f"table={table}")
    shas = {name: row["sha"] for name, row in workplace.sizes().items()}
    raw_answers = {
        f"/api/models/timm/{name}/": {
            "status": 200,
            "headers": {},
            "body": answer % {"id": f"timm/{name}", "sha": shas[name], "other": "0" * 40},
        }
        for name, answer in zip(MANY, ANSWERS, strict=False)
    }
    hub.behave(raw_answers=raw_answers)
    workplace.sizes_file.unlink()
    assert workplace.crawl("-a", f"table={table}", "-a", "refresh=1", "-s", "RETRY_TIMES=1").status == 1
    rows = workplace.sizes()
    for name, answer in zip(MANY, ANSWERS, strict=False):
        assert (answer, rows[name]["status"], rows[name]["size_bytes"]) == (answer, "error", "")
    assert {rows[name]["status"] for name in MANY[len(ANSWERS) : 20]} == {"ok"}


def test_failed_question_does_not_take_a_size_away(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    table = workplace.table(RESNETS)
    workplace.crawl("-a", f"table={table}")
    before = workplace.sizes_file.read_bytes()
    hub.behave(faults={"5xx": 1.0})
    assert workplace.crawl("-a", f"table={table}", "-a", "refresh=1", "-s", "RETRY_TIMES=0").status == 1
    assert workplace.sizes_file.read_bytes() == before


@pytest.mark.parametrize("headers", [False, "nonsense"])
def test_missing_or_nonsensical_quota_headers_do_no_harm(
    hub: MockHub, workplace: Workplace, headers: bool | str
) -> None:
    put_resnets(hub)
    hub.behave(rate_headers=headers)
    assert workplace.crawl("-a", f"table={workplace.table(RESNETS)}").status == 0
    assert set(workplace.statuses().values()) == {"ok"}


@pytest.mark.slow
def test_quota_is_spent_without_a_refusal_and_waited_for(hub: MockHub, workplace: Workplace) -> None:
    names = MANY[:120]
    right = put_many(hub)
    hub.behave(quota={"api": 50}, window=3.0)
    ended = workplace.crawl("-a", f"table={workplace.table(names)}")
    assert ended.status == 0
    assert {name: row["size_bytes"] for name, row in workplace.sizes().items()} == {name: right[name] for name in names}
    assert not [request for request in hub.requests() if request.status == 429]
    assert len(re.findall("quota is used up", ended.err)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "behaviour",
    [
        {"edge_429": 20},
        {"other_429": 20},
        {"edge_429": 20, "retry_after": 1},
        {"other_429": 25, "retry_after": "http-date"},
    ],
)
def test_refusals_are_waited_out_without_losing_a_name(
    hub: MockHub, workplace: Workplace, behaviour: dict[str, object]
) -> None:
    names = MANY[:60]
    right = put_many(hub)
    hub.behave(**behaviour, window=2.0)
    assert workplace.crawl("-a", f"table={workplace.table(names)}", "-s", "RETRY_TIMES=0").status == 0
    assert [request for request in hub.requests() if request.status == 429]
    assert {name: row["size_bytes"] for name, row in workplace.sizes().items()} == {name: right[name] for name in names}


@pytest.mark.slow
def test_quota_that_another_process_uses_up_is_waited_for(hub: MockHub, workplace: Workplace) -> None:
    put_resnets(hub)
    hub.behave(quota={"api": 3}, window=2.0, rate_headers=True)
    assert workplace.crawl("-a", f"table={workplace.table(RESNETS)}").status == 0
    assert set(workplace.statuses().values()) == {"ok"}
