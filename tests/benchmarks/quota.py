"""A cold crawl of a whole results table under the Hub's quota: how many requests, windows and refusals it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks import load, runs
from tests.benchmarks.table import Line, Section, times
from tests.mockserver import MockHub
from tests.workplace import Workplace

QUOTA, PAGES_QUOTA = 500, 100
WINDOW = 20  # seconds that stand for the Hub's 300
_TOKEN = "hf_" + "x" * 34


@dataclass(frozen=True)
class _Case:
    """A crawl under one behaviour of the Hub, with or without a token."""

    who: str
    behaviour: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    quota: int = QUOTA


_CASES = (
    _Case("this crawl"),
    _Case("this crawl, t rounded down", {"t_rounding": "floor"}),
    _Case("this crawl, 150 ms latency", {"latency": 0.15}),
    _Case("this crawl, a token's 1,000", {"tokens": [_TOKEN]}, token=_TOKEN, quota=2 * QUOTA),
)


@dataclass(frozen=True)
class _Cost:
    seconds: float
    requests: int
    refused: int
    unanswered: int


def section(hub: MockHub, *, quick: bool) -> Section:
    """Measure this crawl, the official client and, unless *quick*, the old script, of whose repos a tenth is enough."""
    repo_ids, names = load.table_repo_ids(), load.table_names()
    load.host(hub, repo_ids)
    runs.crawl(hub, names)  # the mock server makes its answers ready
    rates = {latency: _unthrottled(hub, names, latency) for latency in (0.0, 0.15)}
    least = _minimum(len(repo_ids), QUOTA, rates[0.0])
    lines = [Line("theoretical minimum", _figure(_Cost(least, len(repo_ids), 0, 0)))]
    for case in _CASES:
        _start(hub, **case.behaviour)
        cost = _crawl(hub, names, case.token)
        least_here = _minimum(len(repo_ids), case.quota, rates[case.behaviour.get("latency", 0.0)])
        lines.append(Line(case.who, _figure(cost), times(cost.seconds, least_here, "minimum")))
    clients = {"HfApi.model_info, loop": ("hf", "1"), "HfApi.model_info, 16 threads": ("hf", "16")}
    for who, arguments in clients.items():
        _start(hub)
        cost = _peer(hub, repo_ids, *arguments)
        said = times(cost.seconds, least, "minimum") if not cost.unanswered else "does not ask again after a 429"
        lines.append(Line(who, _figure(cost), said))
    if not quick:
        _start(hub)
        cost = _peer(hub, repo_ids[: len(repo_ids) // 10], "old", str(WINDOW))
        lines.append(
            Line("old script's way, a tenth of it", _figure(cost), times(10 * cost.seconds, least, "minimum in all"))
        )
    title = f"Quota: {len(names):,} names of {len(repo_ids):,} repos, {QUOTA} requests in a window of {WINDOW} s"
    return Section(f"{title} (the Hub's has 300 s)", lines)


def _unthrottled(hub: MockHub, names: list[str], latency: float) -> float:
    hub.behave(latency=latency)
    return len(names) / runs.crawl(hub, names).seconds


def _start(hub: MockHub, **behaviour: Any) -> None:
    hub.behave_reset()
    quotas = {"api": QUOTA, "pages": PAGES_QUOTA}
    hub.behave(window=WINDOW, quota=quotas, token_quota={"api": 2 * QUOTA}, **behaviour)
    hub.forget()


def _minimum(requests: int, quota: int, rate: float) -> float:
    """Return the least seconds: each window but the last waited out, the last's requests at the unthrottled *rate*."""
    full = ceil(requests / quota) - 1
    return full * WINDOW + (requests - full * quota) / rate


def _crawl(hub: MockHub, names: list[str], token: str) -> _Cost:
    with TemporaryDirectory() as folder:
        workplace = Workplace(Path(folder), hub.url)
        run = runs.crawl_again(workplace, names, env={"HF_TOKEN": token})
        sized = sum(status == "ok" for status in workplace.statuses().values())
    return _cost(hub, run.seconds, len(names) - sized)


def _peer(hub: MockHub, repo_ids: list[str], *arguments: str) -> _Cost:
    run, said = runs.peer(hub, repo_ids, *arguments)
    return _cost(hub, run.seconds, len(repo_ids) - said["sized"])


def _cost(hub: MockHub, seconds: float, unanswered: int) -> _Cost:
    seen = hub.requests()
    return _Cost(seconds, len(seen), sum(request.status == 429 for request in seen), unanswered)


def _figure(cost: _Cost) -> str:
    unanswered = f", {cost.unanswered} unanswered" if cost.unanswered else ""
    windows = f"{cost.seconds / WINDOW:.2f} windows"
    return f"{cost.requests:,} requests, {cost.refused} x 429{unanswered}, {cost.seconds:.2f} s = {windows}"
