"""The middlewares without a network: what they put on a request, when they hold the crawl, and when they end it."""

from __future__ import annotations

import logging
import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scrapy import Request
from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError, DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response

from tests.crawlers import HUB, Clock, make_crawler, response_to
from timm_sizes.hub.endpoints import model_info_url
from timm_sizes.middlewares.auth import HubAuth
from timm_sizes.middlewares.connection import ConnectionGuard
from timm_sizes.middlewares.origin import SameOrigin
from timm_sizes.middlewares.quota import HubQuota
from timm_sizes.stats import FAILURE_STAT

INFO = model_info_url(HUB, "timm/net")
USED_UP = {"RateLimit": '"api";r=0;t=299', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}
EDGE: dict[str, str] = {}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("timm_sizes")]


class Quota:
    """HubQuota with the crawl around it: requests that wait, requests in flight, answers as they come."""

    def __init__(self) -> None:
        self.crawler = make_crawler()
        self.middleware = HubQuota.from_crawler(self.crawler)
        self.engine: Any = self.crawler.engine
        self.in_flight: list[Request] = []
        self.done: list[str] = []

    @property
    def failure(self) -> str:
        return str(self.crawler.stats.get_value(FAILURE_STAT, ""))

    def add(self, count: int) -> None:
        for number in range(count):
            self.engine.crawl(Request(f"{HUB}/api/models/timm/net{number}"))

    def send(self) -> None:
        """Do what the engine does when it is not paused: take the next request through the middleware."""
        request = None if self.engine.paused else self.engine.next_request()
        if request is not None:
            again = self.middleware.process_request(request)
            if again is None:
                self.in_flight.append(request)
            else:
                self.engine.crawl(again)

    def answer(self, headers: dict[str, str] | None = None, *, status: int = 200, index: int = 0) -> None:
        request = self.in_flight.pop(index % len(self.in_flight))
        try:
            result = self.middleware.process_response(request, response_to(request, status, headers=headers))
        except IgnoreRequest:
            return
        if isinstance(result, Request):
            self.engine.crawl(result)
        else:
            self.done.append(request.url)

    def fail(self, index: int) -> None:
        request = self.in_flight.pop(index % len(self.in_flight))
        self.middleware.process_exception(request, DownloadTimeoutError())
        self.engine.crawl(request.replace(dont_filter=True))


# ---- HubQuota --------------------------------------------------------------------------------------------------------

rate_limits = st.builds('"api";r={};t={}'.format, st.integers(0, 4), st.integers(0, 400))
policies = st.sampled_from(["", '"fixed window";"api";q=5;w=300', '"fixed window";"api";q=1;w=60'])
nothing: st.SearchStrategy[dict[str, str]] = st.just({})
rate_headers = nothing | st.fixed_dictionaries({"RateLimit": rate_limits, "RateLimit-Policy": policies})
retries_after = nothing | st.fixed_dictionaries({"Retry-After": st.sampled_from(["0", "7", "300", "soon"])})
steps = st.one_of(
    st.just(("send",)),
    st.just(("timer",)),
    st.tuples(st.just("fail"), st.integers(0, 9)),
    st.tuples(st.just("answer"), st.integers(0, 9), st.sampled_from([200, 200, 404, 429]), rate_headers, retries_after),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 8), st.lists(steps, max_size=40))
def test_crawl_is_never_left_paused_without_a_wake_up_or_an_answer_to_come(
    clock: Clock, names: int, steps: list[tuple[Any, ...]]
) -> None:
    clock.timers.clear()
    quota = Quota()
    quota.add(names)
    for step in steps:
        if step[0] == "send":
            quota.send()
        elif step[0] == "timer" and clock.timers:
            clock.turn_to_next_timer()
        elif step[0] == "fail" and quota.in_flight:
            quota.fail(step[1])
        elif step[0] == "answer" and quota.in_flight:
            quota.answer({**step[3], **step[4]}, status=step[2], index=step[1])
        if quota.failure:
            return
        assert not quota.engine.paused or clock.timers or quota.in_flight
    # From here on all is well: every request gets its answer.
    for _ in range(10 * names):
        quota.send()
        if quota.in_flight:
            quota.answer()
        elif clock.timers:
            clock.turn_to_next_timer()
    assert not quota.engine.queue
    assert not quota.in_flight


