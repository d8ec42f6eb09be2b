"""A Scrapy add-on that times a crawl from its first request to its last item, at no cost for those in between."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import signals

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings


class Probe:
    """Writes how many seconds the crawl took to the file that the setting PROBE_FILE names."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._first_request = 0.0
        self._idle = 0.0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        probe = cls(crawler)
        crawler.signals.connect(probe.request_reached_downloader, signal=signals.request_reached_downloader)
        crawler.signals.connect(probe.spider_idle, signal=signals.spider_idle)
        crawler.signals.connect(probe.spider_closed, signal=signals.spider_closed)
        return probe

    def request_reached_downloader(self) -> None:
        self._first_request = time.monotonic()
        self._crawler.signals.disconnect(self.request_reached_downloader, signal=signals.request_reached_downloader)

    def spider_idle(self) -> None:
        self._idle = time.monotonic()

    def spider_closed(self) -> None:
        Path(self._crawler.settings["PROBE_FILE"]).write_text(json.dumps(self._idle - self._first_request))


class AddOn:
    """Adds the probe to whatever extensions the settings have."""

    def update_settings(self, settings: BaseSettings) -> None:
        settings.setdefault_in_component_priority_dict("EXTENSIONS", Probe, 0)
