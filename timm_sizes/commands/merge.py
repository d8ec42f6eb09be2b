"""``scrapy merge``: adds the checkpoint sizes to benchmark tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from timm_sizes.cli import TableCommand, write_stdout
from timm_sizes.errors import InputError
from timm_sizes.files import check_writable, make_folder, shown_path, write_output
from timm_sizes.sizes_file import read_record, read_sizes
from timm_sizes.tables.table import DEFAULT_COLUMN, read_table

if TYPE_CHECKING:
    import argparse

STDOUT = "-"


class Command(TableCommand):
    """Merges SIZES_FILE into tables; exit status 0, 1 with --strict when a row has no size, 2 for wrong usage."""

    most_tables = None

    def syntax(self) -> str:
        return "[options] [table …]"

    def short_desc(self) -> str:
        return "Add the checkpoint sizes to benchmark tables"

    def long_desc(self) -> str:
        return (
            "Add model_size_in_mb to benchmark tables (CSV or JSON) as their second column, from the sizes that"
            " scrapy crawl hf_sizes gathered; everything else stays as it is, byte for byte. Without a table: those"
            " that the last crawl was seeded from."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "-o",
            "--output",
            metavar="PATH",
            help="file to write, in the format of its ending (.csv, .tsv, .json, .jsonl, .parquet, .xlsx, .md), a"
            " folder for several tables, - for stdout (default: output/ under the table's name)",
        )
        parser.add_argument(
            "--details", action="store_true", help="add bytes, file, status, repo, commit, dtype and licence at the end"
        )
        parser.add_argument(
            "--speed", metavar="BENCHMARK", help="add the speed that this benchmark table has for a row's image size"
        )
        parser.add_argument(
            "--accuracy", metavar="TABLE[,TABLE…]", help="add the top1 of other results tables as top1_real, top1_v2, …"
        )
        parser.add_argument("--mib", action="store_true", help="give the size in MiB (2^20), as model_size_in_mib")
        parser.add_argument("--strict", action="store_true", help="exit with status 1 if any row has no size")

    def work(self, tables: list[str], opts: argparse.Namespace) -> None:
        # pandas takes longer to import than a merge takes: not before it is needed.
        from timm_sizes.settings import PROJECT_DIR  # noqa: PLC0415
        from timm_sizes.tables import formats, join, merge  # noqa: PLC0415
        from timm_sizes.units import MB, MIB  # noqa: PLC0415

        assert self.settings is not None
        sizes_file = Path(self.settings["SIZES_FILE"])
        column = opts.column or DEFAULT_COLUMN
        if not tables:
            tables, crawled = read_record(sizes_file)
            column = opts.column or crawled
        targets = [merge.output_path(table, opts.output, PROJECT_DIR / "output") for table in tables]
        _check_targets(targets, sizes_file, opts.output)
        if opts.output != STDOUT:
            for path, target in zip(tables, targets, strict=True):
                formats.check_format(target, path)
        sizes = read_sizes(sizes_file)
        if not sizes:
            raise InputError(f"{sizes_file}: no sizes yet; run scrapy crawl hf_sizes first")
        sources = join.read_sources(opts.speed, opts.accuracy)
        for path, target in zip(tables, targets, strict=True):
            table = read_table(path, column, merge.KEPT_COLUMNS)
            merged = merge.merge(table, column, sizes, MIB if opts.mib else MB, details=opts.details)
            joined = join.join(table, column, sources)
            added = {name: cells for source in joined for name, cells in source.columns.items()}
            dropped = merge.own_columns(table.columns, sources.columns)
            merge.reject_clashes(table, added, dropped)
            text = table.render(merged.second, merged.last | added, dropped)
            if opts.output == STDOUT:
                write_stdout(text)
            else:
                write_output(target, formats.convert(text, table, column, target, merge.TEXT_DETAILS))
            print(f"{shown_path(Path(path))} → {shown_path(target)}: {merge.summary(merged)}", file=sys.stderr)
            for source in joined:
                print(f"  {join.summary(source, len(table))}", file=sys.stderr)
            for name in merged.mismatches:
                print(f"  mismatch: {ascii(name)[1:-1]} has another param_count than its checkpoint", file=sys.stderr)
            if opts.strict and merged.sized < len(table):
                self.exitcode = 1


def _check_targets(targets: list[Path], sizes_file: Path, output: str | None) -> None:
    if output == STDOUT:
        return
    if len(set(targets)) < len(targets):
        raise InputError(f"several tables would be written to {targets[0]}: name a folder with -o FOLDER/")
    for target in targets:
        if target.resolve() == sizes_file.resolve():
            raise InputError(f"{target} is SIZES_FILE itself: name another file with -o")
        if output is not None and output.endswith("/"):
            make_folder(Path(output), "-o")
        check_writable(target, "-o")
