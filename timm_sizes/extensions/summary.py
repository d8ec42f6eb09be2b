"""What a crawl came to, as a short table at its end."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.settings import SETTINGS_PRIORITIES

from timm_sizes.errors import FAILURE_STAT
from timm_sizes.files import shown_path
from timm_sizes.items import Status

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from timm_sizes.seeds import Seeds


class Summary:
    """Prints what the crawl came to when all is over: names by status, requests, seconds, and what to run next."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._reason = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(extension.engine_stopped, signal=signals.engine_stopped)
        return extension

    def spider_closed(self, reason: str) -> None:
        self._reason = reason

    def engine_stopped(self) -> None:
        print(*self._lines(), sep="\n", file=sys.stderr)

    def _lines(self) -> list[str]:
        stats = self._crawler.stats
        asked = stats.get_value("timm_sizes/names", 0)
        statuses = {str(status): stats.get_value(f"timm_sizes/status/{status}", 0) for status in Status}
        others = asked - sum(statuses.values())
        label = "done before" if stats.get_value("dupefilter/filtered") else "not answered"
        figures = {
            "names": asked,
            "repos": stats.get_value("timm_sizes/repos", 0),
            "requests": stats.get_value("timm_sizes/requests", 0),
            "from cache": stats.get_value("httpcache/hit", 0),
            **{status: count for status, count in statuses.items() if count or status == Status.OK},
            **({label: others} if others else {}),
            "seconds": f"{stats.get_value('elapsed_time_seconds') or 0:.1f}",
        }
        lines = [f"  {label:<13}{figure:>8}" for label, figure in figures.items()]
        return ["", *lines, *self._next_steps(statuses[Status.ERROR])]

    def _next_steps(self, errors: int) -> list[str]:
        seeds = self._crawler.spider.seeds  # type: ignore[union-attr]
        if failure := self._crawler.stats.get_value(FAILURE_STAT):
            return [f"  failed: {failure}"]
        if self._reason != "finished":
            return [f"  stopped ({self._reason}): the same command again goes on from here"]
        again = ["  some names had no answer: the same command again asks for those alone"] if errors else []
        return [f"  sizes are in {shown_path(seeds.sizes_file)}", *again, f"  next: {self._merge_command(seeds)}"]

    def _merge_command(self, seeds: Seeds) -> str:
        # Without a table, merge takes those of the last crawl: what a long list of them is best written as.
        table = [shown_path(seeds.tables[0])] if len(seeds.tables) == 1 else []
        by_option = self._crawler.settings.getpriority("SIZES_FILE") == SETTINGS_PRIORITIES["cmdline"]
        sizes_file = ["-s", f"SIZES_FILE={seeds.sizes_file}"] if by_option else []
        return shlex.join(["scrapy", "merge", *table, *sizes_file])
