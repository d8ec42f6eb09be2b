"""Resumes a job directory (JOBDIR) only if that loses no name; else the HTTP cache answers what was done before.

Scrapy resumes whatever it finds. After a kill, requests that were under way are remembered as seen and are in no queue:
the crawl would end early, with exit status 0. A queue that is damaged, or that another version has written, would end
it with a traceback, or never.
"""

from __future__ import annotations

import json
import logging
import pickle
import shutil
from pathlib import Path
from typing import Any, Self

import scrapy
from scrapy import Request, Spider
from scrapy.core.scheduler import Scheduler
from scrapy.crawler import Crawler
from scrapy.pqueues import ScrapyPriorityQueue
from scrapy.utils.job import job_dir
from twisted.internet.defer import Deferred

from timm_sizes.files import write_atomically

logger = logging.getLogger(__name__)

_STATE = "spider.state"
_SCRAPY_FILES = ("requests.queue", "requests.seen", _STATE)
_MARKER = "timm_sizes.json"
_RUNNING, _STOPPED, _FINISHED = "running", "stopped", "finished"


class JobDirScheduler(Scheduler):
    """Scrapy's scheduler, which marks its job directory as running, stopped or finished, and resumes a stopped one.

    It keeps the spider's ``state`` there, in place of the extension SpiderState. When the directory can be written no
    more, the crawl continues in memory.
    """

    _job: Path | None = None
    _identity = ""
    _spider_state: Any = None
    _queue: ScrapyPriorityQueue | None = None
    _is_written = True

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        path = job_dir(crawler.settings)
        if path is None:
            return super().from_crawler(crawler)
        job = Path(path)
        identity = f"{crawler.spider.arguments.job_identity} scrapy {scrapy.__version__}"  # type: ignore[union-attr]
        reason = _why_not_resumed(job, identity)
        if not reason:
            scheduler = super().from_crawler(crawler)
            try:
                scheduler._read_whole(job)
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
            spider.state = self._spider_state or {}  # type: ignore[attr-defined]
            self._mark(_RUNNING)
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
            if self._job is not None:
                (self._job / _STATE).write_bytes(pickle.dumps(self.spider.state))  # type: ignore[attr-defined]
        except OSError as error:
            self._not_written(error)
            return None
        if self._is_written:
            self._mark(_FINISHED if reason == "finished" else _STOPPED)
        return closed

    def _read_whole(self, job: Path) -> None:
        """Read all requests of the queue on disk and put them back, and the spider's state."""
        assert self.crawler is not None
        assert self.crawler.spider is not None
        self.spider = self.crawler.spider
        queue = super()._dq()
        requests = []
        while len(queue):
            request = queue.pop()
            if request is None:
                raise ValueError("fewer requests than the queue counts")
            requests.append(request)
        for request in reversed(requests):
            queue.push(request)
        if (job / _STATE).exists():
            self._spider_state = pickle.loads((job / _STATE).read_bytes())  # noqa: S301 - as Scrapy reads the queue
        self._queue = queue

    def _dq(self) -> ScrapyPriorityQueue:
        return super()._dq() if self._queue is None else self._queue

    def _mark(self, state: str) -> None:
        if self._job is None:
            return
        try:
            write_atomically(self._job / _MARKER, [json.dumps({"state": state, "identity": self._identity})])
        except OSError as error:
            self._not_written(error)

    def _not_written(self, error: Exception) -> None:
        # The job is still marked as running, so that it will not be resumed.
        if self._is_written:
            logger.error("JOBDIR %s cannot be written (%s): the HTTP cache alone has what is done", self._job, error)
        self._is_written = False
        self.dqs = None


def _why_not_resumed(job: Path, identity: str) -> str:
    """Return why the *job* must not be resumed, "" if it may or if there is none; one that had finished is cleared."""
    if not any((job / name).exists() for name in _SCRAPY_FILES):
        return ""
    try:
        marker = json.loads((job / _MARKER).read_text(encoding="utf-8"))
        state, known = marker["state"], marker["identity"]
    except (OSError, ValueError, LookupError, TypeError):
        return "another spider's, or damaged"
    if state == _FINISHED:
        _clear(job)
        return ""
    if state == _RUNNING:
        return "its last run did not end cleanly"
    return "" if known == identity else "it belongs to a crawl of other tables or arguments, of another Hub or version"


def _set_aside(job: Path) -> Path:
    """Move what Scrapy keeps in *job* to a folder there, in place of what was moved before, and return that."""
    aside = job / "set-aside"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for name in _SCRAPY_FILES:
        if (job / name).exists():
            (job / name).replace(aside / name)
    return aside


def _clear(job: Path) -> None:
    shutil.rmtree(job / "requests.queue", ignore_errors=True)
    for name in _SCRAPY_FILES[1:]:
        (job / name).unlink(missing_ok=True)
