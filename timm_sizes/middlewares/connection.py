"""A crawl that reaches nobody is ended, with the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals

from timm_sizes.errors import FAILURE_STAT
from timm_sizes.hub.connection import PROXY_LOGIN, Cause, connection_cause, is_connection_failure
from timm_sizes.middlewares.messages import end_crawl

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class ConnectionGuard:
    """Ends a crawl that reaches nobody: after a score of failed connections without one answer, saying why.

    What would fail likewise the next time, such as a certificate, is not retried. Of a server that has answered at
    times, the names' own items tell, unless it is gone for good.
    """

    MOST_FAILURES = 20

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._failures = 0
        self._had_answer = False
        self._reason = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    def process_response(self, request: Request, response: Response) -> Response:
        if response.status == 407:
            self._failed(request, Cause(PROXY_LOGIN, is_lasting=True))
        else:
            self._failures, self._had_answer = 0, True
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if is_connection_failure(exception):
            self._failed(request, connection_cause(exception))

    def spider_closed(self) -> None:
        # Too few failures to end the crawl, but no answer beside them either.
        if self._reason and not self._had_answer and not self._crawler.stats.get_value(FAILURE_STAT):
            self._crawler.stats.set_value(FAILURE_STAT, self._reason)

    def _failed(self, request: Request, cause: Cause) -> None:
        self._failures += 1
        parts = urlsplit(request.url)
        offline = "HF_HUB_OFFLINE=1 estimates sizes without a network"
        self._reason = f"{parts.scheme}://{parts.netloc} cannot be reached: {cause.text}; {offline}"
        if cause.is_lasting or self._failures >= self.MOST_FAILURES:
            request.meta["dont_retry"] = True
        if self._failures == self.MOST_FAILURES:
            end_crawl(self._crawler, self._reason)
