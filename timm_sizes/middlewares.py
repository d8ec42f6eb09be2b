"""Downloader middlewares between the crawl and the Hub: the token goes on, the quota is kept, redirects stay there."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.utils.asyncio import call_later

from timm_sizes.hub.quota import Budget, bucket_of, parse_rate_limit, parse_retry_after
from timm_sizes.hub.token import may_carry_token, read_token

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.utils.asyncio import CallLaterResult

logger = logging.getLogger(__name__)

_REDIRECTS = (301, 302, 303, 307, 308)
TOKEN_META = "token_sent"


class HubAuth:
    """Puts the user's token on requests to the Hub itself, and takes it off again before anything can keep it.

    The token is read from the environment here and not from a setting, so that ``scrapy settings`` cannot print it.
    """

    def __init__(self, token: str, endpoint: str) -> None:
        self._header = f"Bearer {token}"
        self._endpoint = endpoint

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        token = read_token(os.environ)
        if token is None:
            raise NotConfigured
        return cls(token, crawler.settings["HF_ENDPOINT"])

    def process_request(self, request: Request) -> None:
        request.meta.pop(TOKEN_META, None)
        if may_carry_token(request.url, self._endpoint):
            request.headers["Authorization"] = self._header
            request.meta[TOKEN_META] = True

    def process_response(self, request: Request, response: Response) -> Response:
        request.headers.pop("Authorization", None)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        request.headers.pop("Authorization", None)


class HubQuota:
    """Spends the Hub's quota up to the last request of a window, then holds the crawl until the next one.

    A request that finds no room goes back to the scheduler and the engine is paused, so that Ctrl-C during the wait
    stops at once and loses nothing. A 429 that comes all the same is waited out and asked again, not counted as a
    retry. Cached answers do not come through here.
    """

    # Refusals that say nothing of when they end (the CDN's) are asked again so often, waits growing to a minute.
    MOST_REFUSALS = 12

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._prefix = f"{crawler.settings['HF_ENDPOINT']}/"
        self._budgets: dict[str, Budget] = {}
        self._sent: set[Request] = set()
        self._wake_up: CallLaterResult | None = None
        self.resumes_at: float | None = None  # on time.monotonic's clock, while the crawl waits

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    def process_request(self, request: Request) -> Request | None:
        budget = self._budget(request)
        if budget is None:
            return None
        now = time.monotonic()
        if not budget.has_room(now):
            self._hold(budget, now)
            return request.replace(dont_filter=True)
        self._sent.add(request)
        budget.sent()
        self._crawler.stats.inc_value("timm_sizes/requests")
        return None

    def process_response(self, request: Request, response: Response) -> Response | Request:
        budget = self._ended(request)
        if budget is None:
            return response
        now = time.monotonic()
        said = parse_rate_limit(header_text(response, "RateLimit"), header_text(response, "RateLimit-Policy"))
        if said is not None:
            budget.learn(said, now)
        if response.status != 429:
            budget.accepted(said)
            self._resume_if_room(budget, now)
            return response
        self._crawler.stats.inc_value("timm_sizes/refusals")
        if said is None or said.remaining:
            wait = parse_retry_after(header_text(response, "Retry-After"), time.time())
            budget.refused(wait, now)
        self._hold(budget, now)
        return self._again(request) or response

    def process_exception(self, request: Request, exception: Exception) -> None:
        budget = self._ended(request)
        if budget is not None:
            self._resume_if_room(budget, time.monotonic())

    def spider_closed(self) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()

    def _budget(self, request: Request) -> Budget | None:
        if not request.url.startswith(self._prefix):
            return None
        return self._budgets.setdefault(bucket_of(request.url), Budget())

    def _ended(self, request: Request) -> Budget | None:
        # Cached answers and requests that another middleware stopped come by here too, and were never sent.
        if request not in self._sent:
            return None
        self._sent.remove(request)
        budget = self._budgets[bucket_of(request.url)]
        budget.ended()
        return budget

    def _again(self, request: Request) -> Request | None:
        refusals = request.meta.get("refusals", 0) + 1
        if refusals > self.MOST_REFUSALS:
            return None
        return request.replace(dont_filter=True, meta={**request.meta, "refusals": refusals})

    def _hold(self, budget: Budget, now: float) -> None:
        opens_at = budget.opens_at(now)
        if not self._crawler.engine.paused:
            self._crawler.engine.pause()
        if opens_at is None or (self.resumes_at is not None and self.resumes_at >= opens_at):
            return
        if self._wake_up is not None:
            self._wake_up.cancel()
        wait = max(0.0, opens_at - now)
        if self.resumes_at is None:
            logger.info("The Hub's quota is used up: the crawl goes on in %.0f s", wait)
        self.resumes_at = opens_at
        self._wake_up = call_later(wait, self._resume)

    def _resume_if_room(self, budget: Budget, now: float) -> None:
        if self._crawler.engine.paused and budget.has_room(now):
            self._resume()

    def _resume(self) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()
        self._wake_up, self.resumes_at = None, None
        engine = self._crawler.engine
        engine.unpause()
        # unpause() alone takes effect with the engine's next heartbeat, up to 5 s later: scheduling a request wakes it.
        request = engine.scheduler.next_request() if engine.scheduler is not None else None
        if request is not None:
            engine.crawl(request.replace(dont_filter=True))


class SameHost:
    """Lets a redirect be followed on its own host only: a renamed repo stays at the Hub, and nothing else is asked.

    The request is exempted from the duplicate filter on the way, which would drop a redirect to a repo that was asked
    already, or in a loop, without a word, and the name with it.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get("Location")
        if response.status in _REDIRECTS and location is not None:
            target = urlsplit(response.urljoin(location.decode("latin-1")))
            if target.hostname != urlsplit(request.url).hostname:
                raise IgnoreRequest(f"redirected to another host ({target.hostname})")
            request.dont_filter = True
        return response


def header_text(response: Response, name: str) -> str:
    """Return the header *name* of *response* as text, "" if it has none."""
    return (response.headers.get(name) or b"").decode("latin-1")
