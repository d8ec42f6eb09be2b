"""What a person sees of a crawl: a progress bar on a terminal, and a short table at the end."""

from __future__ import annotations

import logging
import shlex
import sys
import time
from typing import TYPE_CHECKING, TextIO

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.settings import SETTINGS_PRIORITIES
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.log import get_scrapy_root_handler
from tqdm import tqdm

from timm_sizes.files import shown_path
from timm_sizes.middlewares import HubQuota
from timm_sizes.statuses import FAILURE_STAT, Status

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from timm_sizes.seeds import Seeds


class Progress:
    """Draws a bar over the names on a terminal; log lines are printed above it, in the format they have anyway."""

    _REDRAW_SECONDS = 1.0

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._log_stream: TextIO | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not sys.stderr.isatty():
            raise NotConfigured
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self) -> None:
        # Of a job that is resumed, what was done before is not counted here: a share would mislead.
        scheduler = self._crawler.engine.scheduler
        self._is_resumed = scheduler is not None and scheduler.has_pending_requests()
        self._bar = tqdm(desc="sizes", unit=" models", smoothing=0, file=sys.stderr)
        self._redraw = create_looping_call(self._tell_waiting)
        self._redraw.start(self._REDRAW_SECONDS, now=False)
        handler = get_scrapy_root_handler()
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            self._log_stream = handler.setStream(_AboveTheBar())

    def item_scraped(self) -> None:
        if not self._is_resumed:
            self._bar.total = self._crawler.stats.get_value("timm_sizes/names")
        self._bar.update()

    def spider_closed(self) -> None:
        self._redraw.stop()
        self._bar.close()
        handler = get_scrapy_root_handler()
        if self._log_stream is not None and isinstance(handler, logging.StreamHandler):
            handler.setStream(self._log_stream)

    def _tell_waiting(self) -> None:
        quota = self._crawler.get_downloader_middleware(HubQuota)
        if quota is not None and quota.resumes_at is not None:
            self._bar.set_postfix_str(f"quota: resumes in {max(0.0, quota.resumes_at - time.monotonic()):.0f} s")
        else:
            self._bar.set_postfix_str("")


class _AboveTheBar:
    """A log handler's stream that writes above the bar instead of through it."""

    def write(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr, end="")

    def flush(self) -> None:
        sys.stderr.flush()


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