def test_window_is_waited_for_and_the_log_says_why(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "timm_sizes")
    quota = Quota()
    quota.add(2)
    quota.send()
    quota.answer(USED_UP)
    quota.send()
    assert quota.engine.paused
    assert messages(caplog) == ["The Hub's quota is used up: resuming in 300 s"]
    clock.turn_to_next_timer()
    quota.send()
    assert (len(quota.in_flight), clock.now) == (1, 1300.0)


def test_refusal_of_an_edge_is_not_called_a_quota(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "timm_sizes")
    quota = Quota()
    quota.add(1)
    quota.send()
    quota.answer(status=429)
    assert messages(caplog) == ["The Hub refuses requests: resuming in 1 s"]


@pytest.mark.parametrize(
    "refusal", [USED_UP, EDGE, {"Retry-After": "300"}, {"Retry-After": "900"}, {"RateLimit": '"api";r=99;t=5'}]
)
@pytest.mark.parametrize("names", [1, 3, 60])
def test_refusals_without_end_stop_the_crawl_in_a_quarter_of_an_hour(
    clock: Clock, refusal: dict[str, str], names: int
) -> None:
    quota = Quota()
    quota.add(names)
    began = clock.now
    requests = 0
    while not quota.failure:
        while not quota.engine.paused and quota.engine.queue and len(quota.in_flight) < 64:
            quota.send()
        requests += len(quota.in_flight)
        while quota.in_flight:
            quota.answer(refusal, status=429)
        if clock.timers and not quota.failure:
            clock.turn_to_next_timer()
    assert "refused every request" in quota.failure
    assert quota.engine.closed == "stopped"
    assert HubQuota.LONGEST_REFUSAL <= clock.now - began <= HubQuota.LONGEST_REFUSAL + 60
    assert requests <= 40 * names


def test_wait_longer_than_the_limit_ends_the_crawl_at_once_and_says_how_long(clock: Clock) -> None:
    quota = Quota()
    quota.add(1)
    quota.send()
    quota.answer({"Retry-After": "3600"}, status=429)
    assert quota.failure == "the Hub wants no request for 3600 s (Retry-After)"
    assert quota.engine.closed == "stopped"


def test_an_answer_in_between_starts_the_quarter_of_an_hour_anew(clock: Clock) -> None:
    quota = Quota()
    quota.add(10)
    for _ in range(6):
        quota.send()
        quota.answer({"Retry-After": "300"}, status=429)
        clock.turn_to_next_timer()
        quota.send()
        quota.answer()
    assert not quota.failure


# ---- ConnectionGuard -------------------------------------------------------------------------------------------------


def guard() -> tuple[ConnectionGuard, Any]:
    crawler = make_crawler()
    return ConnectionGuard.from_crawler(crawler), crawler


def test_20_failures_without_an_answer_ends_the_crawl(caplog: pytest.LogCaptureFixture) -> None:
    middleware, crawler = guard()
    for _ in range(ConnectionGuard.MOST_FAILURES + 30):
        middleware.process_exception(Request(INFO), CannotResolveHostError())
    assert crawler.engine.closed == "stopped"
    (record,) = caplog.records
    assert "https://hub.example cannot be reached: the name of the host cannot be resolved (DNS)" in record.getMessage()


def test_failures_between_answers_do_not_end_it() -> None:
    middleware, crawler = guard()
    for _ in range(5):
        for _ in range(ConnectionGuard.MOST_FAILURES - 1):
            middleware.process_exception(Request(INFO), DownloadTimeoutError())
        middleware.process_response(Request(INFO), Response(INFO))
    middleware.process_exception(Request(INFO), DownloadTimeoutError())
    middleware.spider_closed()
    assert crawler.stats.get_value(FAILURE_STAT) is None


def test_few_failures_without_any_answer_are_told_at_the_end() -> None:
    middleware, crawler = guard()
    middleware.process_exception(Request(INFO), DownloadTimeoutError())
    middleware.spider_closed()
    assert "timed out" in crawler.stats.get_value(FAILURE_STAT)


@pytest.mark.parametrize(
    ("outcome", "is_retried"),
    [
        (DownloadTimeoutError(), True),
        (DownloadFailedError("certificate verify failed"), False),
        (IgnoreRequest(), True),
        (407, False),
        (503, True),
    ],
)
def test_what_would_fail_likewise_is_not_retried(outcome: Exception | int, is_retried: bool) -> None:
    middleware, _ = guard()
    request = Request(INFO)
    if isinstance(outcome, int):
        middleware.process_response(request, Response(INFO, outcome))
    else:
        middleware.process_exception(request, outcome)
    assert bool(request.meta.get("dont_retry")) is not is_retried


