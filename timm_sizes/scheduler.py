"""Resumes a job directory (JOBDIR) only if that loses no name; else the HTTP cache answers what was done before.

Scrapy resumes whatever it finds. After a kill, requests that were under way are remembered as seen and are in no queue:
the crawl would end early, with exit status 0. A queue that is damaged, or that another version has written, would end
it with a traceback, or never.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Self

import scrapy
from scrapy import Request, Spider
from scrapy.core.scheduler import Scheduler
from scrapy.crawler import Crawler
from scrapy.pqueues import ScrapyPriorityQueue
from scrapy.utils.job import job_dir

from timm_sizes.files import write_atomically

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

logger = logging.getLogger(__name__)

_SCRAPY_FILES = ("requests.queue", "requests.seen")
# Says whose job it is; there from when a crawl was stopped until it is resumed, and so not after a kill.
_MARKER = "timm_sizes.job"


class JobDirScheduler(Scheduler):
    """Scrapy's scheduler, which marks the job directory of a crawl that was stopped, and resumes no other.

    When the directory can be written no more, the crawl continues in memory. A finished one is cleared.
    """

    _job: Path | None = None
    _identity = ""
    _queue: ScrapyPriorityQueue | None = None
    _is_written = True

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        path = job_dir(crawler.settings)
        if path is None:
            return super().from_crawler(crawler)
        job = Path(path)
        assert crawler.spider is not None
        identity = f"{crawler.spider.arguments.job_identity} scrapy {scrapy.__version__}"  # type: ignore[attr-defined]
        reason = _why_not_resumed(job, identity)
        if not reason:
            scheduler = super().from_crawler(crawler)
            try:
                scheduler._read_whole(crawler.spider)
            except Exception as error:  # noqa: BLE001 - whatever a damaged file or another version's class raises
                scheduler.df.close("")
                reason = f"its queue cannot be read ({type(error).__name__})"
        if reason:
            aside = _set_aside(job)
            logger.info("JOBDIR %s: %s; its queue is set aside in %s, the HTTP cache answers", job, reason, aside)
            scheduler = super().from_crawler(crawler)
        scheduler._job, scheduler._identity = job, identity
        return scheduler

    def open(self, spider: Spider) -> Deferred[None] | None:
        if self._job is not None:
            (self._job / _MARKER).unlink(missing_ok=True)
        return super().open(spider)

    def enqueue_request(self, request: Request) -> bool:
        try:
            return super().enqueue_request(request)
        except OSError as error:
            self._not_written(error)
            self._mqpush(request)
            return True

    def next_request(self) -> Request | None:
        try:
            return super().next_request()
        except Exception as error:  # noqa: BLE001 - whatever reading half a request raises
            # What is in it is requested again when the spider goes idle.
            self._not_written(error)
            return None

    def close(self, reason: str) -> Deferred[None] | None:
        try:
            closed = super().close(reason)
            if self._job is not None and reason == "finished":
                for path in _kept(self._job):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            elif self._job is not None and self._is_written:
                write_atomically(self._job / _MARKER, [self._identity])
        except OSError as error:
            self._not_written(error)
            return None
        return closed

    def _read_whole(self, spider: Spider) -> None:
        """Read all requests of the queue on disk and put them back."""
        self.spider = spider
        queue = super()._dq()
        requests = []
        while len(queue):
            request = queue.pop()
            if request is None:
                raise ValueError("fewer requests than the queue counts")
            requests.append(request)
        for request in reversed(requests):
            queue.push(request)
        self._queue = queue

    def _dq(self) -> ScrapyPriorityQueue:
        return super()._dq() if self._queue is None else self._queue

    def _not_written(self, error: Exception) -> None:
        # The job has no marker, so that it will not be resumed.
        if self._is_written:
            logger.error("JOBDIR %s cannot be written (%s): the HTTP cache alone has what is done", self._job, error)
        self._is_written = False
        self.dqs = None


def _kept(job: Path) -> list[Path]:
    """Return what Scrapy has left in *job*."""
    return [job / name for name in _SCRAPY_FILES if (job / name).exists()]


def _why_not_resumed(job: Path, identity: str) -> str:
    """Return why the *job* must not be resumed, "" if it may or if there is none."""
    if not _kept(job):
        return ""
    try:
        is_own = (job / _MARKER).read_text(encoding="utf-8") == identity
    except (OSError, ValueError):
        return "its last run did not end cleanly, or was not of this project"
    return "" if is_own else "it belongs to a crawl of other tables or arguments, of another Hub or version"


def _set_aside(job: Path) -> Path:
    """Move what Scrapy keeps in *job* to a folder there, in place of what was moved before, and return that."""
    aside = job / "set-aside"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for path in _kept(job):
        path.replace(aside / path.name)
    return aside
