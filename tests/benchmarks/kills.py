"""Stops crawls in every way and at every moment, changes something in between, goes on, and counts what it cost.

``python -m tests.benchmarks.kills`` prints a table: names lost, sizes wrong, requests sent again.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.table import Line, Section, render
from tests.mockserver import MockHub, timm_repo
from tests.workplace import Started, Workplace
from timm_sizes.items import ModelSize
from timm_sizes.sizes_file import update_sizes

NAMES = [f"net{number:04}.tag_in1k" for number in range(150)]
# Rows of earlier crawls, so many that the file takes a while to write.
OLD = [ModelSize(f"old{number:05}", size_bytes=number + 1, source="api") for number in range(10_000)]
SIGNALS = {
    "Ctrl-C": (signal.SIGINT,),
    "Ctrl-C twice": (signal.SIGINT, signal.SIGINT),
    "TERM": (signal.SIGTERM,),
    "KILL": (signal.SIGKILL,),
}
MOMENTS = ("list", "crawl", "quota wait", "final write")
IN_A_ROW = 20
CHANGES = ("rolled-back file", "changed table", "other endpoint", "offline switch")
CONCURRENCY = 64


@dataclass
class Toll:
    """What the stops of one kind came to."""

    stops: int = 0
    missed: int = 0
    in_write: int = 0
    lost: int = 0
    wrong: int = 0
    again: list[int] = field(default_factory=list)
    remarks: set[str] = field(default_factory=set)


class Case:
    """One crawl that is stopped, what happens in between, and the crawls that bring it to its end."""

    def __init__(self, folder: Path, hub: MockHub, other: MockHub, *, jobdir: bool, toll: Toll) -> None:
        self._hub, self._other, self._toll = hub, other, toll
        self._workplace = Workplace(folder, hub.url)
        self._arguments = ["-s", f"JOBDIR={folder / 'job'}"] if jobdir else []
        repos = {name: timm_repo(name, 1_000_000 + number) for number, name in enumerate(NAMES)}
        self._right = {name: str(repo.files["model.safetensors"]) for name, repo in repos.items()}
        self._right |= {item.model: str(item.size_bytes) for item in OLD}
        for each in (hub, other):
            each.clear()
            each.put(*repos.values())
            each.behave(quota={"api": None}, latency=0.01)
        update_sizes(self._workplace.sizes_file, OLD)
        self._before = self._workplace.sizes_file.read_bytes()

    def stop(self, moment: str, signals: tuple[signal.Signals, ...], chance: random.Random) -> None:
        """Start the crawl and send it *signals* at the *moment*."""
        if moment == "list":
            self._hub.behave(latency=0.3)
        if moment == "quota wait":
            self._hub.behave(quota={"api": 60}, window=300.0)
        count = {"list": 1, "quota wait": 60, "final write": len(NAMES) + 1}.get(moment, chance.randrange(20, 130))
        if moment == "in a row":
            count = len(self._hub.requests()) + chance.randrange(1, 20)
        crawl = self._workplace.start_crawl("-a", f"table={self._workplace.table(NAMES)}", *self._arguments)
        wait_for(self._hub, crawl, count)
        if moment == "quota wait":
            time.sleep(chance.uniform(0.05, 0.6))
        while moment == "final write" and crawl.is_running() and not self._is_writing():
            time.sleep(0.0005)
        for number in signals:
            crawl.send(number)
        self._toll.stops += 1
        self._toll.missed += crawl.wait().status == 0
        self._toll.in_write += self._is_writing()
        self._hub.behave(quota={"api": None}, latency=0.01)
        self._check()

    def change(self, change: str) -> None:
        """Do what people do between a stop and the next crawl."""
        table = f"table={self._workplace.table(NAMES)}"
        if change == "rolled-back file":
            self._workplace.sizes_file.write_bytes(self._before)
        if change == "changed table":
            changed = self._workplace.table([*NAMES[40:], "another.tag_in1k"], "changed.csv")
            self._workplace.crawl("-a", f"table={changed}", *self._arguments)
        if change == "other endpoint":
            self._workplace.crawl("-a", table, *self._arguments, env={"HF_ENDPOINT": self._other.url})
        if change == "offline switch":
            requests = len(self._hub.requests())
            self._workplace.crawl("-a", table, *self._arguments, env={"HF_HUB_OFFLINE": "1"})
            if len(self._hub.requests()) != requests:
                self._toll.remarks.add("requests while offline")
        self._check()

    def go_on(self) -> None:
        """Give the same command again, and count what is missing then, and what was requested more than once."""
        ended = self._workplace.crawl("-a", f"table={self._workplace.table(NAMES)}", *self._arguments)
        if ended.status or "Traceback" in ended.err:
            self._toll.remarks.add(f"exit status {ended.status}")
        rows = self._workplace.sizes()
        self._toll.lost += sum(rows.get(name, {}).get("status") != "ok" for name in self._right)
        self._check()
        for hub in (self._hub, self._other):
            paths = [request.path for request in hub.requests("/api/models/")]
            self._toll.again.append(len(paths) - len(set(paths)))

    def _is_writing(self) -> bool:
        return any(self._workplace.folder.glob(".timm_sizes-*.tmp"))

    def _check(self) -> None:
        rows = self._workplace.sizes()
        self._toll.wrong += sum(
            row["size_bytes"] not in ("", self._right.get(model, "")) for model, row in rows.items()
        )


def wait_for(hub: MockHub, crawl: Started, count: int) -> None:
    while not hub.wait_for(count, at_most=1) and crawl.is_running():
        pass


def cases() -> Iterator[tuple[str, str, str, bool]]:
    """Yield moment, signal, change and whether with a job directory, for each of the stops."""
    for moment, name, jobdir in product(MOMENTS, SIGNALS, (False, True)):
        yield moment, name, "", jobdir
    for change, name, jobdir in product(CHANGES, SIGNALS, (False, True)):
        yield "crawl", name, change, jobdir
    yield from (("in a row", "KILL", "", jobdir) for jobdir in (False, True))


def section(report: Callable[[str], None] = print) -> Section:
    """Return the table of all stops, a line for each moment and change, with and without a job directory."""
    tolls: dict[str, Toll] = {}
    chance = random.Random(9)
    with MockHub() as hub, MockHub() as other:
        for number, (moment, name, change, jobdir) in enumerate(cases(), start=1):
            where = f"{moment}{f', then {change}' if change else ''}, {'JOBDIR' if jobdir else 'cache alone'}"
            toll = tolls.setdefault(where, Toll())
            with TemporaryDirectory() as folder:
                case = Case(Path(folder), hub, other, jobdir=jobdir, toll=toll)
                for _ in range(IN_A_ROW if moment == "in a row" else 1):
                    case.stop(moment, SIGNALS[name], chance)
                case.change(change)
                case.go_on()
            report(f"{number}: {where}, {name}: lost {toll.lost}, wrong {toll.wrong}, again {toll.again[-2:]}")
    lines = [Line(where, _figures(toll), ", ".join(sorted(toll.remarks))) for where, toll in tolls.items()]
    stops = sum(toll.stops for toll in tolls.values())
    missed = sum(toll.missed for toll in tolls.values())
    title = f"{stops} stops of crawls of {len(NAMES)} names, each by Ctrl-C, Ctrl-C twice, TERM and KILL"
    return Section(f"{title}; {missed} had ended before", lines)


def _figures(toll: Toll) -> str:
    figures = f"lost {toll.lost}, wrong {toll.wrong}, sent again {sum(toll.again)} (at most {max(toll.again)} a stop)"
    return figures + (f", {toll.in_write} left a temporary file" if toll.in_write else "")


if __name__ == "__main__":
    print(render([section()]))
