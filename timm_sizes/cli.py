"""What the project's commands share: reading a command line, telling a mistake, and writing to standard output."""

from __future__ import annotations

import argparse
import os
import sys
from abc import abstractmethod
from collections.abc import Iterable, Sequence

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from timm_sizes.errors import InputError
from timm_sizes.tables.table import DEFAULT_COLUMN


class TableCommand(ScrapyCommand):
    """A command on tables, without a crawl; a user's mistake is told in one line, with exit status 2."""

    requires_project = True
    requires_crawler_process = False
    most_tables: int | None = 1

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("-c", "--column", metavar="NAME", help=f"column of the names (default: {DEFAULT_COLUMN})")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        reject_leftovers(args, self.most_tables)
        try:
            self.work(args, opts)
        except InputError as error:
            raise UsageError(str(error), print_help=False) from None

    @abstractmethod
    def work(self, tables: list[str], opts: argparse.Namespace) -> None:
        """Do what the command is for; raise InputError for what the user has to mend."""


def reject_leftovers(args: Sequence[str], at_most: int | None = None) -> None:
    """Raise UsageError for mistyped options, which Scrapy passes on among *args*, and for more than *at_most* args."""
    for arg in args:
        if arg.startswith("-") and arg != "-":
            raise UsageError(f"no such option: {arg}")
    if at_most is not None and len(args) > at_most:
        raise UsageError(f"expected at most {at_most} argument, found {len(args)}: {' '.join(args)}")


def write_stdout(chunks: Iterable[str]) -> None:
    """Write *chunks* to standard output as they are, all of it before what standard error gets next.

    A reader that has seen enough (``| head``) is no error: the rest goes nowhere.
    """
    try:
        sys.stdout.buffer.writelines(chunk.encode() for chunk in chunks)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
