"""One quota for several machines: each request is counted in Redis before it is sent.

The Hub counts by address or token; machines that share either set the same HUB_QUOTA_NAME.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from hashlib import sha256
from math import ceil

from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from timm_sizes.hub.quota import Budget, RateLimit

logger = logging.getLogger(__name__)

_NAMESPACE = "timm_sizes"
# Redis is asked between two requests to the Hub, so nobody waits long for it; and not again soon if it is away.
_LONGEST_ANSWER = 1.0
_PAUSE_WITHOUT_REDIS = 15.0
# The Hub's window opens when a request gets there, Redis's when it leaves: a second later both have certainly ended.
_MARGIN = 1


class Counter:
    """The requests of all machines under the quota *name*, in one *bucket*, counted in fixed windows in Redis.

    How many there may be in how many seconds is what the Hub has said to any of them. While Redis is away nothing is
    counted, and there always seems to be room.
    """

    def __init__(self, url: str, name: str, bucket: str) -> None:
        # A digest, so that a token that was taken for a name does not get into Redis.
        key = sha256(name.encode()).hexdigest()[:16]
        self._identifiers = (key, bucket)
        self._policy_key = f"{_NAMESPACE}:policy:{key}:{bucket}"
        self._item: RateLimitItemPerSecond | None = None
        self._away_until = 0.0
        # Sent before the policy was known.
        self._uncounted = 0
        self._redis = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_LONGEST_ANSWER,
            socket_connect_timeout=_LONGEST_ANSWER,
        )
        self._limiter = FixedWindowRateLimiter(RedisStorage(url, connection_pool=self._redis.connection_pool))

    def knows_policy(self) -> bool:
        """Return whether requests can be counted: any machine has heard from the Hub what its quota is."""
        if self._item is None and self._has_redis():
            try:
                self._read_policy()
            except RedisError as error:
                self._without_redis(error)
        return self._item is not None

    def learn(self, quota: int, window: int) -> None:
        """Take in that the Hub allows *quota* requests in *window* seconds."""
        item = RateLimitItemPerSecond(quota, window + _MARGIN, namespace=_NAMESPACE)
        if item == self._item or not self._has_redis():
            return
        try:
            self._redis.set(self._policy_key, f"{quota} {window}")
            if self._uncounted:
                self._limiter.hit(item, *self._identifiers, cost=self._uncounted)
        except RedisError as error:
            self._without_redis(error)
            return
        self._item, self._uncounted = item, 0

    def take(self) -> float:
        """Count a request; return 0 if it may be sent, else in how many seconds there will be room again."""
        if not self.knows_policy():
            self._uncounted += 1
            return 0.0
        if self._item is None or not self._has_redis():
            return 0.0
        try:
            if self._limiter.hit(self._item, *self._identifiers):
                return 0.0
            resets_at = self._limiter.get_window_stats(self._item, *self._identifiers).reset_time
        except RedisError as error:
            self._without_redis(error)
            return 0.0
        # Redis says it in whole seconds, rounded.
        return ceil(max(0.0, resets_at - time.time())) + 0.5

    def _read_policy(self) -> None:
        said = self._redis.get(self._policy_key)
        if said:
            quota, window = map(int, said.split())
            self._item = RateLimitItemPerSecond(quota, window + _MARGIN, namespace=_NAMESPACE)

    def _has_redis(self) -> bool:
        return time.monotonic() >= self._away_until

    def _without_redis(self, error: RedisError) -> None:
        if not self._away_until:
            logger.warning("Requests are not counted with the other machines': Redis: %s", error)
        self._away_until = time.monotonic() + _PAUSE_WITHOUT_REDIS


@dataclass
class SharedBudget(Budget):
    """A budget that others spend as well: besides what the Hub's answers leave, what *counter* leaves."""

    counter: Counter = field(kw_only=True)

    def take(self, now: float) -> bool:
        if not self.has_room(now):
            return False
        wait = self.counter.take()
        if wait:
            # As after an answer that leaves nothing: no room until then, and the first request goes alone.
            self.remaining, self.ends_at = 0, now + wait
            return False
        self.sent()
        return True

    def learn(self, said: RateLimit, now: float) -> None:
        super().learn(said, now)
        if said.quota is not None and said.window is not None:
            self.counter.learn(said.quota, said.window)


def shared_budget(url: str, name: str, bucket: str) -> SharedBudget:
    """Return the budget of *bucket* under the quota *name* that is counted in the Redis at *url*."""
    counter = Counter(url, name, bucket)
    # Until the Hub has said what its quota is, requests go one by one.
    return SharedBudget(counter=counter, remaining=None if counter.knows_policy() else 1)
