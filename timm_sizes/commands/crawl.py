"""``scrapy crawl``: Scrapy's own, with this project's arguments checked before anything starts, and an exit status."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from timm_sizes.cli import reject_leftovers
from timm_sizes.errors import FAILURE_STAT, InputError
from timm_sizes.files import held, make_folder
from timm_sizes.hub.endpoints import is_endpoint
from timm_sizes.items import Status
from timm_sizes.names.plan import describe, make_plan
from timm_sizes.seeds import read_seeds

if TYPE_CHECKING:
    import argparse

    from scrapy.crawler import Crawler


class Command(CrawlCommand):
    """Runs a spider; exit status 0 when every name has its answer, 1 when some have none yet, 2 for wrong usage."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check all that can be checked before Scrapy starts (and logs its versions)."""
        super().process_options(args, opts)
        assert self.settings is not None
        reject_leftovers(args, at_most=1)
        if not args:
            raise UsageError("name the spider: scrapy crawl hf_sizes")
        if self.settings.getpriority("HF_TOKEN") is not None:
            raise UsageError("a token on the command line can be read by everyone here: set HF_TOKEN, or hf auth login")
        endpoint = self.settings["HF_ENDPOINT"]
        if not is_endpoint(endpoint):
            raise UsageError(f"HF_ENDPOINT={endpoint}: expected an http(s) URL such as https://huggingface.co")
        sizes_file = Path(self.settings["SIZES_FILE"])
        try:
            self._seeds = read_seeds(opts.spargs, sizes_file, offline=self.settings.getbool("HF_HUB_OFFLINE"))
        except InputError as error:
            raise UsageError(str(error), print_help=False) from None

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        assert self.crawler_process is not None
        if self._seeds.dry_run:
            print(*describe(make_plan(self._seeds.names)), sep="\n")
            return
        with ExitStack() as locks:
            try:
                crawler = self._create_crawler(args[0])
                _hold_outputs(locks, self._seeds.sizes_file, self.settings["JOBDIR"])
            except (InputError, KeyError) as error:
                raise UsageError(str(error.args[0]), print_help=False) from None
            # A crawl makes many small objects that live long: collecting as often as by default scans them all again
            # and again, a sixth of the time at 10,000 names.
            gc.set_threshold(50_000, 20, 50)
            self.crawler_process.crawl(crawler, seeds=self._seeds)
            self.crawler_process.start()
        self.exitcode = int(self.crawler_process.bootstrap_failed or not _is_complete(crawler))


def _hold_outputs(locks: ExitStack, sizes_file: Path, jobdir: str | None) -> None:
    """Keep other crawls from what this one writes to: the sizes file and, if there is one, the job directory."""
    locks.enter_context(held(sizes_file.with_name(f".{sizes_file.name}.lock"), f"SIZES_FILE {sizes_file}"))
    if jobdir:
        make_folder(Path(jobdir), "JOBDIR")
        locks.enter_context(held(Path(jobdir) / ".lock", f"JOBDIR {jobdir}"))


def _is_complete(crawler: Crawler) -> bool:
    failures = (f"timm_sizes/status/{Status.ERROR}", FAILURE_STAT, "spider_exceptions/count")
    stats = crawler.stats
    return stats.get_value("finish_reason") == "finished" and not any(stats.get_value(name) for name in failures)
