"""``scrapy pick``: the best rows of a benchmark table under a budget."""

from __future__ import annotations

import argparse
from math import isfinite
from pathlib import Path

from timm_sizes.cli import TableCommand, whole_number
from timm_sizes.console import terminal_width, write_stderr, write_stdout
from timm_sizes.sizes_file import read_sizes
from timm_sizes.tables.columns import LIMITS, SIZE
from timm_sizes.tables.table import STDIN

DEFAULT_ROWS = 10


class Command(TableCommand):
    """Prints the best rows under a budget; exit status 0, 1 when nothing fits, 2 for wrong usage."""

    def syntax(self) -> str:
        return "[options] [table]"

    def short_desc(self) -> str:
        return "Pick the best models of a benchmark table under a budget"

    def long_desc(self) -> str:
        return (
            "Print the best rows of a benchmark table (merged, or bare: then sizes are looked up in"
            " SIZES_FILE) that keep to limits of size, accuracy, speed and more. The same checkpoint at two image"
            " sizes is two choices. Without a table: the one that the last crawl was seeded from."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--speed", metavar="BENCHMARK", help="join the speed from this benchmark table")
        parser.add_argument("--latency", metavar="BENCHMARK", help="join the latency from this one, at batch size 1")
        for option, limited in LIMITS.items():
            end = "largest" if limited.smaller_is_better else "least"
            parser.add_argument(option, type=_number, metavar="N", help=f"the {end} {limited.description}")
        parser.add_argument("--img-size", type=_number, metavar="PX", help="only rows of this image size")
        parser.add_argument(
            "--dtype", metavar="DTYPE", help="sizes and memory in float32, float16, bfloat16 or int8, computed"
        )
        parser.add_argument("--license", metavar="ID", help='a licence id of the Hub, or "permissive" for any such')
        parser.add_argument("--family", metavar="GLOB", help="family or model, such as convnext or 'convnext*'")
        parser.add_argument(
            "--exclude",
            metavar="GLOB",
            action="append",
            default=[],
            help="leave out this family or these models, such as 'test_*'; may be given several times",
        )
        parser.add_argument("--unique", action="store_true", help="one row a model: its best")
        parser.add_argument(
            "--sort", metavar="COLUMN", help="figures to rank by (default: top1; without an accuracy the speed)"
        )
        parser.add_argument(
            "-n",
            dest="rows",
            type=whole_number,
            metavar="N",
            help=f"rows to print (default: {DEFAULT_ROWS}; all with --pareto)",
        )
        parser.add_argument(
            "--pareto",
            nargs="?",
            const="",
            metavar="METRICS",
            help="only rows that no other beats in these metrics (default: size,top1,speed, as far as there are any)",
        )
        parser.add_argument("--format", choices=("table", "csv", "json", "md"), default="table", help="default: table")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        # The metrics of --pareto may be left out: what stands there may as well be the table.
        if not args and opts.pareto and (opts.pareto == STDIN or Path(opts.pareto).is_file()):
            args, opts.pareto = [opts.pareto], ""
        super().run(args, opts)

    def work(self, tables: list[str], column: str, opts: argparse.Namespace) -> None:
        # pandas takes longer to import than picking takes: not before it is needed.
        from timm_sizes.pick import limits, listing, ranking  # noqa: PLC0415
        from timm_sizes.pick.rows import load_choices  # noqa: PLC0415
        from timm_sizes.tables.memory import checked_dtype  # noqa: PLC0415

        path = tables[0]
        frame = load_choices(
            path, column, read_sizes(self.sizes_file), opts.speed, latency=opts.latency, dtype=checked_dtype(opts.dtype)
        )
        sort = opts.sort or ranking.default_sort(frame)
        ranking.check_sort(frame, sort)
        metrics = [] if opts.pareto is None else ranking.pareto_metrics(frame, sort, opts.pareto)
        bounds = {option: getattr(opts, option[2:].replace("-", "_")) for option in LIMITS}
        given = {option: bound for option, bound in bounds.items() if bound is not None}
        limited = [LIMITS[option].name for option in given]
        missed = limits.misses(frame, limits.Limits(given, opts.img_size, opts.license, opts.family, opts.exclude))
        rows = limits.fitting(frame, missed)
        if rows.empty:
            write_stderr(*limits.nothing_fits(frame, missed))
            self.exitcode = 1
            return
        fitting = len(rows)
        said = [f"{fitting:,} of {len(frame):,} rows fit"]
        if metrics:
            rows = ranking.frontier(rows, metrics)
            said[0] += f", {len(rows):,} of them on the Pareto line over {', '.join(map(str, metrics))}"
        rows = ranking.ranked(rows, sort)
        if opts.unique:
            rows = rows.drop_duplicates("model")
            said.append(f"{len(rows):,} models")
        shown = rows.head(opts.rows or (len(rows) if metrics else DEFAULT_ROWS))
        said.append(f"{len(shown):,} shown")
        columns = listing.columns_of(frame, [sort, *limited])
        if opts.format == "table":
            columns, left_out = listing.fit(shown, columns, [SIZE.name, sort, *limited], terminal_width())
            said += [f"no room for {', '.join(left_out)}"] if left_out else []
        if opts.format in ("table", "md") and listing.has_estimates(shown, columns):
            said.append("~ marks an estimated size")
        said += listing.measured_on(shown, columns)
        write_stdout([listing.render(shown, columns, opts.format)])
        write_stderr("; ".join(said))


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not isfinite(number) or number < 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number, 0 or more")
    return number
