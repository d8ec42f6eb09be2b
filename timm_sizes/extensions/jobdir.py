"""Keeps JOBDIR honest: a job directory that cannot be resumed without losing names is set aside, and the cache answers.

Scrapy resumes a job only after a clean stop. After a kill, requests that were under way are remembered as seen and are
in no queue: resuming would end early, with exit status 0.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from timm_sizes.files import write_atomically

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

_SCRAPY_STATE = ("requests.queue", "requests.seen", "spider.state")
_MARKER = "timm_sizes.json"
_RUNNING, _STOPPED, _FINISHED = "running", "stopped", "finished"


class JobDirGuard:
    """Marks the job directory as running, stopped or finished, and lets only a stopped one be resumed."""

    def __init__(self, folder: Path, identity: str) -> None:
        self._folder = folder
        self._identity = identity
        reason = _why_not_resumed(folder, identity)
        if reason:
            aside = _set_aside(folder)
            logger.info("JOBDIR %s: %s; its queue is set aside in %s, the HTTP cache answers", folder, reason, aside)
        self._mark(_RUNNING)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if not crawler.settings["JOBDIR"]:
            raise NotConfigured
        arguments = crawler.spider.arguments  # type: ignore[union-attr]
        folder = Path(crawler.settings["JOBDIR"])
        folder.mkdir(parents=True, exist_ok=True)
        guard = cls(folder, arguments.job_identity)
        crawler.signals.connect(guard.spider_closed, signal=signals.spider_closed)
        return guard

    def spider_closed(self, reason: str) -> None:
        try:
            self._mark(_FINISHED if reason == "finished" else _STOPPED)
        except OSError as error:
            # It is still marked as running, so that it will not be resumed.
            logger.warning("JOBDIR %s cannot be marked as stopped (%s)", self._folder, error)

    def _mark(self, state: str) -> None:
        record = json.dumps({"state": state, "identity": self._identity})
        write_atomically(self._folder / _MARKER, [record])


def _why_not_resumed(folder: Path, identity: str) -> str:
    """Return why the job in *folder* must not be resumed, "" if it may or if there is none."""
    if not any((folder / name).exists() for name in _SCRAPY_STATE):
        return ""
    try:
        marker = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
        state, known = marker["state"], marker["identity"]
    except (OSError, ValueError, LookupError, TypeError):
        return "another spider's, or damaged"
    if state == _RUNNING:
        return "its last run did not end cleanly"
    if state == _FINISHED:
        return "its last run had finished"
    return "" if known == identity else "it belongs to a crawl of other tables or arguments, or of another Hub"


def _set_aside(folder: Path) -> Path:
    number = 1 + sum(1 for _ in folder.glob("set-aside-*"))
    aside = folder / f"set-aside-{number}"
    aside.mkdir()
    for name in _SCRAPY_STATE:
        if (folder / name).exists():
            (folder / name).replace(aside / name)
    return aside
