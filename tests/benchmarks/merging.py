"""Merging sizes into a large table, beside polars (or pandas where that is not installed) reading and writing it."""

from __future__ import annotations

import csv
import os
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.benchmarks import runs
from tests.benchmarks.runs import Run
from tests.benchmarks.table import Line, Section, times
from tests.workplace import PROJECT, Workplace
from timm_sizes.items import ModelSize
from timm_sizes.names.catalogue import checkpoints
from timm_sizes.sizes_file import update_sizes

_TABLE = PROJECT / "timm_sizes" / "tables" / "data" / "results-imagenet-real.csv"
_PEER = "polars" if find_spec("polars") else "pandas"
_COPIES = {
    "polars": "import polars, sys\n"
    "polars.read_csv(sys.argv[1]).with_columns(polars.lit(1).alias('new')).write_csv(sys.argv[2])",
    "pandas": "import pandas, sys\npandas.read_csv(sys.argv[1]).assign(new=1).to_csv(sys.argv[2], index=False)",
}


def section(*, quick: bool) -> Section:
    """Measure the start of a merge beside imports, and one of a million rows (*quick*: 100,000) beside _PEER."""
    rounds, rows = (1, 100_000) if quick else (3, 1_000_000)
    with TemporaryDirectory() as name:
        workplace = Workplace(Path(name), "http://127.0.0.1:9")
        update_sizes(workplace.sizes_file, [ModelSize(model, size_bytes=10**8) for model in checkpoints()])
        (workplace.folder / "copying.py").write_text(_COPIES[_PEER])
        (workplace.folder / "importing.py").write_text("import pandas")
        target = str(workplace.folder / "out.csv")
        lines = []
        imports = [_runs(command, workplace, rounds) for command in (["scrapy.cmdline", "version"], ["importing"])]
        start = _runs(["scrapy.cmdline", "merge", str(_TABLE), "-o", target], workplace, rounds)
        floor = sum(map(_cpu, imports))
        lines.append(Line("scrapy version + import pandas", f"{floor:.2f} s of processor"))
        lines.append(Line("merge of timm's largest table", _figure(start), times(_cpu(start), floor, "the line above")))
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL):
            large = workplace.folder / f"large{quoting}.csv"
            with _TABLE.open(newline="") as source, large.open("w", newline="") as copies:
                header, *records = csv.reader(source)
                writer = csv.writer(copies, quoting=quoting, lineterminator="\n")
                writer.writerows([header, *islice(cycle(records), rows)])
            theirs = _runs(["copying", str(large), target], workplace, rounds)
            ours = _runs(["scrapy.cmdline", "merge", str(large), "-o", target], workplace, rounds)
            what = f"{rows:,} rows{', all quoted' if quoting else ''}"
            lines.append(Line(f"{_PEER}, {what}", _figure(theirs)))
            more = (_peak(ours) - _peak(start)) / 2**20
            lines.append(
                Line(f"merge, {what}", _figure(ours), f"{times(_cpu(ours), _cpu(theirs), _PEER)}, {more:+.0f} MiB")
            )
    return Section("Merge and its start (whole processes)", lines)


def _runs(command: list[str], workplace: Workplace, rounds: int) -> list[Run]:
    places = f"{PROJECT}{os.pathsep}{workplace.folder}"
    return [
        runs.run_module(command, workplace.folder, workplace.environment({"PYTHONPATH": places})) for _ in range(rounds)
    ]


def _cpu(measured: list[Run]) -> float:
    return median(run.cpu for run in measured)


def _peak(measured: list[Run]) -> float:
    return median(run.peak for run in measured)


def _figure(measured: list[Run]) -> str:
    return f"{_cpu(measured):.2f} s of processor, {_peak(measured) / 2**20:,.0f} MiB at the peak"
