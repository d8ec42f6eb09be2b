"""Rate limits: fixed windows per client and bucket, the headers that tell of them, and the three kinds of 429."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from email.utils import formatdate

from .answers import Answer, Headers, edge_answer, error_answer
from .behaviour import Behaviour

# What the headers say when there is no limit.
UNLIMITED = 1_000_000_000
# Changing any of these starts all counts afresh.
LIMIT_OPTIONS = frozenset({"quota", "token_quota", "window", "edge_429", "other_429"})


def bucket_of(path: str) -> str:
    """The bucket the Hub counts a path in."""
    if "/resolve/" in path or "/raw/" in path or path.startswith("/api/resolve-cache/"):
        return "resolvers"
    return "api" if path.startswith("/api/") else "pages"


@dataclass(frozen=True)
class Client:
    """Who asks, as far as limits go: a token the Hub knows, or else an address."""

    ip: str
    token: str | None

    @property
    def identity(self) -> str:
        return self.token or self.ip


@dataclass(frozen=True)
class Allowance:
    """What is left to a client in its current window, this request already counted."""

    bucket: str
    quota: int
    remaining: int
    resets_in: float
    granted: bool


class Limits:
    """Counts the requests of every client; its windows open with the client's first request, not by the clock."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}
        self._requests = 0

    def refused_at_edge(self) -> bool:
        """Whether the CDN refuses this request; it does so before the Hub could count it."""
        self._requests += 1
        return _is_turn(self._requests, self.behaviour.edge_429)

    def refused_otherwise(self) -> bool:
        return _is_turn(self._requests, self.behaviour.other_429)

    def take(self, client: Client, bucket: str) -> Allowance:
        """Count one request; a refused one does not prolong the window."""
        quotas = self.behaviour.token_quota if client.token else self.behaviour.quota
        limit = quotas.get(bucket)
        quota = UNLIMITED if limit is None else limit
        now = time.monotonic()
        opened, count = self._windows.get((client.identity, bucket), (now, 0))
        if now - opened >= self.behaviour.window:
            opened, count = now, 0
        count += 1
        self._windows[client.identity, bucket] = opened, count
        resets_in = opened + self.behaviour.window - now
        return Allowance(bucket, quota, max(quota - count, 0), resets_in, granted=count <= quota)

    def headers(self, allowance: Allowance) -> Headers:
        if self.behaviour.rate_headers is False:
            return ()
        if self.behaviour.rate_headers == "nonsense":
            return (("RateLimit", "limit=soon, remaining=-1; reset=NaN"), ("RateLimit-Policy", ";;q=;w="))
        bucket, window = allowance.bucket, math.ceil(self.behaviour.window)
        rounded = math.floor if self.behaviour.t_rounding == "floor" else math.ceil
        return (
            ("RateLimit", f'"{bucket}";r={allowance.remaining};t={rounded(allowance.resets_in)}'),
            ("RateLimit-Policy", f'"fixed window";"{bucket}";q={allowance.quota};w={window}'),
        )

    def over_quota(self, client: Client, allowance: Allowance, *, api: bool) -> Answer:
        """The 429 of a client that has used up its window."""
        message = (
            f"We had to rate limit your IP ({client.ip}). To continue using our service, create a HF account or login "
            "to your existing account, and make sure you pass a HF_TOKEN if you're using the API."
        )
        if client.token:
            message = (
                f"We had to rate limit you, you hit the quota of {allowance.quota} {allowance.bucket} requests per "
                f"{self.behaviour.window / 60:g} minutes period. Upgrade to a PRO user or Team/Enterprise "
                "organization account (https://hf.co/pricing) to get higher limits. "
                "See https://huggingface.co/docs/hub/rate-limits"
            )
        return error_answer(429, message, api=api, headers=self.retry_after(allowance.resets_in))

    def edge_refusal(self) -> Answer:
        """The 429 of the CDN."""
        return edge_answer(429, "Too Many Requests", headers=self.retry_after(1))

    def other_refusal(self) -> Answer:
        """The 429 of a limit that has nothing to do with the window, which still has requests left."""
        message = "You have been rate limited; you can retry this action in a moment."
        return error_answer(429, message, api=False, headers=self.retry_after(1))

    def retry_after(self, seconds: float) -> Headers:
        wanted = self.behaviour.retry_after
        if wanted is None:
            return ()
        if wanted == "http-date":
            return (("Retry-After", formatdate(time.time() + math.ceil(seconds), usegmt=True)),)
        return (("Retry-After", f"{wanted:g}" if isinstance(wanted, (int, float)) else wanted),)


def _is_turn(count: int, every: int | None) -> bool:
    return every is not None and every > 0 and count % every == 0
