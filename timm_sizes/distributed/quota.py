"""One quota for several machines: each request is counted in Redis before it is sent.

The Hub counts by address or token; machines that share either set the same HUB_QUOTA_NAME.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from timm_sizes.hub.quota import Budget, RateLimit

logger = logging.getLogger(__name__)

# Redis is queried between two requests to the Hub, so nobody waits long for it; and not again soon if it is away.
_LONGEST_ANSWER = 1.0
_PAUSE_WITHOUT_REDIS = 15.0
# The Hub's window opens when a request gets there, Redis's when it leaves: so much later both have certainly ended.
_MARGIN = 2


class Counter:
    """The requests of all machines under the quota *name*, in one *bucket*, counted in fixed windows in Redis.

    How many there may be in how many seconds is what the Hub has said to any of them. While Redis is away nothing is
    counted, and there always seems to be room.
    """

    def __init__(self, url: str, name: str, bucket: str) -> None:
        # A digest, so that a token that was taken for a name does not get into Redis.
        self._key = f"timm_sizes:quota:{sha256(name.encode()).hexdigest()[:16]}:{bucket}"
        self._policy: tuple[int, int] | None = None
        self._away_until = 0.0
        # Sent before the policy was known.
        self._uncounted = 0
        self._redis = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_LONGEST_ANSWER,
            socket_connect_timeout=_LONGEST_ANSWER,
        )

    def policy(self) -> tuple[int, int] | None:
        """Return the quota and its window in seconds, None until any machine has heard of them from the Hub."""
        if self._policy is None:
            with self._redis_if_there() as redis:
                if redis is not None and (said := redis.get(self._key)):
                    quota, window = map(int, said.split())
                    self._policy = quota, window
        return self._policy

    def learn(self, quota: int, window: int) -> None:
        """Take in that the Hub allows *quota* requests in *window* seconds."""
        if (quota, window) == self._policy:
            return
        with self._redis_if_there() as redis:
            if redis is not None:
                redis.set(self._key, f"{quota} {window}")
                if self._uncounted:
                    self._count(redis, quota, window, self._uncounted)
                self._policy, self._uncounted = (quota, window), 0

    def take(self) -> float:
        """Count a request; return 0 if it may be sent, else in how many seconds there will be room again."""
        policy = self.policy()
        if policy is None:
            self._uncounted += 1
            return 0.0
        with self._redis_if_there() as redis:
            if redis is not None:
                count, seconds_left = self._count(redis, *policy)
                return 0.0 if count <= policy[0] else seconds_left
        return 0.0

    def _count(self, redis: Redis, quota: int, window: int, requests: int = 1) -> tuple[int, float]:
        """Count *requests*; return how many there are in the window that is open now, and the seconds until its end."""
        key = f"{self._key}:{quota}/{window}"
        with redis.pipeline() as transaction:
            transaction.set(key, 0, ex=window + _MARGIN, nx=True)
            transaction.incrby(key, requests)
            transaction.pttl(key)
            _, count, milliseconds_left = transaction.execute()
        return count, max(1, milliseconds_left) / 1000

    @contextmanager
    def _redis_if_there(self) -> Iterator[Redis | None]:
        """Give the connection, None while Redis is away; an error in the ``with`` block says that it is."""
        try:
            yield self._redis if time.monotonic() >= self._away_until else None
        except RedisError as error:
            if not self._away_until:
                logger.warning("Requests are not counted with the other machines': Redis: %s", error)
            self._away_until = time.monotonic() + _PAUSE_WITHOUT_REDIS


@dataclass
class SharedBudget(Budget):
    """A budget that others spend as well: besides what the Hub's answers leave, what *counter* leaves."""

    counter: Counter = field(kw_only=True)

    def take(self, now: float) -> bool:
        wait = self.counter.take() if self.has_room(now) else 0.0
        if wait:
            # As after an answer that leaves nothing: no room until then, and the first request goes alone.
            self.remaining, self.ends_at = 0, now + wait
        return super().take(now)

    def learn(self, said: RateLimit, now: float) -> None:
        super().learn(said, now)
        if said.quota is not None and said.window is not None:
            self.counter.learn(said.quota, said.window)


def shared_budget(url: str, name: str, bucket: str) -> SharedBudget:
    """Return the budget of *bucket* under the quota *name* that is counted in the Redis at *url*."""
    counter = Counter(url, name, bucket)
    # Until the Hub has said what its quota is, requests go one by one.
    return SharedBudget(counter=counter, remaining=None if counter.policy() else 1)
