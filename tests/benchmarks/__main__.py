"""Runs all benchmarks and prints one table; nothing leaves the loopback interface."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from tests.benchmarks import merging, quota, refresh, scale, throughput
from tests.benchmarks.table import Section, render
from tests.mockserver import MockHub


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round each, without the slowest clients and sizes")
    quick = parser.parse_args().quick
    with MockHub() as hub:
        measures: list[Callable[[], Section]] = [
            lambda: quota.section(hub, quick=quick),
            lambda: throughput.section(hub, 0.0, quick=quick),
            lambda: throughput.section(hub, 0.05, quick=quick),
            lambda: throughput.section(hub, 0.15, quick=quick),
            lambda: refresh.section(hub),
            lambda: merging.section(quick=quick),
            lambda: scale.section(hub, quick=quick),
        ]
        sections = []
        for number, measure in enumerate(measures, start=1):
            hub.clear()
            sections.append(measure())
            print(f"{number} of {len(measures)} done", flush=True)
    print(f"\nMedians [range] on {os.cpu_count()} cores; seconds run from the first request to the last answer.")
    print(render(sections))


if __name__ == "__main__":
    main()
