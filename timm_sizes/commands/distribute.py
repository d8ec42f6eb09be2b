"""``scrapy distribute``: what ``scrapy crawl hf_sizes`` does, by the workers that listen on a Redis queue."""

from __future__ import annotations

import argparse
from typing import Any

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import UsageError

from timm_sizes.cli import load_distributed, reject_leftovers, whole_number
from timm_sizes.commands.crawl import Command as CrawlCommand
from timm_sizes.errors import InputError


class Command(CrawlCommand):
    """Queues a crawl's names and gathers their rows; exit statuses as of ``scrapy crawl``."""

    examples = """\
Examples, with REDIS_URL set (and workers: python -m timm_sizes.distributed):
  scrapy distribute -a author=timm
  scrapy distribute -a table=results.csv -s CHUNK_SIZE=100
"""

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Run the crawl of hf_sizes on many machines, by workers that listen on Redis"

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        reject_leftovers(args, at_most=0)
        if opts.output or opts.overwrite_output:
            raise UsageError("the rows go to SIZES_FILE; -o and -O are scrapy crawl's", print_help=False)
        super().process_options(["hf_sizes"], opts)
        assert self.settings is not None
        if not self.settings["REDIS_URL"]:
            raise UsageError("REDIS_URL is not set; expected redis://HOST:PORT/NUMBER", print_help=False)
        try:
            self._chunk_size = whole_number(str(self.settings["CHUNK_SIZE"]))
            self._redis = load_distributed("connection").connect(self.settings["REDIS_URL"])
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"CHUNK_SIZE: {error}", print_help=False) from None
        except InputError as error:
            raise UsageError(str(error), print_help=False) from None

    def crawl(self, spidercls: type[Spider], arguments: Any) -> Crawler:
        client = load_distributed("client")
        crawler = super().crawl(client.SeedSpider, arguments)
        client.distribute(crawler, arguments, self._redis, self._chunk_size)
        return crawler
