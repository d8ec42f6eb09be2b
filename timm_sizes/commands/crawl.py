"""``scrapy crawl``: Scrapy's own, with this project's arguments checked before anything starts, and an exit status."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from timm_sizes.errors import InputError
from timm_sizes.options import reject_leftovers
from timm_sizes.plan import describe, make_plan
from timm_sizes.seeds import read_seeds
from timm_sizes.statuses import Status

if TYPE_CHECKING:
    import argparse

    from scrapy.crawler import Crawler


class Command(CrawlCommand):
    """Runs a spider; exit status 0 when every name has its answer, 1 when some have none yet, 2 for wrong usage."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        reject_leftovers(args, at_most=1)
        if not args:
            raise UsageError("name the spider: scrapy crawl hf_sizes")
        assert self.settings is not None
        assert self.crawler_process is not None
        if self.settings.getpriority("HF_TOKEN") is not None:
            raise UsageError("a token on the command line can be read by everyone here: set HF_TOKEN, or hf auth login")
        try:
            crawler = self._create_crawler(args[0])
            sizes_file = Path(self.settings["SIZES_FILE"])
            seeds = read_seeds(opts.spargs, sizes_file, offline=self.settings.getbool("HF_HUB_OFFLINE"))
        except (InputError, KeyError) as error:
            raise UsageError(str(error.args[0]), print_help=False) from None
        if seeds.dry_run:
            print(*describe(make_plan(seeds.names)), sep="\n")
            return
        self.crawler_process.crawl(crawler, seeds=seeds)
        self.crawler_process.start()
        self.exitcode = int(self.crawler_process.bootstrap_failed or not _is_complete(crawler))


def _is_complete(crawler: Crawler) -> bool:
    failed = crawler.stats.get_value(f"timm_sizes/status/{Status.ERROR}", 0)
    raised = crawler.stats.get_value("spider_exceptions/count", 0)
    return crawler.stats.get_value("finish_reason") == "finished" and not failed and not raised
