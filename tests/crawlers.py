"""Crawlers, spiders and middlewares without a process: with a clock that tests turn on and an engine of their own."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Any

from scrapy.exceptions import DownloadFailedError
from scrapy.http import Response
from scrapy.settings import Settings
from scrapy.utils.test import get_crawler

import timm_sizes.middlewares.quota
import timm_sizes.settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler

HUB = "https://hub.example"


def make_crawler(spidercls: type[Spider] | None = None, **settings: Any) -> Crawler:
    """Return a crawler with the project's settings, but a Hub that is none, and with an Engine."""
    own = Settings()
    own.setmodule(timm_sizes.settings)
    changed = {"HF_ENDPOINT": HUB, "HF_HUB_OFFLINE": False, "EXTENSIONS": {}, **settings}
    crawler = get_crawler(spidercls, {**{name: own[name] for name in own if own.getpriority(name)}, **changed})
    crawler.engine = Engine()  # type: ignore[assignment]
    return crawler


def make_spider(spidercls: type[Spider], folder: Path, settings: dict[str, Any] | None = None, **spargs: Any) -> Any:
    """Return a spider of *spidercls* as ``scrapy crawl -a NAME=VALUE`` makes it, and its sizes file in *folder*."""
    crawler = make_crawler(spidercls, SIZES_FILE=str(folder / "sizes.csv"), **(settings or {}))
    spider = crawler._create_spider(**spargs)
    crawler.spider = spider
    return spider


class Engine:
    """What middlewares and spiders do with the engine: pause it, give it requests, close it."""

    def __init__(self) -> None:
        self.paused = False
        self.closed = ""
        self.failure: Exception = DownloadFailedError()
        self.queue: deque[Request] = deque()
        self.scheduler = self

    def pause(self) -> None:
        self.paused = True

    def unpause(self) -> None:
        self.paused = False

    def next_request(self) -> Request | None:
        return self.queue.popleft() if self.queue else None

    def crawl(self, request: Request) -> None:
        self.queue.append(request)

    async def download_async(self, request: Request) -> Response:
        raise self.failure

    def close_spider_async(self, reason: str) -> None:
        self.closed = reason


class Clock:
    """The middlewares' clock and timers; nothing waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.timers: list[Timer] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(timm_sizes.middlewares.quota, "call_later", self._call_later)

    def turn_to_next_timer(self) -> None:
        timer = min(self.timers, key=lambda timer: timer.at)
        self.now = max(self.now, timer.at)
        timer.cancel()
        timer.call()

    def _call_later(self, delay: float, call: Callable[[], None]) -> Timer:
        timer = Timer(self, self.now + delay, call)
        self.timers.append(timer)
        return timer


class Timer:
    """What is to be called later."""

    def __init__(self, clock: Clock, at: float, call: Callable[[], None]) -> None:
        self._clock = clock
        self.at = at
        self.call = call

    def cancel(self) -> None:
        if self in self._clock.timers:
            self._clock.timers.remove(self)


def response_to(
    request: Request, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> Response:
    """Return a response to *request*."""
    return Response(request.url, status, dict(headers or {}), body, request=request)
