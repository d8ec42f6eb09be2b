"""What a crawl shows of itself: the bar's estimate, which knows the quota, and the summary's figures."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr
from io import StringIO
from typing import Any

import pytest

import timm_sizes.extensions.progress
from tests.crawlers import Clock, make_crawler
from timm_sizes.extensions.progress import Progress
from timm_sizes.extensions.summary import Summary
from timm_sizes.hub.quota import RateLimit, seconds_for
from timm_sizes.items import ModelSize, Status
from timm_sizes.stats import (
    ERRORS_STAT,
    FAILURE_STAT,
    HINT_STAT,
    PRINTS_SIZES_STAT,
    RATE_LIMIT_STAT,
    RESUMES_AT_STAT,
    TABLES_STAT,
)


@pytest.mark.parametrize(
    ("requests", "remaining", "resets_in", "seconds"),
    [
        (1_251, 499, 300, 600),
        (499, 499, 300, 0),
        (500, 499, 300, 300),
        (1_000, 499, 300, 600),
        (100, 0, 7, 7),
        (501, 0, 7, 307),
        (0, 0, 300, 0),
    ],
)
def test_estimate_is_of_the_waits_for_the_quota(requests: int, remaining: int, resets_in: int, seconds: float) -> None:
    assert seconds_for(requests, RateLimit("api", remaining, resets_in, 500, 300)) == seconds


def test_estimate_without_a_policy_is_none() -> None:
    assert seconds_for(1_251, RateLimit("api", 499, 300)) == 0


class Bar:
    """The bar on a terminal, as far as it can be read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(timm_sizes.extensions.progress, "create_looping_call", self._looping_call)
        self.stats = self._start()

    def text(self) -> str:
        self._redraw()
        return self._capsys.readouterr().err.rpartition("\r")[2]

    def item(self) -> None:
        self._extension.item_scraped()

    def close(self) -> None:
        self._extension.spider_closed()

    def _start(self) -> Any:
        crawler = make_crawler()
        self._extension = Progress.from_crawler(crawler)
        self._extension.spider_opened()
        return crawler.stats

    def _looping_call(self, redraw: Any) -> Any:
        self._redraw = redraw
        return self

    def start(self, seconds: float, *, now: bool) -> None:
        """Be a looping call that is turned by hand."""

    def stop(self) -> None:
        """Be a looping call that has come to its end."""


def test_bar_knows_total_share_and_the_quota_from_the_first_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(monkeypatch)
    bar = Bar(monkeypatch, capsys)
    bar.stats.set_value("timm_sizes/names", 1_251)
    bar.stats.set_value("timm_sizes/repos", 1_251)
    assert "0/1251 models" in bar.text()
    bar.stats.set_value(RATE_LIMIT_STAT, (RateLimit("api", 499, 300, 500, 300), clock.now))
    assert "some 10:00 left" in bar.text()
    # A resumed crawl: what the cache answers is done.
    for _ in range(862):
        bar.item()
    text = bar.text()
    assert "862/1251 models" in text
    assert "69%" in text
    assert "left" not in text
    bar.stats.set_value(RESUMES_AT_STAT, clock.now + 120)
    assert "quota: resumes in 120 s" in bar.text()
    bar.close()


def summary(stats: dict[str, Any], *, reason: str = "finished", items: tuple[ModelSize, ...] = ()) -> list[str]:
    crawler = make_crawler(SIZES_FILE="/nowhere/sizes.csv")
    for name, value in {"finish_reason": reason, **stats}.items():
        crawler.stats.set_value(name, value)
    extension = Summary.from_crawler(crawler)
    for item in items:
        extension.item_scraped(item)
    printed = StringIO()
    with redirect_stderr(printed):
        extension.engine_stopped()
    return printed.getvalue().splitlines()


def test_summary_of_a_resumed_crawl_counts_the_whole_table() -> None:
    stats = {"timm_sizes/names": 1_251, "timm_sizes/repos": 1_251, "timm_sizes/requests": 389, "httpcache/hit": 862}
    statuses = {"timm_sizes/status/ok": 1_249, "timm_sizes/status/not_found": 2}
    lines = [" ".join(line.split()) for line in summary({**stats, **statuses, TABLES_STAT: ["/x/table.csv"]})]
    assert {"names 1251", "from cache 862", "ok 1249", "not_found 2", "next: scrapy merge /x/table.csv"} <= set(lines)
    assert not [line for line in lines if line.startswith("not answered")]


def test_summary_of_names_without_an_item_does_not_send_on_to_the_merge_alone() -> None:
    lines = " ".join(summary({"timm_sizes/names": 2, "timm_sizes/status/ok": 1}))
    assert "run it again to retry only those" in lines
    assert "not answered" in lines


def test_summary_says_why_and_what_else_there_is() -> None:
    assert "  failed: no network" in summary({FAILURE_STAT: "no network", TABLES_STAT: ["t.csv"]})
    assert "  stopped (shutdown): run the same command again to resume" in summary({}, reason="shutdown")
    assert "  exact elsewhere" in summary({HINT_STAT: "exact elsewhere"})


def test_summary_says_what_would_help_and_where_to_go_on() -> None:
    error = {"timm_sizes/names": 1, "timm_sizes/status/error": 1}
    assert "  some names had no answer: run it again to retry only those" in summary(error)
    assert "  crawl online" in summary({**error, ERRORS_STAT: "crawl online"})
    assert not [line for line in summary({**error, ERRORS_STAT: ""}) if "retry" in line]
    assert "  next: scrapy merge TABLE" in summary({**error, TABLES_STAT: []})
    assert not [line for line in summary({}) if "sizes are in" in line or "next:" in line]


def test_summary_of_names_prints_each_size() -> None:
    exact = ModelSize("a\x1b[2J", size_bytes=102_469_840)
    estimate = ModelSize("b", status=Status.ESTIMATED, reason="computed", size_bytes=5_000_000)
    missing = ModelSize("c", status=Status.NOT_FOUND, reason="no such repo")
    lines = summary({PRINTS_SIZES_STAT: True}, items=(exact, estimate, missing))
    assert lines[1:4] == [
        "  a\ufffd[2J: 102.47 MB (exact)",
        "  b: 5.00 MB (estimated: computed)",
        "  c: not_found: no such repo",
    ]
