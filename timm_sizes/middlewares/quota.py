"""The Hub's quota, spent up to the last request of a window, then waited for."""

from __future__ import annotations

import logging
import time
from typing import NoReturn

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.utils.asyncio import CallLaterResult, call_later

from timm_sizes.hub.quota import Budget, parse_rate_limit, parse_retry_after
from timm_sizes.middlewares.messages import HubMiddleware, end_crawl, forget_secrets, header_text
from timm_sizes.stats import RATE_LIMIT_STAT, REQUESTS_STAT, RESUMES_AT_STAT

logger = logging.getLogger(__name__)


class HubQuota(HubMiddleware):
    """Spends the Hub's quota up to the last request of a window, then holds the crawl until the next one.

    A request that finds no room goes back to the scheduler and the engine is paused, so that Ctrl-C during the wait
    stops at once and loses nothing. A 429 that comes all the same is waited out and the request sent again, not counted
    as a retry; after LONGEST_REFUSAL seconds of nothing else the crawl ends, and at once where a longer wait is wanted.
    Cached answers do not come through here.

    While the engine is paused, a wake-up is set or a request is in flight whose answer will set one: a budget without
    requests in flight has room, or knows when it will (Budget.opens_at).
    """

    LONGEST_REFUSAL = 900.0

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._budgets: dict[str, Budget] = {}
        # Cached answers and requests that another middleware stopped come back by here too, and were never sent.
        self._sent: dict[Request, Budget] = {}
        self._wake_up: CallLaterResult | None = None
        crawler.signals.connect(self._cancel_wake_up, signal=signals.spider_closed)

    def process_request(self, request: Request) -> Request | None:
        address, now = self._address(request), time.monotonic()
        if address is None:
            return None
        if address.bucket not in self._budgets:
            self._budgets[address.bucket] = self._new_budget(address.bucket)
        budget = self._budgets[address.bucket]
        if not budget.take(now):
            self._hold(budget, now)
            return _to_send_again(request)
        self._sent[request] = budget
        self._crawler.stats.inc_value(REQUESTS_STAT)
        return None

    def process_response(self, request: Request, response: Response) -> Response | Request:
        budget = self._sent.pop(request, None)
        if budget is None:
            return response
        budget.ended()
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
        if (wait or 0.0) > self.LONGEST_REFUSAL:
            self._give_up(f"the Hub wants no request for {wait:.0f} s (Retry-After)")
        if budget.refused_for(now) >= self.LONGEST_REFUSAL:
            self._give_up(f"the Hub has refused every request for {self.LONGEST_REFUSAL / 60:.0f} minutes")
        self._hold(budget, now)
        return _to_send_again(request)

    def process_exception(self, request: Request, exception: Exception) -> None:
        budget = self._sent.pop(request, None)
        if budget is not None:
            budget.ended()
            self._resume_or_wait(budget, time.monotonic())

    def _new_budget(self, bucket: str) -> Budget:
        """Return the budget of a *bucket*: this crawl's own, or one counted in Redis with other machines."""
        url, name = self._crawler.settings["REDIS_URL"], self._crawler.settings["HUB_QUOTA_NAME"]
        if not (url and name):
            return Budget()
        from timm_sizes.distributed.quota import shared_budget  # noqa: PLC0415 - needs packages that only this needs

        return shared_budget(url, name, bucket)

    def _give_up(self, reason: str) -> NoReturn:
        end_crawl(self._crawler, reason)
        raise IgnoreRequest(reason)

    def _resume_or_wait(self, budget: Budget, now: float) -> None:
        if not self._crawler.engine.paused:
            return
        if budget.has_room(now):
            self._resume()
        else:
            self._hold(budget, now)

    def _hold(self, budget: Budget, now: float) -> None:
        self._crawler.engine.pause()
        opens_at, resumes_at = budget.opens_at(now), self._crawler.stats.get_value(RESUMES_AT_STAT)
        if opens_at is None or (resumes_at is not None and resumes_at >= opens_at):
            return
        wait = max(0.0, opens_at - now)
        if resumes_at is None:
            what = "The Hub refuses requests" if now < budget.refused_until else "The Hub's quota is used up"
            logger.info("%s: resuming in %.0f s", what, wait)
        self._cancel_wake_up()
        self._crawler.stats.set_value(RESUMES_AT_STAT, opens_at)
        self._wake_up = call_later(wait, self._resume)

    def _resume(self) -> None:
        self._cancel_wake_up()
        self._crawler.stats.set_value(RESUMES_AT_STAT, None)
        engine = self._crawler.engine
        engine.unpause()
        # unpause() alone takes effect with the engine's next heartbeat, up to 5 s later: scheduling a request wakes it.
        request = engine.scheduler.next_request() if engine.scheduler is not None else None
        if request is not None:
            engine.crawl(request.replace(dont_filter=True))

    def _cancel_wake_up(self) -> None:
        if self._wake_up is not None:
            self._wake_up.cancel()
        self._wake_up = None


def _to_send_again(request: Request) -> Request:
    again = request.replace(dont_filter=True)
    forget_secrets(again)
    return again