# ---- HubAuth and proxies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "proxy", "has_token"),
    [
        ("https://hub.example", "", True),
        ("https://hub.example", "http://user:secret@proxy:3128", True),
        ("http://127.0.0.1:8000", "", True),
        ("http://127.0.0.1:8000", "http://user:secret@proxy:3128", False),
        ("http://hub.example", "", False),
    ],
)
def test_token_and_proxy_login_are_on_a_request_only_while_it_is_under_way(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, proxy: str, has_token: bool
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("no_proxy", "")
    crawler = make_crawler(HF_ENDPOINT=endpoint)
    proxies, auth = HttpProxyMiddleware.from_crawler(crawler) if proxy else None, HubAuth.from_crawler(crawler)
    for end in ("response", "exception"):
        request = Request(model_info_url(endpoint, "timm/net"))
        if proxies is not None:
            proxies.process_request(request)
        auth.process_request(request)
        assert (request.headers.get("Authorization") == b"Bearer hf_secret") is has_token
        assert ("Proxy-Authorization" in request.headers) is bool(proxy)
        if end == "response":
            auth.process_response(request, Response(request.url))
        else:
            auth.process_exception(request, DownloadTimeoutError())
        kept = pickle.dumps(request.to_dict())
        assert b"secret" not in kept
        assert b"Basic" not in kept
        # What is sent again finds its proxy anew.
        if proxies is not None:
            proxies.process_request(request)
            assert "Proxy-Authorization" in request.headers


def test_request_that_waits_for_the_quota_keeps_no_secret(clock: Clock) -> None:
    quota = Quota()
    quota.add(1)
    quota.send()
    quota.answer(USED_UP)
    request = Request(INFO, headers={"Proxy-Authorization": "Basic secret"}, meta={"_auth_proxy": "p", "proxy": "p"})
    again = quota.middleware.process_request(request)
    assert again is not None
    assert b"Basic" not in pickle.dumps(again.to_dict())
    assert "proxy" not in again.meta


# ---- SameOrigin ------------------------------------------------------------------------------------------------------


def redirected(location: str, endpoint: str = HUB, url: str = "") -> str:
    """Return where a redirect leads that *url* is answered with; IgnoreRequest where it is not to be followed."""
    request = Request(url or model_info_url(endpoint, "timm/net"))
    middleware = SameOrigin.from_crawler(make_crawler(HF_ENDPOINT=endpoint))
    response = middleware.process_response(request, response_to(request, 307, headers={"Location": location}))
    assert request.dont_filter
    return (response.headers["Location"] or b"").decode()


@pytest.mark.parametrize(
    ("location", "endpoint", "target"),
    [
        ("/api/models/a/b?blobs=true", HUB, f"{HUB}/api/models/a/b?blobs=true"),
        (f"{HUB}/api/models/a/b", HUB, f"{HUB}/api/models/a/b"),
        ("https://HUB.example:443/api/models/a/b", HUB, f"{HUB}/api/models/a/b"),
        ("/api/models/a/b", f"{HUB}/mirror", f"{HUB}/mirror/api/models/a/b"),
        ("/mirror/api/models/a/b", f"{HUB}/mirror", f"{HUB}/mirror/api/models/a/b"),
    ],
)
def test_redirect_on_the_same_origin_is_followed(location: str, endpoint: str, target: str) -> None:
    assert redirected(location, endpoint) == target


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://elsewhere.example/api/models/a/b", "another host"),
        ("//elsewhere.example/api/models/a/b", "another host"),
        ("http://hub.example/api/models/a/b", "another scheme or port"),
        ("https://hub.example:8443/api/models/a/b", "another scheme or port"),
        ("https://hub.example:x/", "no address"),
        ("http://[::1", "no address"),
        ("file:///etc/passwd", "another host"),
        ("/timm/net/resolve/main/model.safetensors", "model file"),
        ("/timm/net/%72esolve/main/model.safetensors", "model file"),
    ],
)
def test_redirect_elsewhere_or_to_a_file_is_not(location: str, reason: str) -> None:
    with pytest.raises(IgnoreRequest, match=reason):
        redirected(location)


def test_table_at_a_url_is_redirected_on_its_own_server() -> None:
    assert redirected("/b.csv", url="https://tables.example/a.csv") == "https://tables.example/b.csv"
