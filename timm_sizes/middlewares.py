"""Downloader middlewares between the crawl and the Hub: the token goes on, the quota is kept, redirects stay there."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from scrapy import signals
from scrapy.exceptions import IgnoreRequest
from scrapy.utils.asyncio import call_later
from scrapy.utils.defer import deferred_from_coro

from timm_sizes.errors import FAILURE_STAT
from timm_sizes.hub.connection import PROXY_LOGIN, Cause, connection_cause, is_connection_failure
from timm_sizes.hub.endpoints import origin, parse_endpoint, rebase
from timm_sizes.hub.quota import Budget, bucket_of, parse_rate_limit, parse_retry_after
from timm_sizes.hub.responses import HubResponse
from timm_sizes.hub.token import may_carry_token, read_token

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.utils.asyncio import CallLaterResult

logger = logging.getLogger(__name__)

_REDIRECTS = (301, 302, 303, 307, 308)
_TOKEN_META = "token_sent"
# Stats that others read: until when the crawl waits (on time.monotonic's clock, or None), and the last RateLimit with
# the time at which it came.
RESUMES_AT_STAT = "timm_sizes/resumes_at"
RATE_LIMIT_STAT = "timm_sizes/rate_limit"


class HubAuth:
    """Puts the user's token on requests to the Hub itself, and takes it off again before anything can keep it.

    So with the login of a proxy, which HttpProxyMiddleware puts on. The token is read from the environment here and
    not from a setting, so that ``scrapy settings`` cannot print it.
    """

    def __init__(self, token: str | None, endpoint: str) -> None:
        self._token = token
        self._endpoint = endpoint

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(read_token(os.environ), parse_endpoint(crawler.settings["HF_ENDPOINT"]))

    def process_request(self, request: Request) -> None:
        request.meta.pop(_TOKEN_META, None)
        in_clear_text = urlsplit(request.url).scheme == "http" and request.meta.get("proxy") is not None
        if self._token and may_carry_token(request.url, self._endpoint) and not in_clear_text:
            request.headers["Authorization"] = f"Bearer {self._token}"
            request.meta[_TOKEN_META] = True

    def process_response(self, request: Request, response: Response) -> Response:
        forget_secrets(request)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        forget_secrets(request)


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


class HubQuota:
    """Spends the Hub's quota up to the last request of a window, then holds the crawl until the next one.

    A request that finds no room goes back to the scheduler and the engine is paused, so that Ctrl-C during the wait
    stops at once and loses nothing. A 429 that comes all the same is waited out and the request sent again, not counted
    as a retry; after LONGEST_REFUSAL of nothing else the crawl ends. Cached answers do not come through here.

    While the engine is paused, a wake-up is set or a request is in flight whose answer will set one: a budget without
    requests in flight has room, or knows when it will (Budget.opens_at).
    """

    LONGEST_REFUSAL = 900.0

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._endpoint = parse_endpoint(crawler.settings["HF_ENDPOINT"])
        self._budgets: dict[str, Budget] = {}
        self._sent: set[Request] = set()
        self._wake_up: CallLaterResult | None = None
        self._resumes_at: float | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    def new_budget(self, bucket: str) -> Budget:
        """Return what keeps count of the requests in *bucket*."""
        return Budget()

    def process_request(self, request: Request) -> Request | None:
        budget = self._budget(request)
        if budget is None:
            return None
        now = time.monotonic()
        if not budget.take(now):
            self._hold(budget, now)
            return _to_send_again(request)
        self._sent.add(request)
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
            self._crawler.stats.set_value(RATE_LIMIT_STAT, (said, now))
        if response.status != 429:
            budget.accepted(said)
            self._resume_or_wait(budget, now)
            return response
        self._crawler.stats.inc_value("timm_sizes/refusals")
        is_used_up = said is not None and not said.remaining
        wait = None if is_used_up else parse_retry_after(header_text(response, "Retry-After"), time.time())
        budget.refused(wait, now, is_used_up=is_used_up)
        if budget.refused_for(now) > self.LONGEST_REFUSAL:
            minutes = self.LONGEST_REFUSAL / 60
            end_crawl(self._crawler, f"the Hub has refused every request for {minutes:.0f} minutes")
            raise IgnoreRequest("refused for too long")
        self._hold(budget, now)
        return _to_send_again(request)

    def process_exception(self, request: Request, exception: Exception) -> None:
        budget = self._ended(request)
        if budget is not None:
            self._resume_or_wait(budget, time.monotonic())

    def spider_closed(self) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()

    def _budget(self, request: Request) -> Budget | None:
        bucket = bucket_of(request.url, self._endpoint)
        if bucket and bucket not in self._budgets:
            self._budgets[bucket] = self.new_budget(bucket)
        return self._budgets[bucket] if bucket else None

    def _ended(self, request: Request) -> Budget | None:
        # Cached answers and requests that another middleware stopped come by here too, and were never sent.
        if request not in self._sent:
            return None
        self._sent.remove(request)
        budget = self._budget(request)
        if budget is not None:
            budget.ended()
        return budget

    def _hold(self, budget: Budget, now: float) -> None:
        if not self._crawler.engine.paused:
            self._crawler.engine.pause()
        self._wake_at(budget, now)

    def _resume_or_wait(self, budget: Budget, now: float) -> None:
        if self._crawler.engine.paused:
            if budget.has_room(now):
                self._resume()
            else:
                self._wake_at(budget, now)

    def _wake_at(self, budget: Budget, now: float) -> None:
        opens_at = budget.opens_at(now)
        if opens_at is None or (self._resumes_at is not None and self._resumes_at >= opens_at):
            return
        if self._wake_up is not None:
            self._wake_up.cancel()
        wait = max(0.0, opens_at - now)
        if self._resumes_at is None:
            what = "The Hub refuses requests" if now < budget.refused_until else "The Hub's quota is used up"
            logger.info("%s: the crawl goes on in %.0f s", what, wait)
        self._set_resumes_at(opens_at)
        self._wake_up = call_later(wait, self._resume)

    def _resume(self) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()
        self._wake_up = None
        self._set_resumes_at(None)
        engine = self._crawler.engine
        engine.unpause()
        # unpause() alone takes effect with the engine's next heartbeat, up to 5 s later: scheduling a request wakes it.
        request = engine.scheduler.next_request() if engine.scheduler is not None else None
        if request is not None:
            engine.crawl(request.replace(dont_filter=True))

    def _set_resumes_at(self, moment: float | None) -> None:
        self._resumes_at = moment
        self._crawler.stats.set_value(RESUMES_AT_STAT, moment)


class SameOrigin:
    """Lets a redirect be followed on its own origin only: a renamed repo stays at the Hub, and nothing else is asked.

    Never to a model file, which would count as its download. The request is exempted from the duplicate filter on the
    way, which would drop a redirect to a repo that was requested already, or in a loop, without a word, and the name
    with it.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(parse_endpoint(crawler.settings["HF_ENDPOINT"]))

    def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get("Location")
        if response.status not in _REDIRECTS or location is None:
            return response
        try:
            target = response.urljoin(location.decode("latin-1"))
            asked, redirected = origin(request.url), origin(target)
        except ValueError:
            raise IgnoreRequest("redirected to what is no address") from None
        if redirected != asked:
            what = "host" if redirected[1] != asked[1] else "scheme or port"
            raise IgnoreRequest(f"redirected to another {what} ({redirected[1]})")
        if request.url.startswith(f"{self._endpoint}/"):
            target = rebase(target, self._endpoint)
            if "/resolve/" in unquote(urlsplit(target).path):
                raise IgnoreRequest("redirected to a model file, whose request would count as a download")
        request.dont_filter = True
        return response.replace(headers={**response.headers, "Location": target})


