"""The scheduler of a job directory that cannot be written: no request is lost, and no such job is resumed."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from scrapy import Request

from tests.crawlers import HUB, make_spider
from timm_sizes.scheduler import JobDirScheduler
from timm_sizes.spiders.hf_sizes import HfSizesSpider

# The default queue needs an engine with a downloader.
JOB = {"SCHEDULER_PRIORITY_QUEUE": "scrapy.pqueues.ScrapyPriorityQueue"}


def test_disk_that_takes_no_more_costs_no_request_and_no_resume(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "timm_sizes")
    queue = tmp_path / "job" / "requests.queue"
    for _ in range(2):
        spider = make_spider(HfSizesSpider, tmp_path, {**JOB, "JOBDIR": str(queue.parent)}, models="resnet50")
        scheduler = JobDirScheduler.from_crawler(spider.crawler)
        scheduler.open(spider)
        # As on a full disk, no file can be made there.
        shutil.rmtree(queue)
        queue.touch()
        urls = [f"{HUB}/{number}" for number in range(3)]
        assert all(scheduler.enqueue_request(Request(url)) for url in urls)
        found = [scheduler.next_request() for _ in urls]
        assert {request.url for request in found if request is not None} == set(urls)
        assert scheduler.next_request() is None
        scheduler.close("shutdown")
    first, resumed, second = [record.getMessage() for record in caplog.records]
    assert "cannot be written" in first
    assert "its last run did not end cleanly" in resumed
    assert second == first
