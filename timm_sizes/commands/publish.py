"""``scrapy publish``: makes output/ anew, checks it against what is there, and replaces it as a whole or not at all."""

from __future__ import annotations

import shutil
from filecmp import cmp
from glob import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from timm_sizes.cli import WithExamples, reject_leftovers
from timm_sizes.console import write_stderr, write_stdout
from timm_sizes.errors import InputError
from timm_sizes.files import locked, make_folder, printable, shown_path, write_output
from timm_sizes.sizes_file import read_sizes

if TYPE_CHECKING:
    import argparse

_OLD = "old"


class Command(WithExamples):
    """Publishes the sizes in timm's tables; exit status 0, 1 where too much would be lost, 2 for wrong usage."""

    examples = """\
Examples:
  scrapy publish                       from SIZES_FILE and the tables that come with the project
  scrapy publish results/results-*.csv -o output
"""
    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[options] [table …]"

    def short_desc(self) -> str:
        return "Make the published result: tables, page and README"

    def long_desc(self) -> str:
        return (
            "Make the published result from SIZES_FILE and timm's results tables: those that come with the project, or"
            " newer ones of the same names. Print how each file changed, in a line. What is published stays as it is"
            " where more than 2 % of a table's rows or of their figures would be lost, or a column."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        add = parser.add_argument
        crawled = "items of the crawl before (-O FILE.csv): without an answer for 2 %% of the names, publish nothing"
        add("-o", "--output", metavar="FOLDER", help="folder to publish in (default: output)")
        add("--crawled", metavar="FILE", help=crawled)
        add("--accept-losses", action="store_true", help="publish whatever is lost")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        reject_leftovers(args)
        try:
            self._publish([Path(arg) for arg in args], opts)
        except InputError as error:
            raise UsageError(printable(str(error)), print_help=False) from None
        except OSError as error:
            raise UsageError(printable(f"nothing was published: {error}"), print_help=False) from None

    def _publish(self, tables: list[Path], opts: argparse.Namespace) -> None:
        # pandas takes longer to import than it takes to refuse a command.
        from timm_sizes.report import published  # noqa: PLC0415
        from timm_sizes.settings import PROJECT_DIR  # noqa: PLC0415

        assert self.settings is not None
        sizes_file = Path(self.settings["SIZES_FILE"])
        folder = Path(opts.output or PROJECT_DIR / "output").resolve()
        if folder.is_mount():
            raise InputError(f"-o {folder}: a mount point, which cannot be replaced as a whole; name a folder in it")
        recover(folder)
        make_folder(folder, "-o")
        with (
            # The lock of a crawl into the sizes file there.
            locked(folder / f".{published.SIZES}.lock", f"-o {folder}"),
            TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as work,
        ):
            new = Path(work) / "new"
            # What else is there, a page of one's own or tables that a crawl has kept, stays.
            shutil.copytree(folder, new, ignore_dangling_symlinks=True)
            for name, content in published.files(sizes_file, tables):
                make_folder((new / name).parent, "-o")
                write_output(new / name, [content])
            changes, losses = published.compare_folders(folder, new)
            if opts.crawled:
                silent, missed = published.unanswered(read_sizes(Path(opts.crawled)), read_sizes(sizes_file))
                changes += silent if changes else []
                losses += missed
            if losses and not opts.accept_losses:
                write_stderr(f"{shown_path(folder)} stays as it is (--accept-losses overrules): {'; '.join(losses)}")
                self.exitcode = 1
            elif changes:
                keep_links(folder, new)
                replace_folder(folder, new, Path(work) / _OLD)
                write_stdout(f"{change}\n" for change in changes)


def recover(folder: Path) -> None:
    """Put back what was in *folder*, if a command that was to replace it was killed half-way."""
    for left in folder.parent.glob(f".{escape(folder.name)}.*/{_OLD}"):
        if not folder.exists():
            left.rename(folder)


def keep_links(folder: Path, new: Path) -> None:
    """Put the symbolic links of *folder* into *new*, and what stands there in their place where they lead to."""
    for link in [path for path in folder.rglob("*") if path.is_symlink()]:
        copied = new / link.relative_to(folder)
        for path in [copied, *copied.rglob("*")]:
            there = link / path.relative_to(copied)
            if path.is_file() and not (there.is_file() and cmp(path, there, shallow=False)):
                write_output(there, [path.read_bytes()])
        if copied.is_dir():
            shutil.rmtree(copied)
        copied.unlink(missing_ok=True)
        copied.symlink_to(link.readlink())


def replace_folder(folder: Path, new: Path, old: Path) -> None:
    """Put the folder *new* in the place of *folder*, which becomes *old*; OSError, and all as before, if that fails."""
    folder.rename(old)
    try:
        new.rename(folder)
    except BaseException:
        old.rename(folder)
        raise
