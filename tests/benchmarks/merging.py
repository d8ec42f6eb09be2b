"""Merging sizes into tables, beside importing pandas and beside pandas reading and writing the same table."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from statistics import median
from subprocess import run as run_process
from tempfile import TemporaryDirectory

from tests.benchmarks import runs
from tests.benchmarks.runs import Run
from tests.benchmarks.table import Line, Section, times
from tests.workplace import PROJECT, Workplace
from timm_sizes.items import ModelSize
from timm_sizes.sizes_file import update_sizes

_TABLES, _ROWS, _LARGE_ROWS = 31, 1_300, 1_000_000
_HEAVY = ("pandas", "numpy", "pyarrow")
_COMMANDS = {"scrapy list": ["list"], "scrapy merge --help": ["merge", "--help"]}
# What a command has imported by its end; -X importtime would say it too, in a format of its own.
_LOADED = f"""import sys
from scrapy.cmdline import execute
try:
    execute(["scrapy", *sys.argv[1:]])
finally:
    print(*sorted({_HEAVY!r} & sys.modules.keys()), file=sys.stderr, sep=",")
""".replace(repr(_HEAVY), repr(set(_HEAVY)))


def section(*, quick: bool) -> Section:
    """Measure many tables against an import, one large table against pandas, and what the light commands load."""
    rounds = 1 if quick else 3
    with TemporaryDirectory() as name:
        folder = Path(name)
        workplace = Workplace(folder, "http://127.0.0.1:9")
        models = [f"net_{number:06}.bench" for number in range(_ROWS)]
        update_sizes(workplace.sizes_file, [ModelSize(model, size_bytes=10**8) for model in models])
        tables = [_table(folder / f"table{number:02}.csv", models) for number in range(_TABLES)]
        large = _table(folder / "large.csv", [models[number % _ROWS] for number in range(_LARGE_ROWS)])
        merge = ["scrapy.cmdline", "merge", "-o", f"{folder}/out/", *tables]
        importing, copying = folder / "importing.py", folder / "copying.py"
        importing.write_text("import pandas\n")
        copying.write_text(f"import pandas\npandas.read_csv({large!r}).to_csv({f'{folder}/copy.csv'!r}, index=False)\n")
        merge_large = ["scrapy.cmdline", "merge", "-o", f"{folder}/merged.csv", large]
        imported, merged, ours, theirs = (
            [_run(command, workplace) for _ in range(rounds)]
            for command in ([importing.stem], merge, merge_large, [copying.stem])
        )
    pandas_seconds, merge_seconds = _seconds(imported), _seconds(merged)
    lines = [
        Line("import pandas", f"{pandas_seconds:.2f} s"),
        Line(
            f"merge of {_TABLES} tables of {_ROWS:,} rows",
            f"{merge_seconds:.2f} s",
            times(merge_seconds, pandas_seconds + 1, "(import pandas + 1 s)"),
        ),
        Line(f"pandas.read_csv and to_csv, {_LARGE_ROWS:,} rows", _figure(theirs)),
        Line(
            f"merge of {_LARGE_ROWS:,} rows",
            _figure(ours),
            f"{times(_seconds(ours), _seconds(theirs), 'time')}, {times(_peak(ours), _peak(theirs), 'memory')}",
        ),
        *(Line(who, f"imports {_loaded(command)}") for who, command in _COMMANDS.items()),
    ]
    return Section("Merge and start-up (whole processes)", lines)


def _table(path: Path, models: list[str]) -> str:
    head = "model,img_size,top1,top1_err,top5,top5_err,param_count,crop_pct,interpolation\n"
    rows = (
        f"{model},224,80.{n % 1000:03},19.{n % 1000:03},95.001,4.999,25.56,0.95,bicubic\n"
        for n, model in enumerate(models)
    )
    path.write_text(head + "".join(rows))
    return str(path)


def _run(command: list[str], workplace: Workplace) -> Run:
    places = f"{PROJECT}{os.pathsep}{workplace.folder}"
    return runs.run_module(command, workplace.folder, workplace.environment({"PYTHONPATH": places}))


def _loaded(command: list[str]) -> str:
    ended = run_process(
        [sys.executable, "-c", _LOADED, *command], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    return ended.stderr.splitlines()[-1] or "none of " + ", ".join(_HEAVY)


def _seconds(measured: list[Run]) -> float:
    return median(run.wall for run in measured)


def _peak(measured: list[Run]) -> float:
    return median(run.peak for run in measured)


def _figure(measured: list[Run]) -> str:
    return f"{_seconds(measured):.2f} s, {_peak(measured) / 2**20:,.0f} MiB at the peak"
