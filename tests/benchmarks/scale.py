"""Time and memory for more and more names: what one more costs must not grow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tests.benchmarks import load, runs
from tests.benchmarks.runs import Run
from tests.benchmarks.table import Line, Section
from tests.mockserver import MockHub


@dataclass(frozen=True)
class _Cost:
    """What a name more costs; the processor's time is the steadier measure on a machine that others use."""

    seconds: float
    cpu: float
    memory: float


def section(hub: MockHub, *, quick: bool) -> Section:
    """Measure a cold crawl of 1,000, 10,000 and, unless *quick*, 100,000 names; costs are those of the names added."""
    counts = [1_000, 10_000] if quick else [1_000, 10_000, 100_000]
    measured: dict[int, Run] = {}
    lines: list[Line] = []
    for count in counts:
        repo_ids = load.many_repo_ids(count)
        load.host(hub, repo_ids)
        run = measured[count] = runs.crawl(hub, [f"hf-hub:{repo_id}" for repo_id in repo_ids])
        figure = f"{run.seconds:.1f} s, {run.cpu:.1f} s of processor, {run.peak / 2**20:,.0f} MiB at the peak"
        lines.append(Line(f"{count:,} names", figure))
    before: _Cost | None = None
    for few, many in pairwise(counts):
        cost = _cost(measured[few], measured[many], many - few)
        figure = f"{cost.seconds * 1000:.2f} ms, {cost.cpu * 1000:.2f} ms of processor, {cost.memory:,.0f} bytes"
        lines.append(Line(f"a name more, {few:,} to {many:,}", figure, _ratio(cost, before)))
        before = cost
    return Section("Scale: a cold crawl without a quota", lines)


def _cost(few: Run, many: Run, added: int) -> _Cost:
    return _Cost((many.seconds - few.seconds) / added, (many.cpu - few.cpu) / added, (many.peak - few.peak) / added)


def _ratio(cost: _Cost, before: _Cost | None) -> str:
    if before is None:
        return ""
    time, cpu, memory = cost.seconds / before.seconds, cost.cpu / before.cpu, cost.memory / before.memory
    return f"time {time:.2f} x, processor {cpu:.2f} x, memory {memory:.2f} x the line above"
