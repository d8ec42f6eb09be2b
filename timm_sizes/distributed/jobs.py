"""The client's end of the queue: chunks as RQ's jobs, from when they are queued until their rows are in SIZES_FILE."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue, Retry, Worker
from rq.exceptions import DuplicateJobError, InvalidJobOperation
from rq.job import Job
from rq.results import Result

from timm_sizes.distributed.chunks import Chunk
from timm_sizes.distributed.connection import QUEUE_NAME
from timm_sizes.items import ModelSize, Status
from timm_sizes.sizes_file import keepable, update_sizes

logger = logging.getLogger(__name__)

_FUNCTION = "timm_sizes.distributed.worker.crawl_chunk"
# Without an interval: RQ would leave the retry to a scheduler, which need not be running.
_MOST_RETRIES = 5
_NO_TIMEOUT = -1  # a chunk waits for the quota as long as it takes
# What nobody gathers goes by itself.
_ROWS_ARE_KEPT = 30 * 24 * 3600
_SECONDS_BETWEEN_WRITES = 60.0


class Jobs:
    """The jobs of a crawl's *chunks*; ``statuses`` counts the rows by how they ended, ``reasons`` why jobs failed.

    What talks to Redis waits for it some minutes before it raises RedisError.
    """

    def __init__(self, connection: Redis, chunks: Iterable[Chunk], sizes_file: Path) -> None:
        self._connection = connection
        self._queue = Queue(QUEUE_NAME, connection=connection, serializer="json")
        self._open = {chunk.job_id: chunk for chunk in chunks}
        self.sizes_file = sizes_file
        self._items: list[ModelSize] = []
        # Jobs to delete when their rows are written, and those that are deleted.
        self._gathered: set[str] = set()
        self._deleted: set[str] = set()
        self._next_write = time.monotonic() + _SECONDS_BETWEEN_WRITES
        self.statuses: Counter[Status] = Counter()
        self.reasons: set[str] = set()

    @property
    def is_over(self) -> bool:
        """Whether every job has ended, with its rows or without."""
        return not self._open

    def queue_anew(self) -> None:
        """Queue all chunks; a job that an earlier run has left there is adopted, one that had failed tried again."""
        for job_id in self._ended(self._queue.failed_job_registry.get_job_ids()):
            self._delete(job_id)
        self._queue_missing()
        if self._open and not Worker.count(queue=self._queue):
            logger.info("no worker yet; on any machine, with REDIS_URL set: python -m timm_sizes.distributed")

    def gather(self) -> None:
        """Take in the rows of the jobs that have ended, and write SIZES_FILE if it is time to."""
        for job_id in self._ended(self._queue.finished_job_registry.get_job_ids()):
            self._take(job_id)
        for job_id in self._ended(self._queue.failed_job_registry.get_job_ids()):
            result = self._result(job_id)
            text = (result.exc_string if result else "") or "no reason given"
            self._give_up(job_id, text.strip().splitlines()[-1])
        if time.monotonic() >= self._next_write:
            self.write()
            self._queue_missing()

    def write(self) -> None:
        """Put the rows that have been gathered into SIZES_FILE, and then delete their jobs. Raises as save does."""
        self.save()
        for job_id in self._gathered:
            self._delete(job_id)
        self._deleted |= self._gathered
        self._gathered.clear()
        self._next_write = time.monotonic() + _SECONDS_BETWEEN_WRITES

    def save(self) -> None:
        """Put the rows that have been gathered into SIZES_FILE. Raises OSError and InputError as update_sizes does."""
        if self._items:
            update_sizes(self.sizes_file, self._items)
        self._items = []

    def _ended(self, job_ids: list[str]) -> list[str]:
        """Return those of *job_ids* that are open; a job that was run twice and ended again after all is deleted."""
        for job_id in self._deleted.intersection(job_ids):
            self._delete(job_id)
        return [job_id for job_id in job_ids if job_id in self._open]

    def _queue_missing(self) -> None:
        """Queue each open chunk that Redis has no job of: none yet, or no more after a restart that lost some."""
        for job_id, chunk in self._open.items():
            with suppress(DuplicateJobError):
                self._queue.enqueue_call(
                    _FUNCTION,
                    args=(list(chunk.names), chunk.arguments),
                    job_id=job_id,
                    unique=True,
                    description=f"{len(chunk.names)} names from {chunk.names[0]} to {chunk.names[-1]}",
                    timeout=_NO_TIMEOUT,
                    result_ttl=_ROWS_ARE_KEPT,
                    retry=Retry(max=_MOST_RETRIES),
                )

    def _take(self, job_id: str) -> None:
        try:
            result = self._result(job_id)
            items = _items(self._open[job_id], result.return_value if result else None)
        except (AttributeError, LookupError, TypeError, ValueError):
            self._give_up(job_id, "its rows are not those of its names: a worker of another version?")
        else:
            self._items += items
            self.statuses.update(item.status for item in items)
            del self._open[job_id]
        self._gathered.add(job_id)

    def _give_up(self, job_id: str, reason: str) -> None:
        names = self._open.pop(job_id).names
        self.reasons.add(reason)
        logger.error("%d names from %s on: %s", len(names), names[0], reason)

    def _job(self, job_id: str) -> Job:
        job = Job(job_id, connection=self._connection, serializer="json")
        job.origin = QUEUE_NAME
        return job

    def _result(self, job_id: str) -> Result | None:
        return self._job(job_id).latest_result()

    def _delete(self, job_id: str) -> None:
        job = self._job(job_id)
        # RQ 3.0.0 raises for a job that was abandoned once: its execution has expired, but is still listed there.
        self._connection.delete(job.execution_registry.key)
        with suppress(InvalidJobOperation):
            job.delete()


def _items(chunk: Chunk, rows: Any) -> list[ModelSize]:
    """Return what a worker says of *chunk*'s names; an error of some kind unless *rows* are theirs."""
    items = [keepable(ModelSize(**{**row, "status": Status(row["status"])})) for row in rows]
    if sorted(item.model for item in items) != sorted(chunk.names):
        raise ValueError("other names")
    return items
