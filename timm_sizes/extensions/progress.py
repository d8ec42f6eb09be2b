"""A progress bar over the names of a crawl, on a terminal."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.log import get_scrapy_root_handler
from tqdm import tqdm

from timm_sizes.hub.quota import seconds_for
from timm_sizes.stats import NAMES_STAT, RATE_LIMIT_STAT, REPOS_STAT, RESUMES_AT_STAT

# tqdm's own estimate goes by the pace so far; what takes long are the waits for the quota.
_FORMAT = "{l_bar}{bar}| {n_fmt}/{total_fmt}{unit} [{elapsed}{postfix}]"


class Progress:
    """Draws a bar over the names on a terminal; log lines are printed above it, in the format they have anyway."""

    _REDRAW_SECONDS = 1.0

    def __init__(self, crawler: Crawler) -> None:
        if not sys.stderr.isatty():
            raise NotConfigured
        self._crawler = crawler
        self._logs = ExitStack()
        crawler.signals.connect(self.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(self.item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def spider_opened(self) -> None:
        self._bar = tqdm(desc="sizes", unit=" models", bar_format=_FORMAT, smoothing=0, file=sys.stderr)
        self._redraw = create_looping_call(self._show_waiting)
        self._redraw.start(self._REDRAW_SECONDS, now=False)
        self._logs.enter_context(log_above_bar())

    def item_scraped(self) -> None:
        self._bar.update()

    def spider_closed(self) -> None:
        self._show_waiting()
        self._redraw.stop()
        self._bar.close()
        self._logs.close()

    def _show_waiting(self) -> None:
        """Show for how long the crawl waits, and the least time that the requests to come take under the quota."""
        stats, now, notes = self._crawler.stats, time.monotonic(), []
        self._bar.total = names = stats.get_value(NAMES_STAT, 0)
        resumes_at = stats.get_value(RESUMES_AT_STAT)
        if resumes_at is not None:
            notes.append(f"quota: resumes in {max(0.0, resumes_at - now):.0f} s")
        said, came_at = stats.get_value(RATE_LIMIT_STAT, (None, now))
        if said is not None and names:
            # As far as the names without an item say how many repos are still to be requested.
            requests = round(stats.get_value(REPOS_STAT, 0) * (1 - self._bar.n / names))
            seconds = round(seconds_for(requests, said) - (now - came_at))
            notes += [f"some {tqdm.format_interval(seconds)} left"] if seconds > 0 else []
        self._bar.set_postfix_str(", ".join(notes))


@contextmanager
def log_above_bar() -> Iterator[None]:
    """Have log lines for the terminal printed above the bar that is drawn there, while the ``with`` block lasts."""
    handler = get_scrapy_root_handler()
    if not isinstance(handler, logging.StreamHandler) or handler.stream is not sys.stderr:
        yield
        return
    stream = handler.setStream(_AboveTheBar())
    try:
        yield
    finally:
        handler.setStream(stream)


class _AboveTheBar:
    """A log handler's stream that writes above the bar instead of through it."""

    def write(self, text: str) -> None:
        tqdm.write(text, file=sys.stderr, end="")

    def flush(self) -> None:
        sys.stderr.flush()
