"""Sizes a second where no quota binds: this crawl beside other clients and beside Scrapy's stock settings."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from tests.benchmarks import load, runs
from tests.benchmarks.table import Line, Section, spread, times
from tests.mockserver import MockHub

_REPOS = 1_000
_ROUNDS = 3
_CONNECTIONS = 64  # the crawl's own ceiling
_CRAWL, _STOCK, _BARE = (
    "this crawl",
    "same spider, Scrapy's stock settings",
    f"bare aiohttp, {_CONNECTIONS} connections",
)
_THREADS = {"HfApi.model_info, 16 threads": "16", "HfApi.model_info, 32 threads": "32"}


def section(hub: MockHub, latency: float, *, quick: bool) -> Section:
    """Measure all at this *latency*, in turn, so that whatever else the machine does hits all alike."""
    repo_ids = load.many_repo_ids(_REPOS)
    names = [f"hf-hub:{repo_id}" for repo_id in repo_ids]
    load.host(hub, repo_ids)
    runs.crawl(hub, names)  # the mock server makes its answers ready
    hub.behave(latency=latency)
    rates: dict[str, list[float]] = defaultdict(list)
    for _ in range(1 if quick else _ROUNDS):
        rates[_CRAWL].append(_REPOS / runs.crawl(hub, names).seconds)
        rates[_STOCK].append(_REPOS / runs.crawl(hub, names, env=runs.STOCK).seconds)
        for who, threads in _THREADS.items():
            rates[who].append(_REPOS / runs.peer(hub, repo_ids, "hf", threads)[0].seconds)
        rates[_BARE].append(_REPOS / runs.peer(hub, repo_ids, "aiohttp", str(_CONNECTIONS))[0].seconds)
        hub.forget()
    ours = median(rates[_CRAWL])
    lines = [Line(_CRAWL, spread(rates.pop(_CRAWL), "a second"))]
    for who, measured in rates.items():
        lines.append(Line(who, spread(measured, "a second"), times(ours, median(measured), "this is the crawl")))
    return Section(f"Throughput without a quota, {latency * 1000:.0f} ms latency: {_REPOS:,} repos", lines)
