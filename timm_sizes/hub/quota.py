"""The Hub's quota as a budget: what its ``RateLimit`` headers leave, and until when to hold further requests.

The Hub counts requests in fixed windows, opened by a client's own first request, one count a bucket ("api", "pages",
"resolvers"); see https://huggingface.co/docs/hub/rate-limits. Times here are seconds of one monotonic clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import ceil

_LIMIT = re.compile(r'"(\w{1,40})"\s*;\s*r\s*=\s*(\d{1,9})\s*;\s*t\s*=\s*(\d{1,20})(?!\d)', re.ASCII)
_POLICY = re.compile(r"\bq\s*=\s*(\d{1,9})(?!\d)[^,]{0,40}?;\s*w\s*=\s*(\d{1,6})(?!\d)", re.ASCII)
_SECONDS = re.compile(r"\d{1,6}", re.ASCII)

LONGEST_WAIT = 900.0  # the Hub's window has 300 s: a header that says more than three of them is nonsense
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 60.0


@dataclass(frozen=True)
class RateLimit:
    """What one answer says: ``remaining`` requests in ``bucket`` for ``resets_in`` seconds; and the window's policy."""

    bucket: str
    remaining: int
    resets_in: int
    quota: int | None = None
    window: int | None = None


def parse_rate_limit(limit: str, policy: str = "") -> RateLimit | None:
    """Read the headers ``RateLimit: "api";r=495;t=23`` and ``RateLimit-Policy: "fixed window";"api";q=500;w=300``.

    Returns None where the first is missing or not of that form; a policy that is not leaves quota and window None.
    """
    said = _LIMIT.search(limit)
    if said is None or int(said[3]) > LONGEST_WAIT:
        return None
    rule = _POLICY.search(policy)
    quota, window = (int(rule[1]), int(rule[2])) if rule else (None, None)
    if not quota or not window or window > LONGEST_WAIT:
        quota, window = None, None
    return RateLimit(said[1], int(said[2]), int(said[3]), quota, window)


def parse_retry_after(value: str, now_utc: float) -> float | None:
    """Return the seconds that a ``Retry-After`` header says to wait (a number or an HTTP date).

    *now_utc* is the time since the epoch, for the date form. None where the header is missing or makes no sense.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now_utc)
    except (ValueError, TypeError, OverflowError):
        return None


def backoff(refusals: int) -> float:
    """Return the seconds to wait after the *refusals*-th 429 in a row that does not say how long: 1, 2, 4 … 60."""
    return min(_FIRST_BACKOFF * 2.0 ** min(refusals - 1, 10), _LONGEST_BACKOFF)


def seconds_for(requests: int, said: RateLimit) -> float:
    """Return the least seconds that so many more *requests* take under the quota that an answer *said*."""
    over = requests - said.remaining
    if over <= 0 or not said.quota or not said.window:
        return 0.0
    return said.resets_in + (ceil(over / said.quota) - 1) * said.window


@dataclass
class Budget:
    """One bucket's budget, kept so that the window is used up to its last request and never beyond.

    Of the requests that are in flight none may have been counted yet when an answer says ``r``, so what is left is
    the smallest ``r`` of the window less those in flight. The window's end is known to a second only (``t`` is a
    whole number, and whether it is rounded up or down is not documented): ``ends_at`` is the earliest time that is
    certainly past it, and exact where an answer shows that our own request opened the window. By then the next window
    may have begun and be in use, so its first request goes alone, and its answer says what is left.
    """

    in_flight: int = 0
    remaining: int | None = None
    ends_at: float | None = None
    refusals: int = 0
    refused_since: float | None = None
    refused_until: float = 0.0

    def take(self, now: float) -> bool:
        """Count a request that goes out at *now*, if there is room for it; return whether there was."""
        if not self.has_room(now):
            return False
        self.sent()
        return True

    def sent(self) -> None:
        """Count a request that goes out."""
        self.in_flight += 1

    def ended(self) -> None:
        """Count a request that has come back, with an answer or without."""
        self.in_flight -= 1

    def learn(self, said: RateLimit, now: float) -> None:
        """Take in what an answer that arrived at *now* says."""
        self._roll_over(now)
        end = now + said.resets_in + 1.0
        if said.quota is not None and said.window is not None and said.remaining == said.quota - 1:
            end = min(end, now + said.window)
        if self.ends_at is None or self.remaining is None:
            self.ends_at, self.remaining = end, said.remaining
        else:
            self.ends_at, self.remaining = min(self.ends_at, end), min(self.remaining, said.remaining)

    def accepted(self, said: RateLimit | None) -> None:
        """Take in that an answer is no refusal; one that *said* nothing comes from a Hub that keeps no count."""
        self.refusals, self.refused_since = 0, None
        if said is None:
            self.ends_at = self.remaining = None

    def refused(self, wait: float | None, now: float, *, is_used_up: bool = False) -> None:
        """Take in a 429 that says to *wait* so many seconds, or does not say; one of a quota *is_used_up* has said it.

        Where waiting for so long has not helped, as after a ``Retry-After: 0``, the wait is the backoff's at least.
        The others that were in flight at the time are refused along with the first: they do not lengthen the wait.
        """
        if self.refused_since is None:
            self.refused_since = now
        if is_used_up:
            return
        if now >= self.refused_until:
            self.refusals += 1
        self.refused_until = max(self.refused_until, now + max(wait or 0.0, backoff(self.refusals)))

    def refused_for(self, now: float) -> float:
        """Return for how many seconds there has been nothing but refusals; the wait still to come is none of it."""
        return 0.0 if self.refused_since is None else now - self.refused_since

    def has_room(self, now: float) -> bool:
        """Return whether one more request may be sent at *now*."""
        self._roll_over(now)
        return now >= self.refused_until and (self.remaining is None or self.remaining > self.in_flight)

    def opens_at(self, now: float) -> float | None:
        """Return when there will be room, at the latest; None if that hangs on the answers that are under way."""
        if self.has_room(now):
            return now
        if now < self.refused_until:
            return self.refused_until
        return self.ends_at

    def _roll_over(self, now: float) -> None:
        if self.ends_at is not None and now >= self.ends_at:
            self.ends_at, self.remaining = None, 1
