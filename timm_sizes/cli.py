"""Shares among the project's commands what they do with arguments: tables and targets, numbers, usage errors."""

from __future__ import annotations

import argparse
import gc
import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scrapy.commands import ScrapyCommand, ScrapyHelpFormatter
from scrapy.exceptions import UsageError

from timm_sizes.errors import InputError
from timm_sizes.files import check_writable, printable
from timm_sizes.sizes_file import read_record
from timm_sizes.tables.table import DEFAULT_COLUMN

DEVICE_MEMORY = "such as 8GB (10^9 bytes each) or 8GiB (what a GPU of 8 GB usually has)"  # as help has it


class WithExamples(ScrapyCommand):
    """A command whose help ends with ``examples``, one per line."""

    examples = ""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.epilog = self.examples
        parser.formatter_class = _HelpFormatter


class _HelpFormatter(ScrapyHelpFormatter):
    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


class TableCommand(WithExamples):
    """A command on tables, without a crawl; a user's mistake is reported in one line, with exit status 2."""

    requires_project = True
    requires_crawler_process = False
    most_tables: int | None = 1
    summary = description = ""  # in the list of all commands, and in its own help

    def syntax(self) -> str:
        return "[options] [table]" if self.most_tables else "[options] [table …]"

    def short_desc(self) -> str:
        return self.summary

    def long_desc(self) -> str:
        return self.description

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("-c", "--column", metavar="NAME", help=f"column of the names (default: {DEFAULT_COLUMN})")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        reject_leftovers(args, self.most_tables)
        gc.freeze()  # collecting would go through all that was imported, again and again: a tenth of the CPU time
        try:
            tables, column = self._tables(args, opts.column)
            self.work(tables, column, opts)
        except InputError as error:
            raise UsageError(printable(str(error)), print_help=False) from None

    @property
    def sizes_file(self) -> Path:
        """The sizes file that SIZES_FILE names."""
        assert self.settings is not None
        return Path(self.settings["SIZES_FILE"])

    @abstractmethod
    def work(self, tables: list[str], column: str, opts: argparse.Namespace) -> None:
        """Do what the command is for with *tables*, whose names are in *column*; raise InputError for a user's mistake.

        There is at least one table.
        """

    def _tables(self, args: list[str], column: str | None) -> tuple[list[str], str]:
        """Return the tables that *args* name, or else those of the last crawl, and their column of names."""
        if args:
            return args, column or DEFAULT_COLUMN
        tables, crawled = read_record(self.sizes_file)
        if self.most_tables is not None and len(tables) > self.most_tables:
            raise InputError(f"the last crawl had {len(tables)} tables: name the one to choose from")
        return tables, column or crawled


def check_targets(targets: Iterable[tuple[str, Path]], taken: Mapping[str, str]) -> None:
    """Raise InputError unless each of *targets*, an option and its path, can be written and is a file of its own.

    *taken* has the paths that must not be overwritten, with what each is ("SIZES_FILE itself").
    """
    known = {Path(path).resolve(): what for path, what in taken.items()}
    for option, path in targets:
        check_writable(path, option)
        if path.resolve() in known:
            raise InputError(f"{option}: {path} is {known[path.resolve()]}; name another file")
        known[path.resolve()] = f"already what {option} writes"


def reject_leftovers(args: Sequence[str], at_most: int | None = None) -> None:
    """Raise UsageError for mistyped options, which Scrapy passes on among *args*, and for more than *at_most* args."""
    for arg in args:
        if arg.startswith("-") and arg != "-":
            raise UsageError(f"no such option: {arg}")
    if at_most is not None and len(args) > at_most:
        raise UsageError(f"expected at most {at_most} argument, found {len(args)}: {' '.join(args)}")


def whole_number(text: str) -> int:
    """Return the whole number, 1 to 999,999,999, in an option's *text*; raises argparse's own error for other text."""
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r}: expected a whole number from 1 to 999,999,999")
    return int(text)


def load_distributed(module: str) -> Any:
    """Return the *module* of timm_sizes.distributed; InputError where the package that it needs is not installed."""
    if not all(find_spec(package) for package in ("rq", "redis")):
        raise InputError("crawls that share Redis need the package rq: pip install rq")
    return import_module(f"timm_sizes.distributed.{module}")
