"""``scrapy pick``: the best rows of a benchmark table under a budget."""

from __future__ import annotations

import argparse
from math import isfinite
from pathlib import Path

from timm_sizes.cli import DEVICE_MEMORY, TableCommand, whole_number
from timm_sizes.console import terminal_width, write_stderr, write_stdout
from timm_sizes.errors import InputError
from timm_sizes.files import shown_path
from timm_sizes.sizes_file import read_sizes
from timm_sizes.tables.columns import LIMITS, SIZE
from timm_sizes.tables.table import STDIN


class Command(TableCommand):
    """Prints the best rows under a budget; exit status 0, 1 when nothing fits, 2 for wrong usage."""

    summary = "Pick the best models of a benchmark table under a budget"
    description = (
        "Print the best rows of a benchmark table (merged, or bare: then sizes are looked up in SIZES_FILE) that keep"
        " to limits of size, accuracy, speed and more. The same checkpoint at two image sizes is two choices. Without a"
        " table: models.csv beside SIZES_FILE, or else the one that the last crawl was seeded from."
    )
    examples = """\
Examples:
  scrapy pick --max-mb 25 --min-speed 2000
  scrapy pick --max-latency 20 --license permissive --unique
  scrapy pick results.csv --pareto size,top1 --format csv
"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        add("--speed", metavar="BENCHMARK", help="join the speed from this benchmark table")
        add("--latency", metavar="BENCHMARK", help="join the latency from this one, at batch size 1")
        for option, limited in LIMITS.items():
            end = "largest" if limited.smaller_is_better else "least"
            add(option, dest=option, type=_number, metavar="N", help=f"the {end} {limited.limited}")
        add("--img-size", type=_number, metavar="PX", help="only rows of this image size")
        add("--dtype", metavar="DTYPE", help="sizes and memory in float32, float16, bfloat16, sizes in int8; computed")
        add("--batch", type=whole_number, metavar="N", help="images at a time, for the memory (default: 1)")
        add("--device-memory", metavar="SIZE", help=f"only what fits in it, {DEVICE_MEMORY}")
        add("--training", nargs="?", const="adamw", metavar="OPTIMIZER", help="memory of training: adamw, sgd, none")
        add("--fits", metavar="MODEL", help="exit with status 0 if it fits in --device-memory, 1 if not, 2 if unknown")
        add("--license", metavar="ID[,ID…]", help='licence ids of the Hub, or "permissive" for any of that kind')
        add("--family", metavar="GLOB", help="family, architecture or model, such as convnext or 'convnext*'")
        add("--exclude", metavar="GLOB", action="append", default=[], help="leave out this family or these models")
        add("--unique", action="store_true", help="one row per model: its best")
        add("--sort", metavar="COLUMN", help="figures to rank by (default: top1; without an accuracy the speed)")
        add("-n", dest="rows", type=whole_number, metavar="N", help="rows to print (default: 10; all with --pareto)")
        add("--pareto", nargs="?", const="", metavar="METRICS", help="only rows no other beats (size,top1,speed)")
        add("--columns", metavar="NAME[,NAME…]", type=_names, default=(), help="columns to show")
        add("-q", "--quiet", action="store_true", help="print the names alone")
        add("--format", choices=("table", "csv", "json", "md"), default="table", help="default: table")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        # The metrics of --pareto may be left out: what stands there may as well be the table.
        if not args and opts.pareto and (opts.pareto == STDIN or Path(opts.pareto).is_file()):
            args, opts.pareto = [opts.pareto], ""
        super().run(args, opts)

    def work(self, tables: list[str], column: str, opts: argparse.Namespace) -> None:
        # pandas takes longer to import than picking takes: not before it is needed.
        from timm_sizes.pick import listing  # noqa: PLC0415
        from timm_sizes.pick.answer import Question, answer, fits  # noqa: PLC0415
        from timm_sizes.pick.limits import Limits  # noqa: PLC0415
        from timm_sizes.pick.rows import load_choices  # noqa: PLC0415
        from timm_sizes.tables.memory import SIZE_DTYPES, known_dtype, wanted_memory  # noqa: PLC0415

        given = {option: bound for option in LIMITS if (bound := vars(opts)[option]) is not None}
        limits = Limits(
            given, opts.img_size, opts.license, opts.family, tuple(opts.exclude), opts.device_memory, opts.batch or 1
        )
        if opts.training is not None and "--max-memory" in given:
            raise InputError("--max-memory is of inference: limit the memory of training by --device-memory")
        question = Question(limits, opts.sort, opts.pareto, opts.unique, opts.rows, opts.columns)
        dtype = None if opts.dtype is None else known_dtype(opts.dtype, "--dtype", SIZE_DTYPES)
        memory = None
        if (opts.batch, opts.training, opts.device_memory) != (None, None, None):
            memory = wanted_memory(dtype or "float32", opts.batch, opts.training, opts.device_memory)
        sizes = read_sizes(self.sizes_file)
        frame = load_choices(tables[0], column, sizes, opts.speed, latency=opts.latency, dtype=dtype, memory=memory)
        if opts.fits is not None:
            self.exitcode, said = fits(frame, opts.fits, limits)
            write_stdout([] if opts.quiet else [f"{said}\n"])
            return
        found = answer(frame, question)
        if found.rows.empty:
            write_stderr(*found.notes)
            self.exitcode = 1
            return
        if opts.quiet:
            write_stdout(f"{name}\n" for name in dict.fromkeys(found.rows["model"]))
            return
        columns, notes = found.columns, [*found.notes]
        if opts.format == "table" and not opts.columns:
            columns, left_out = listing.fit(found.rows, columns, [SIZE.name, *found.asked], terminal_width())
            notes += [f"columns left out: {', '.join(left_out)}"] if left_out else []
        if opts.format in ("table", "md") and listing.has_estimates(found.rows, columns):
            notes.append("~ marks an estimated size")
        write_stdout([listing.render(found.rows, columns, opts.format)])
        write_stderr("; ".join(notes))

    def _tables(self, args: list[str], column: str | None) -> tuple[list[str], str]:
        """Return the table to pick from: without one, the published models.csv beside SIZES_FILE if it is there."""
        published = self.sizes_file.parent / "models.csv"
        if not args and published.is_file() and _written(published) < _written(self.sizes_file):
            write_stderr(f"{shown_path(published)} was made before the last crawl; scrapy publish makes it anew")
        return super()._tables(args or [str(published)] * published.is_file(), column)


def _written(path: Path) -> float:
    return path.stat().st_mtime if path.is_file() else 0


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number, 0 or more")
    return number


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))
