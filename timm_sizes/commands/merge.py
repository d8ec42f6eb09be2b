"""``scrapy merge``: adds the checkpoint sizes to benchmark tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from timm_sizes.cli import DEVICE_MEMORY, TableCommand, check_targets, whole_number
from timm_sizes.console import write_stderr, write_stdout
from timm_sizes.errors import InputError
from timm_sizes.files import check_package, is_special, make_folder, shown_path, spooled, write_output
from timm_sizes.sizes_file import read_sizes
from timm_sizes.tables.base import ENDINGS, Additions, Seen, Table
from timm_sizes.tables.table import STDIN, read_table

if TYPE_CHECKING:
    import argparse

STDOUT = Path("-")


class Command(TableCommand):
    """Merges SIZES_FILE into tables; exit status 0, 1 with --strict when a row has no size, 2 for wrong usage."""

    most_tables = None

    summary = "Add the checkpoint sizes to benchmark tables"
    description = (
        "Add model_size_in_mb to benchmark tables as their second column, from the sizes that scrapy crawl hf_sizes"
        " gathered; everything else stays as it is, byte for byte. Without a table: those that the last crawl was"
        " seeded from."
    )
    examples = """\
Examples:
  scrapy merge results.csv -o merged.csv --details
  scrapy merge results.csv --memory float16 -o table.tex --columns model,top1,model_size_in_mb,memory_mb
  scrapy merge - --strict < results.csv
"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        output = (
            f"file to write, in the format of its ending ({', '.join(ENDINGS)}), a folder for"
            " several tables, - for stdout (default: output/ under the table's name; stdout for stdin)"
        )
        memory = "add the computed memory of weights and activations, in float32, float16 or bfloat16"
        training = "add the computed memory of training with adamw, sgd or none; at 16 bits with autocast"
        add("-o", "--output", metavar="PATH", help=output)
        add("--details", action="store_true", help="add bytes, file, status, repo, commit, dtype and licence")
        add("--speed", metavar="BENCHMARK", help="add the speed that this benchmark has for a row's image size")
        add("--accuracy", metavar="TABLE[,TABLE…]", help="add the top1 of other tables as top1_real, top1_v2, …")
        add("--latency", metavar="BENCHMARK", help="add the latency from this one, measured at batch size 1")
        add("--memory", nargs="?", const="float32", metavar="DTYPE", help=memory)
        add("--training", nargs="?", const="adamw", metavar="OPTIMIZER", help=training)
        add("--batch", type=whole_number, metavar="N", help="images at a time (default: 1)")
        add("--device-memory", metavar="SIZE", help=f"add the largest batch that fits in it, {DEVICE_MEMORY}")
        add("--columns", metavar="A,B,…", help="write only these columns, in this order")
        add("--strict", action="store_true", help="exit with status 1 if any row has no size")

    def work(self, tables: list[str], column: str, opts: argparse.Namespace) -> None:
        # What reads the catalogue is not imported before it is needed.
        from timm_sizes.tables import facts, join, memory, merge  # noqa: PLC0415

        targets = self._targets(tables, opts)
        sizes = read_sizes(self.sizes_file)
        if not sizes:
            raise InputError(f"{self.sizes_file}: no sizes yet; run scrapy crawl hf_sizes first")
        known = facts.Facts(
            sizes,
            join.read_joins(opts.speed, opts.accuracy, opts.latency),
            memory.wanted_memory(opts.memory, opts.batch, opts.training, opts.device_memory),
        )
        for path, target in zip(tables, targets, strict=True):
            table = read_table(path, column)
            added = merge.plan(table, column, known, details=opts.details)
            rows: Seen = Counter()
            if target == STDOUT:
                ending = ".csv" if table.ending == ".parquet" else table.ending
                write_stdout(line.decode() for line in spooled(_merged(table, ending, added, rows, opts.columns)))
            else:
                write_output(target, _merged(table, target.suffix.lower(), added, rows, opts.columns))
            summary = merge.summarise(table, column, known, rows)
            write_stderr(
                f"{shown_path(Path(path))} → {shown_path(target)}: {summary}", *(f"  {note}" for note in summary.notes)
            )
            if opts.strict and not summary.is_complete:
                self.exitcode = 1

    def _targets(self, tables: list[str], opts: argparse.Namespace) -> list[Path]:
        """Return the file that each of *tables* is merged into: --output if it names one, else its name in a folder.

        Raises InputError where it cannot be written, or must not be: it is another one that is read.
        """
        from timm_sizes.settings import PROJECT_DIR  # noqa: PLC0415

        output = opts.output or (str(STDOUT) if tables == [STDIN] else f"{PROJECT_DIR / 'output'}/")
        if output == str(STDOUT):
            return [STDOUT] * len(tables)
        targets = [Path(output)] * len(tables)
        if output.endswith("/") or targets[0].is_dir():
            make_folder(targets[0], "-o")
            targets = [Path(output, "stdin.csv" if table == STDIN else Path(table).name) for table in tables]
        elif len(tables) > 1:
            raise InputError(f"several tables would be written to {output}: name a folder with -o FOLDER/")
        joined = [opts.speed, opts.latency, opts.accuracy, *(opts.accuracy or "").split(",")]
        taken = {str(self.sizes_file): "SIZES_FILE itself"} | {path: "read by this merge" for path in joined if path}
        for path, target in zip(tables, targets, strict=True):
            others = {other: "another of the tables" for other in tables if other != path}
            check_targets([("-o", target)], taken | others)
            _check_format(target, path)
        check_targets([("-o", target) for target in targets], {})
        return targets


def _check_format(target: Path, source: str) -> None:
    ending = target.suffix.lower()
    if ending not in ENDINGS and ending != Path(source).suffix.lower() and not is_special(target):
        raise InputError(f"{target}: unknown ending {ending!r}; there are {', '.join(ENDINGS)}")
    if ending == ".parquet":
        check_package("pyarrow", "parquet")


def _merged(table: Table, ending: str, added: Additions, rows: Seen, columns: str | None) -> Iterable[str | bytes]:
    if not columns and table.has_format(ending):
        return table.render(added, rows)
    from timm_sizes.tables.formats import convert  # noqa: PLC0415 - pandas takes longer to import than a merge takes

    return convert(table, ending, added, rows, columns.split(",") if columns else ())
