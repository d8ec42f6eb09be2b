"""A progress bar over the names of a crawl, on a terminal."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, TextIO

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.log import get_scrapy_root_handler
from tqdm import tqdm

from timm_sizes.middlewares import HubQuota

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


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
