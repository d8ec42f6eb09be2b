"""The HTTP cache without a network: what may be kept, and that damage costs requests and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from scrapy import Request
from scrapy.downloadermiddlewares.httpcache import HttpCacheMiddleware
from scrapy.http import Response

from tests.crawlers import HUB, make_crawler, response_to
from tests.mockserver import timm_repo
from tests.mockserver.tree_page import tree_page
from timm_sizes.hub.endpoints import model_info_url, tree_page_url, tree_url
from timm_sizes.middlewares.messages import REFRESH_META
from timm_sizes.spiders.hf_sizes import HfSizesSpider

REPOS = [timm_repo(f"net{number:03}", 1_000_000 + number) for number in range(200)]
URLS = [model_info_url(HUB, repo.id, repo.sha) for repo in REPOS]
BODIES = [json.dumps(repo.model_info(blobs=True)).encode() for repo in REPOS]


@contextmanager
def cache_in(folder: Path, endpoint: str = HUB) -> Iterator[HttpCacheMiddleware]:
    settings = {"HTTPCACHE_DIR": str(folder), "SIZES_FILE": str(folder / "sizes.csv"), "HF_ENDPOINT": endpoint}
    crawler = make_crawler(HfSizesSpider, **settings)
    crawler.spider = crawler._create_spider(models="resnet50")
    middleware = HttpCacheMiddleware.from_crawler(crawler)
    middleware.spider_opened(crawler.spider)
    yield middleware
    middleware.spider_closed(crawler.spider)


def ask(cache: HttpCacheMiddleware, url: str, body: bytes, meta: dict[str, Any] | None = None) -> bytes | None:
    """Return what the cache answers; if nothing, have it keep *body* as the Hub's answer."""
    request = Request(url, meta=meta)
    found = cache.process_request(request)
    if isinstance(found, Response):
        return found.body
    cache.process_response(request, response_to(request, body=body))
    return None


def fill(folder: Path) -> Path:
    with cache_in(folder) as cache:
        assert [ask(cache, url, body) for url, body in zip(URLS, BODIES, strict=True)] == [None] * len(URLS)
    return folder / "hf_sizes.sqlite"


def test_answers_at_a_commit_are_kept(tmp_path: Path) -> None:
    fill(tmp_path)
    with cache_in(tmp_path) as cache:
        assert [ask(cache, url, b"") for url in URLS] == BODIES
        assert ask(cache, URLS[0], BODIES[0], {REFRESH_META: True}) is None


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"<html>",
        json.dumps({**REPOS[0].model_info(blobs=True), "siblings": []}).encode(),
        json.dumps(REPOS[0].model_info(blobs=False)).encode(),
        json.dumps({**REPOS[0].model_info(blobs=True), "sha": "0" * 40}).encode(),
        json.dumps(REPOS[1].model_info(blobs=True)).encode(),
    ],
)
def test_answer_that_makes_no_sense_is_not_kept(tmp_path: Path, body: bytes) -> None:
    with cache_in(tmp_path) as cache:
        assert [ask(cache, URLS[0], body) for _ in range(2)] == [None, None]


def test_answer_at_a_branch_is_not_kept(tmp_path: Path) -> None:
    with cache_in(tmp_path) as cache:
        assert [ask(cache, model_info_url(HUB, REPOS[0].id), BODIES[0]) for _ in range(2)] == [None, None]


def test_tree_at_a_commit_is_kept(tmp_path: Path) -> None:
    url = tree_url(HUB, REPOS[0].id, REPOS[0].sha)
    body = json.dumps(REPOS[0].tree_entries(recursive=True)).encode()
    with cache_in(tmp_path) as cache:
        assert [ask(cache, url, b"[]"), ask(cache, url, body), ask(cache, url, b"")] == [None, None, body]


@pytest.mark.parametrize("endpoint", [HUB, f"{HUB}/api/mirror"])
def test_page_at_a_commit_is_kept_below_any_path(tmp_path: Path, endpoint: str) -> None:
    url, body = tree_page_url(endpoint, REPOS[0].id, REPOS[0].sha), tree_page(REPOS[0], "main").encode()
    with cache_in(tmp_path, endpoint) as cache:
        assert [ask(cache, url, b"<html>"), ask(cache, url, body), ask(cache, url, b"")] == [None, None, body]


@pytest.mark.parametrize("seed", range(12))
def test_pages_that_are_damaged_cost_requests_and_give_no_wrong_answer(
    tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    file = fill(tmp_path)
    chance = random.Random(seed)
    data = bytearray(file.read_bytes())
    for _ in range(1 + seed):
        page = chance.randrange(4096, len(data) - 4096)
        data[page : page + 4096] = chance.randbytes(4096) if seed % 2 else bytes(4096)
    file.write_bytes(data)
    # The first crawl finds the damage, perhaps after answers that are set aside with it; the second asks for those.
    for _ in range(3):
        with cache_in(tmp_path) as cache:
            answers = [ask(cache, url, body) for url, body in zip(URLS, BODIES, strict=True)]
        assert all(answer in (None, body) for answer, body in zip(answers, BODIES, strict=True))
    assert answers == BODIES
    assert not [record for record in caplog.records if record.exc_info]
    assert len([record for record in caplog.records if "damaged" in record.getMessage()]) <= 2


def test_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "hf_sizes.sqlite").write_bytes(b"not a database" * 1000)
    assert fill(tmp_path).with_suffix(".damaged").exists()


def test_digit_that_is_another_one_is_noticed(tmp_path: Path) -> None:
    file = fill(tmp_path)
    size = str(REPOS[7].files["model.safetensors"]).encode()
    data = file.read_bytes()
    assert data.count(size) >= 2
    file.write_bytes(data.replace(size, b"9" * len(size)))
    with cache_in(tmp_path) as cache:
        assert ask(cache, URLS[7], BODIES[7]) is None
        assert ask(cache, URLS[7], b"") == BODIES[7]
