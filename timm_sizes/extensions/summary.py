"""What a crawl came to, as a short table at its end."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.settings import SETTINGS_PRIORITIES

from timm_sizes.files import printable, shown_path
from timm_sizes.items import UNANSWERED, ModelSize, Status
from timm_sizes.stats import (
    ERRORS_STAT,
    FAILURE_STAT,
    HINT_STAT,
    KNOWN_STAT,
    NAMES_STAT,
    PRINTS_SIZES_STAT,
    REPOS_STAT,
    REQUESTS_STAT,
    TABLES_STAT,
    status_counts,
)
from timm_sizes.units import MB, format_size


class Summary:
    """Prints what the crawl came to when all is over: names by status, requests, seconds, and what to run next."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._sizes: list[str] = []
        crawler.signals.connect(self.item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(self.engine_stopped, signal=signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def item_scraped(self, item: ModelSize) -> None:
        if self._crawler.stats.get_value(PRINTS_SIZES_STAT):
            self._sizes.append(_size_line(item))

    def engine_stopped(self) -> None:
        stats = self._crawler.stats
        # Scrapy does not count each feed that fails, but each that is stored, an empty one too.
        stored = sum(count for name, count in stats.get_stats().items() if name.startswith("feedexport/success_count/"))
        if stats.get_value("item_scraped_count") and stored < len(self._crawler.settings.getdict("FEEDS")):
            stats.set_value(FAILURE_STAT, stats.get_value(FAILURE_STAT) or "a feed (-o, FEEDS) could not be written")
        print(*map(printable, self._lines()), sep="\n", file=sys.stderr)

    def _lines(self) -> list[str]:
        stats = self._crawler.stats
        names = stats.get_value(NAMES_STAT, 0)
        statuses = status_counts(stats)
        others = names - sum(statuses.values())
        figures: dict[str, object] = {
            "names": names,
            "repos": stats.get_value(REPOS_STAT, 0),
            "requests": stats.get_value(REQUESTS_STAT, 0),
            **({"known already": known} if (known := stats.get_value(KNOWN_STAT, 0)) else {}),
            "from cache": stats.get_value("httpcache/hit", 0),
            **{status: count for status, count in statuses.items() if count or status == Status.OK},
            **({"not answered": others} if others else {}),
            "seconds": f"{stats.get_value('elapsed_time_seconds') or 0:.1f}",
        }
        lines = [f"  {label:<13}{figure:>8}" for label, figure in figures.items()]
        unanswered = sum(statuses[status] for status in UNANSWERED) + others
        return ["", *self._sizes, *lines, *self._next_steps(statuses, unanswered)]

    def _next_steps(self, statuses: Mapping[Status, int], errors: int) -> list[str]:
        stats = self._crawler.stats
        if failure := stats.get_value(FAILURE_STAT):
            return [f"  failed: {failure}"]
        reason = stats.get_value("finish_reason")
        if reason != "finished":
            return [f"  stopped ({reason}): run the same command again to resume"]
        retry = stats.get_value(ERRORS_STAT, "some names had no answer: run it again to retry only those")
        tables = stats.get_value(TABLES_STAT)
        steps = [
            f"sizes are in {shown_path(Path(self._sizes_file))}" if any(statuses.values()) else "",
            retry if errors else "",
            stats.get_value(HINT_STAT),
            "" if tables is None else f"next: {self._merge_command(tables)}",
        ]
        return [f"  {step}" for step in steps if step]

    @property
    def _sizes_file(self) -> str:
        return str(self._crawler.settings["SIZES_FILE"])

    def _merge_command(self, tables: list[str]) -> str:
        # Without a table, merge takes those of the last crawl: what a long list of them is best written as.
        table = {0: ["TABLE"], 1: [shown_path(Path(path)) for path in tables]}.get(len(tables), [])
        by_option = self._crawler.settings.getpriority("SIZES_FILE") == SETTINGS_PRIORITIES["cmdline"]
        sizes_file = ["-s", f"SIZES_FILE={self._sizes_file}"] if by_option else []
        return shlex.join(["scrapy", "merge", *table, *sizes_file])


def _size_line(item: ModelSize) -> str:
    """Return a model's name with its size and how that is known, or why there is none."""
    if isinstance(item.size_bytes, int):
        basis = "exact" if item.status == Status.OK else f"estimated: {item.reason}"
        return f"  {item.model}: {format_size(item.size_bytes, MB)} MB ({basis})"
    return f"  {item.model}: {item.status}: {item.reason}"
