"""What the middlewares share: requests and responses as cache and spider take them, and the end of a crawl."""

from __future__ import annotations

import logging
from typing import Self
from weakref import WeakKeyDictionary

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.utils.defer import deferred_from_coro

from timm_sizes.hub.endpoints import Address, address_of, parse_endpoint
from timm_sizes.hub.responses import HEADERS, Answer, HubResponse, read_response
from timm_sizes.stats import FAILURE_STAT

logger = logging.getLogger(__name__)

# Set on a request that goes out with the token.
TOKEN_META = "token_sent"
# Set on a request that is to be answered anew, and the cached answer replaced.
REFRESH_META = "refresh"

_answers: WeakKeyDictionary[Response, Answer] = WeakKeyDictionary()


class HubMiddleware:
    """A downloader middleware that knows its crawler and which requests are the Hub's."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._endpoint = parse_endpoint(crawler.settings["HF_ENDPOINT"])

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def _address(self, request: Request) -> Address | None:
        return address_of(request.url, self._endpoint)


def answer_in(response: Response, request: Request | None, endpoint: str) -> Answer:
    """Return what *response* of the Hub at *endpoint* says; it is read once, for the cache and then for the spider."""
    answer = _answers.get(response)
    if answer is None:
        headers = {name: header_text(response, name) for name in HEADERS}
        had_token = request is not None and bool(request.meta.get(TOKEN_META))
        came = HubResponse(response.url, response.status, headers, response.body, had_token)
        answer = _answers[response] = read_response(came, endpoint)
    return answer


def header_text(response: Response, name: str) -> str:
    """Return the header *name* of *response* as text, "" if it has none."""
    return (response.headers.get(name) or b"").decode("latin-1")


def forget_secrets(request: Request) -> None:
    """Take off *request* what must not be kept with it: the token, and the login of a proxy, which is found anew."""
    request.headers.pop("Authorization", None)
    request.headers.pop("Proxy-Authorization", None)
    if request.meta.pop("_auth_proxy", None) is not None:
        request.meta.pop("proxy", None)
        request.meta.pop("_scheme_proxy", None)


def report_failure(crawler: Crawler, reason: str) -> None:
    """Report once in the log, and in the summary, why a crawl cannot do its job."""
    if crawler.stats.get_value(FAILURE_STAT) != reason:
        logger.error(reason)
        crawler.stats.set_value(FAILURE_STAT, reason)


def end_crawl(crawler: Crawler, reason: str) -> None:
    """End the crawl as after Ctrl-C, with the *reason* reported."""
    if not crawler.stats.get_value(FAILURE_STAT):
        report_failure(crawler, reason)
        deferred_from_coro(crawler.engine.close_spider_async(reason="stopped"))
