"""``scrapy crawl``: Scrapy's own, with this project's arguments checked before anything starts, and an exit status."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scrapy import Spider
from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError
from scrapy.spiderloader import SpiderLoaderProtocol, get_spider_loader
from scrapy.utils.project import data_path

from timm_sizes.cli import WithExamples, load_distributed, reject_leftovers
from timm_sizes.console import write_stdout
from timm_sizes.errors import InputError
from timm_sizes.files import check_writable, is_special, locked, make_folder, printable
from timm_sizes.items import UNANSWERED
from timm_sizes.sizes_file import read_sizes
from timm_sizes.stats import FAILURE_STAT, NAMES_STAT, status_counts, status_stat


class Command(WithExamples, CrawlCommand):
    """Runs a spider; exit status 0 when every name has its answer, 1 when some have none yet, 2 for wrong usage."""

    examples = """\
Examples:
  scrapy crawl hf_sizes -a table=results.csv            the sizes of a table's models, exact
  scrapy crawl hf_sizes -a models=resnet50,vit_base_patch16_224
  scrapy crawl hf_sizes -s HF_HUB_OFFLINE=1             estimates, without a network
"""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Put off ``--help`` until it is known which spider is meant, whose arguments belong to it."""
        super().add_options(parser)
        parser.add_argument("-h", "--help", action="store_true", help="show this help message and exit")
        self._parser = parser

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check all that can be checked before Scrapy starts (and logs its versions)."""
        super().process_options(args, opts)
        assert self.settings is not None
        if opts.help:
            loader = get_spider_loader(self.settings)
            names = args or loader.list()
            examples = self.examples if "hf_sizes" in names else ""
            self._parser.epilog = "\n".join(["".join(_arguments_help(loader, names)), examples])
            write_stdout([self._parser.format_help()])
            raise SystemExit(0)
        reject_leftovers(args, at_most=1)
        if not args:
            raise UsageError("name the spider: scrapy crawl hf_sizes")
        if self.settings.getpriority("HF_TOKEN") is not None:
            raise UsageError("a token on the command line can be read by everyone here: set HF_TOKEN, or hf auth login")
        self._sizes_file = Path(self.settings["SIZES_FILE"])
        try:
            spidercls: Any = get_spider_loader(self.settings).load(args[0])
            check_writable(self._sizes_file, "SIZES_FILE")
            if is_special(self._sizes_file):
                raise InputError(f"SIZES_FILE: {self._sizes_file} is a device or a pipe; expected a file that is kept")
            read_sizes(self._sizes_file)
            if self.settings["REDIS_URL"] and self.settings["HUB_QUOTA_NAME"]:
                load_distributed("connection").check_url(self.settings["REDIS_URL"])
            self._spidercls = spidercls
            self._arguments = spidercls.read_arguments(opts.spargs, self.settings)
        except (InputError, KeyError) as error:
            raise UsageError(printable(str(error.args[0])), print_help=False) from None

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        lines = self._spidercls.dry_run(self._arguments)
        if lines is not None:
            write_stdout(f"{line}\n" for line in lines)
            return
        with ExitStack() as locks:
            try:
                if self.settings.getbool("HTTPCACHE_ENABLED"):
                    make_folder(Path(data_path(self.settings["HTTPCACHE_DIR"])), "HTTPCACHE_DIR")
                # No other crawl may write to what this one writes to.
                lock = self._sizes_file.with_name(f".{self._sizes_file.name}.lock")
                locks.enter_context(locked(lock, f"SIZES_FILE {self._sizes_file}"))
                if job := self.settings["JOBDIR"]:
                    make_folder(Path(job), "JOBDIR")
                    locks.enter_context(locked(Path(job) / ".lock", f"JOBDIR {job}"))
            except InputError as error:
                raise UsageError(printable(str(error)), print_help=False) from None
            # A crawl makes many small objects that live long: collecting as often as by default scans them all again
            # and again, a fifth of the CPU time at 20,000 names.
            gc.set_threshold(50_000, 20, 50)
            crawler = self.crawl(self._spidercls, self._arguments)
        assert self.crawler_process is not None
        self.exitcode = int(self.crawler_process.bootstrap_failed or not _is_complete(crawler))

    def crawl(self, spidercls: type[Spider], arguments: Any) -> Crawler:
        """Run the spider while SIZES_FILE is locked, and return its crawler."""
        assert self.crawler_process is not None
        crawler = self._create_crawler(spidercls)
        self.crawler_process.crawl(crawler, arguments=arguments)
        self.crawler_process.start()
        return crawler


def _arguments_help(loader: SpiderLoaderProtocol, names: Iterable[str]) -> Iterator[str]:
    """Yield the lines on the arguments of the spiders of these *names*."""
    for name in names:
        try:
            arguments: Mapping[str, str] = loader.load(name).arguments_help  # type: ignore[attr-defined]
        except KeyError as error:
            raise UsageError(str(error.args[0]), print_help=False) from None
        yield f"Arguments of the spider {name} (-a NAME=VALUE):\n"
        width = max(map(len, arguments), default=0)
        for argument, text in arguments.items():
            yield f"  {argument:<{width}}  {text}\n"


def _is_complete(crawler: Crawler) -> bool:
    """Return whether every name has an item, and SIZES_FILE them all."""
    unanswered = map(status_stat, UNANSWERED)
    stats = crawler.stats
    items = sum(status_counts(stats).values())
    is_whole = stats.get_value("finish_reason") == "finished" and items == stats.get_value(NAMES_STAT, 0)
    return is_whole and not any(map(stats.get_value, [*unanswered, FAILURE_STAT, "spider_exceptions/count"]))
