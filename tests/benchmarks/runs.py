"""One run of a client in a process of its own: how long it took, how much memory, how it ended."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.mockserver import MockHub
from tests.workplace import PROJECT, Workplace

# The longest run is the old script's way through a whole table.
_PATIENCE = 600
STOCK = {"SCRAPY_SETTINGS_MODULE": f"{__package__}.stock_settings"}


@dataclass(frozen=True)
class Run:
    """What one run took: *seconds* from its first request to its last answer, *wall* with start and end."""

    seconds: float
    wall: float
    peak: int
    cpu: float
    out: str


def crawl(hub: MockHub, names: list[str], *arguments: str, env: Mapping[str, str] | None = None) -> Run:
    """Crawl *names* into an empty folder and cache."""
    with TemporaryDirectory() as folder:
        return crawl_again(Workplace(Path(folder), hub.url), names, *arguments, env=env)


def crawl_again(workplace: Workplace, names: list[str], *arguments: str, env: Mapping[str, str] | None = None) -> Run:
    """Crawl *names* with what *workplace* has in its cache."""
    seconds = workplace.folder / "seconds.json"
    probe = ["-s", f"ADDONS={json.dumps({f'{__package__}.probe.AddOn': 0})}", "-s", f"PROBE_FILE={seconds}"]
    table = ["-a", f"table={workplace.table(names)}"]
    command = workplace.crawl_command(*table, *probe, *arguments)[2:]
    run = run_module(command, workplace.folder, workplace.environment(env))
    return Run(json.loads(seconds.read_text()), run.wall, run.peak, run.cpu, run.out)


def peer(hub: MockHub, repo_ids: list[str], *arguments: str) -> tuple[Run, dict[str, Any]]:
    """Have another client (see peers) ask for *repo_ids*; return what it took and what it says of it."""
    with TemporaryDirectory() as folder:
        workplace = Workplace(Path(folder), hub.url)
        asked = workplace.folder / "repos.txt"
        asked.write_text("\n".join(repo_ids))
        module = [f"{__package__}.peers", hub.url, str(asked), *arguments]
        run = run_module(module, workplace.folder, workplace.environment())
        said = json.loads(run.out)
        return Run(said["seconds"], run.wall, run.peak, run.cpu, run.out), said


def run_module(command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run ``python -m`` *command* to its end."""
    report = folder / "measured.json"
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", f"{__package__}.measured", str(report), *command],
        cwd=PROJECT,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    wall = time.monotonic() - began
    if ended.returncode:
        raise RuntimeError(f"{command[0]} ended with status {ended.returncode}:\n{ended.stderr[-2000:]}")
    figures = json.loads(report.read_text())
    return Run(wall, wall, figures["peak"], figures["cpu"], ended.stdout)
