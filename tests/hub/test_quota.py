"""The quota's arithmetic: what headers say, what is left, and when it goes on."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from itertools import count
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from timm_sizes.hub.quota import (
    LONGEST_WAIT,
    Budget,
    RateLimit,
    backoff,
    parse_rate_limit,
    parse_retry_after,
)

POLICY = '"fixed window";"api";q=500;w=300'


def test_headers_of_the_hub_are_read() -> None:
    assert parse_rate_limit('"api";r=495;t=23', POLICY) == RateLimit("api", 495, 23, 500, 300)
    assert parse_rate_limit('"pages" ; r = 0 ; t = 1') == RateLimit("pages", 0, 1)


@pytest.mark.parametrize(
    "limit",
    ["", "nonsense", '"api"', '"api";r=-1;t=5', '"api";r=5', "api;r=1;t=1", '"api";r=1;t=99999', '"api";r=x;t=y'],
)
def test_nonsense_in_the_limit_says_nothing(limit: str) -> None:
    assert parse_rate_limit(limit, POLICY) is None


@pytest.mark.parametrize(
    "policy", ["", "nonsense", '"fixed window";"api";q=0;w=300', '"x";q=500;w=0', '"x";q=5;w=999999']
)
def test_nonsense_in_the_policy_leaves_the_limit(policy: str) -> None:
    assert parse_rate_limit('"api";r=495;t=23', policy) == RateLimit("api", 495, 23)


@given(st.text(), st.text())
def test_reading_headers_never_fails(limit: str, policy: str) -> None:
    said = parse_rate_limit(limit, policy)
    assert said is None or 0 <= said.resets_in <= LONGEST_WAIT


def test_retry_after_is_seconds_or_a_date() -> None:
    assert parse_retry_after("7", 0.0) == 7
    assert parse_retry_after(formatdate(1_000_030, usegmt=True), 1_000_000.0) == 30
    assert parse_retry_after(formatdate(999_000, usegmt=True), 1_000_000.0) == 0
    assert parse_retry_after("86400", 0.0) == 86400
    assert parse_retry_after("", 0.0) is None
    assert parse_retry_after("soon", 0.0) is None


@given(st.text(), st.floats(0, 1e10))
@example("0\x1f", 0.0)
def test_reading_retry_after_never_fails(value: str, now: float) -> None:
    wait = parse_retry_after(value, now)
    assert wait is None or wait >= 0


def test_waits_grow_to_a_minute() -> None:
    assert [backoff(refusals) for refusals in (1, 2, 3, 4, 7, 100)] == [1, 2, 4, 8, 60, 60]


@st.composite
def schedules(draw: st.DrawFn) -> list[tuple[float, float, bool]]:
    """Draw requests: how long after the one before they would go out, how long each takes, how t is rounded.

    No answer takes as long as half a window: of the Hub's 300 s, DOWNLOAD_TIMEOUT allows a tenth.
    """
    gap, latency = st.floats(0, 0.5), st.floats(0, 0.9)
    return draw(st.lists(st.tuples(gap, latency, st.booleans()), min_size=1, max_size=40))


@given(schedules(), st.integers(1, 20), st.integers(2, 20), st.integers(1, 8))
def test_budget_never_exceeds_a_fixed_window(
    requests: list[tuple[float, float, bool]], quota: int, window: int, concurrency: int
) -> None:
    """Play a Hub with fixed windows: after the first answer nothing that the budget lets through is refused."""
    budget, now, ids = Budget(), 100.0, count()
    opened, used = -1e9, 0
    under_way: list[tuple[float, int, RateLimit]] = []

    def arrive(until: float) -> None:
        for answer in sorted(under_way)[:]:
            if answer[0] <= until:
                under_way.remove(answer)
                budget.ended()
                budget.learn(answer[2], answer[0])

    for gap, latency, ceil in requests:
        now += gap
        arrive(now)
        while len(under_way) >= concurrency or not budget.has_room(now):
            opens_at = budget.opens_at(now)
            events = [answer[0] for answer in under_way] + ([] if opens_at is None else [opens_at])
            now = min(event for event in events if event > now)
            arrive(now)
        if now >= opened + window:
            opened, used = now, 0
        used += 1
        known = budget.remaining is not None
        assert used <= quota or not known
        left = opened + window - now
        seconds = int(left) + (1 if ceil and left > int(left) else 0)
        said = RateLimit("api", max(0, quota - used), seconds, quota, window)
        budget.sent()
        under_way.append((now + latency, next(ids), said))


def test_window_is_used_to_its_last_request() -> None:
    budget = Budget()
    for left in range(9, -1, -1):
        assert budget.has_room(0.0)
        budget.sent()
        budget.ended()
        budget.learn(RateLimit("api", left, 300, 10, 300), 0.1)
    assert not budget.has_room(0.2)
    assert budget.opens_at(0.2) == pytest.approx(
        300.1
    )  # our own request opened the window: known to the answer's delay
    assert budget.has_room(300.1)


def test_requests_in_flight_are_counted_as_if_none_was_yet() -> None:
    budget = Budget()
    for _ in range(5):
        budget.sent()
    budget.ended()
    budget.learn(RateLimit("api", 4, 100, 500, 300), 0.0)
    assert not budget.has_room(0.0)
    budget.ended()
    budget.learn(RateLimit("api", 4, 100, 500, 300), 0.0)
    assert budget.has_room(0.0)


def test_refusals_that_come_together_count_as_one() -> None:
    budget = Budget()
    for _ in range(64):
        budget.refused(None, 10.0)
    assert budget.opens_at(10.0) == 11.0
    budget.refused(None, 11.0)
    assert budget.opens_at(11.0) == 13.0
    budget.accepted(None)
    budget.refused(None, 13.0)
    assert budget.opens_at(13.0) == 14.0
    budget.refused(30.0, 13.5)
    assert budget.opens_at(13.5) == 43.5
    for wait, opens_at in ((0.0, 45.5), (0.0, 49.5), (1.0, 57.5), (20.0, 77.5)):
        budget.refused(wait, budget.refused_until)
        assert budget.refused_until == opens_at


def test_first_request_of_the_next_window_goes_alone() -> None:
    budget = Budget()
    budget.sent()
    budget.ended()
    budget.learn(RateLimit("api", 0, 10, 500, 300), 0.0)
    assert budget.opens_at(1.0) == 11.0
    assert budget.has_room(11.0)
    budget.sent()
    assert not budget.has_room(11.1)
    assert budget.opens_at(11.1) is None  # its answer will tell
    budget.ended()
    budget.learn(RateLimit("api", 60, 290, 500, 300), 11.2)  # somebody else is in this window already
    for _ in range(60):
        assert budget.has_room(11.3)
        budget.sent()
    assert not budget.has_room(11.3)


seconds = st.floats(0, 400)
limits = st.builds(
    RateLimit, st.just("api"), st.integers(0, 5), st.integers(0, 900), st.none() | st.integers(1, 6), st.just(300)
)
# What an answer does to a budget: a pause before it, then a connection that failed, a 200 or one of three kinds of 429.
answers = st.tuples(
    seconds,
    st.one_of(
        st.just(("failed", None)),
        st.tuples(st.just("accepted"), st.none() | limits),
        st.tuples(st.just("quota"), limits),
        st.tuples(st.just("refused"), st.none() | st.floats(0, 900)),
    ),
)


def take_in(budget: Budget, answer: tuple[str, Any], now: float) -> None:
    """End a request of *budget* as the middleware does."""
    kind, said = answer
    budget.ended()
    if kind == "quota":
        budget.learn(replace(said, remaining=0), now)
        budget.refused(None, now, is_used_up=True)
    elif kind == "refused":
        budget.refused(said, now)
    elif kind == "accepted":
        if said is not None:
            budget.learn(said, now)
        budget.accepted(said)


@given(st.lists(st.integers(1, 4) | answers, max_size=30))
def test_budget_with_nothing_in_flight_has_room_or_knows_when(steps: list[int | tuple[float, tuple[str, Any]]]) -> None:
    budget, now = Budget(), 50.0
    for step in steps:
        if isinstance(step, int):
            for _ in range(step):
                if budget.has_room(now):
                    budget.sent()
            continue
        now += step[0]
        if budget.in_flight:
            take_in(budget, step[1], now)
        if not budget.in_flight:
            opens_at = budget.opens_at(now)
            assert opens_at is not None
            assert now <= opens_at <= now + LONGEST_WAIT + 1
    while budget.in_flight:
        budget.ended()
    # Whatever came: it opens after two waits at the most, one for a refusal and one for the window.
    for _ in range(3):
        opens_at = budget.opens_at(now)
        assert opens_at is not None
        now = opens_at
    assert budget.has_room(now)


def test_refusals_without_end_are_counted_from_the_first_but_not_the_wait_to_come() -> None:
    budget = Budget()
    assert budget.refused_for(0.0) == 0.0
    budget.refused(900.0, 10.0)
    assert budget.refused_for(10.0) == 0.0
    budget.refused(300.0, 910.0)
    assert budget.refused_for(910.0) == 900.0
    budget.accepted(None)
    assert budget.refused_for(920.0) == 0.0
