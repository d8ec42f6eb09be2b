"""Runs a module as ``python -m`` does and notes what it took: ``python -m tests.benchmarks.measured FILE MODULE …``.

The peak is read in the process itself: what the parent's wait4() gives counts the parent's own memory in.
"""

from __future__ import annotations

import json
import re
import resource
import runpy
import sys
from pathlib import Path


def main() -> None:
    report, module = sys.argv[1:3]
    sys.argv[:3] = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        used = resource.getrusage(resource.RUSAGE_SELF)
        figures = {"peak": int(peak[1]) * 1024 if peak else 0, "cpu": used.ru_utime + used.ru_stime}
        Path(report).write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
