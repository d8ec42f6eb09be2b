"""``scrapy report``: a table with its sizes as a page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from timm_sizes.cli import TableCommand, check_targets
from timm_sizes.console import write_stderr
from timm_sizes.files import shown_path, write_output
from timm_sizes.sizes_file import read_sizes
from timm_sizes.tables.table import source_name

if TYPE_CHECKING:
    import argparse


class Command(TableCommand):
    """Writes the report of a table; exit status 0, or 2 for wrong usage."""

    summary = "Make a page of a benchmark table and its sizes"
    description = (
        "Write one self-contained HTML file with a chart of accuracy and size, filters and a sortable table, from a"
        " benchmark table: one that scrapy merge has written, or a bare one, whose sizes are then taken from"
        " SIZES_FILE. Without a table: the one that the last crawl was seeded from."
    )
    examples = """\
Examples:
  scrapy report results.csv
  scrapy report merged.csv -o page.html
"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("-o", "--output", metavar="FILE", help="page to write (default: output/report.html)")

    def work(self, tables: list[str], column: str, opts: argparse.Namespace) -> None:
        # pandas and jinja2 take long to import: not before they are needed.
        from timm_sizes.pick.rows import load_choices  # noqa: PLC0415
        from timm_sizes.report.page import Source, render  # noqa: PLC0415
        from timm_sizes.settings import PROJECT_DIR  # noqa: PLC0415

        page = Path(opts.output or PROJECT_DIR / "output" / "report.html")
        table = tables[0]
        check_targets([("-o", page)], {path: f"already {path}" for path in (table, str(self.sizes_file))})
        sizes = read_sizes(self.sizes_file)
        frame = load_choices(table, column, sizes)
        name = source_name(table) if table == "-" else Path(table).name
        write_output(page, [render(frame, Source(name, self.sizes_file.name, sizes))])
        write_stderr(f"{table} → {shown_path(page)}: {len(frame)} rows, {frame['size_mb'].notna().sum()} sized")