def hub_response(response: Response) -> HubResponse:
    """Return *response* as hub/ takes it."""
    headers = {name.decode("latin-1").lower(): header_text(response, name) for name in response.headers}
    had_token = response.request is not None and bool(response.request.meta.get(_TOKEN_META))
    return HubResponse(response.url, response.status, headers, response.body, had_token)


def header_text(response: Response, name: str | bytes) -> str:
    """Return the header *name* of *response* as text, "" if it has none."""
    return (response.headers.get(name) or b"").decode("latin-1")


def forget_secrets(request: Request) -> None:
    """Take off *request* what must not be kept with it: the token, and the login of a proxy, which is found anew."""
    request.headers.pop("Authorization", None)
    request.headers.pop("Proxy-Authorization", None)
    if request.meta.pop("_auth_proxy", None) is not None:
        request.meta.pop("proxy", None)
        request.meta.pop("_scheme_proxy", None)


def end_crawl(crawler: Crawler, reason: str) -> None:
    """End the crawl as after Ctrl-C, with *reason* in the log and the summary."""
    if not crawler.stats.get_value(FAILURE_STAT):
        logger.error(reason)
        crawler.stats.set_value(FAILURE_STAT, reason)
        deferred_from_coro(crawler.engine.close_spider_async(reason="stopped"))


def _to_send_again(request: Request) -> Request:
    again = request.replace(dont_filter=True)
    forget_secrets(again)
    return again
