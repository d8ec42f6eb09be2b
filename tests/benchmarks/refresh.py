"""What it costs to ask again: nothing has changed, then a few repos have."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import load, runs
from tests.benchmarks.table import Line, Section
from tests.mockserver import MockHub
from tests.workplace import Workplace

_CHANGED = 7


def section(hub: MockHub) -> Section:
    """Count the requests of a cold crawl, of one after it, and of one after a few commits."""
    repo_ids, names = load.table_repo_ids(), load.table_names()
    load.host(hub, repo_ids)
    with TemporaryDirectory() as folder:
        workplace = Workplace(Path(folder), hub.url)
        cold = _requests(hub, workplace, names)
        unchanged = _requests(hub, workplace, names)
        for repo_id in repo_ids[:_CHANGED]:
            hub.commit(repo_id, files={"model.safetensors": 1_000})
        changed = _requests(hub, workplace, names)
        anew = _requests(hub, workplace, names, "-a", "refresh=1")
    lines = [
        Line("cold", f"{cold:,} requests"),
        Line("again, nothing changed", f"{unchanged:,} requests", f"{unchanged / cold:.4f} x cold"),
        Line(f"again, {_CHANGED} repos changed", f"{changed:,} requests", f"{changed - unchanged} more than unchanged"),
        Line("again, -a refresh=1", f"{anew:,} requests", f"{anew / cold:.4f} x cold"),
    ]
    return Section(f"Refresh: {len(names):,} names of {len(repo_ids):,} repos", lines)


def _requests(hub: MockHub, workplace: Workplace, names: list[str], *arguments: str) -> int:
    hub.forget()
    runs.crawl_again(workplace, names, *arguments)
    return len(hub.requests())
