"""The client: reads what a crawl starts from, has its repos crawled by the workers, and gathers their rows."""

from __future__ import annotations

import logging
import signal
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError
from tqdm import tqdm

from timm_sizes.distributed.chunks import Chunk, arguments_of, cut
from timm_sizes.distributed.jobs import Jobs
from timm_sizes.errors import FAILURE_STAT, InputError
from timm_sizes.extensions.progress import log_above_bar
from timm_sizes.files import shown_path
from timm_sizes.items import Status
from timm_sizes.sizes_file import read_sizes
from timm_sizes.spiders.hf_sizes import HfSizesSpider
from timm_sizes.spiders.plan import Plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from redis import Redis
    from scrapy import Request
    from scrapy.crawler import Crawler

    from timm_sizes.spiders.seeds import Seeds

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LOOKS = 1.0
_START_WORKERS = "no worker yet; on any machine: rq worker --url $REDIS_URL -S json timm_sizes"


class SeedSpider(HfSizesSpider):
    """Reads the tables and the organisations that a crawl starts from, and requests no repo."""

    custom_settings = {"EXTENSIONS": {}}  # noqa: RUF012 - Scrapy reads it from the class

    def _requests_of(self, plan: Plan) -> Iterator[Request]:
        return iter(())

    def _repo_requests(self, repos: Iterable[Any]) -> Iterator[Request]:
        return iter(())

    @property
    def names_to_crawl(self) -> list[str]:
        """The names that need a repo, after this crawl."""
        return list(self._without_item)


def distribute(crawler: Crawler, seeds: Seeds, connection: Redis, chunk_size: int) -> bool:
    """Have the workers crawl what the SeedSpider of *crawler* has found; return whether every name has its answer.

    Rows are gathered into SIZES_FILE, which is locked. Interrupted, it writes those that have come and returns False;
    run again, it goes on.
    """
    started = time.monotonic()
    # Scrapy's handlers, for a reactor that runs no more, would swallow them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if crawler.stats.get_value("finish_reason") != "finished" or crawler.stats.get_value(FAILURE_STAT):
        print(f"  failed: {crawler.stats.get_value(FAILURE_STAT) or 'stopped'}", file=sys.stderr)
        return False
    spider = crawler.spider
    assert isinstance(spider, SeedSpider)
    names = spider.names_to_crawl
    exact = set() if seeds.refresh else _exact(seeds.sizes_file)
    chunks = list(_chunks(names, exact, seeds, chunk_size))
    jobs = Jobs(connection, chunks, seeds.sizes_file)
    total = sum(len(chunk.names) for chunk in chunks)
    ended = _follow(jobs, total)
    left = total - sum(jobs.statuses.values())
    before = {str(status): crawler.stats.get_value(f"timm_sizes/status/{status}", 0) for status in Status}
    statuses = +(jobs.statuses + Counter(before))
    figures = {
        "names": crawler.stats.get_value("timm_sizes/names", 0),
        "exact before": len(exact.intersection(names)),
        **{str(status): statuses[status] for status in Status if status in statuses},
        **({"not answered": left} if left else {}),
        "seconds": f"{time.monotonic() - started:.1f}",
    }
    lines = [f"  {label:<13}{figure:>8}" for label, figure in figures.items()]
    is_whole = not ended and not left and not statuses[Status.ERROR]
    print("", *lines, *_next_steps(jobs, ended, is_whole=is_whole), sep="\n", file=sys.stderr)
    return is_whole


def _exact(sizes_file: Path) -> set[str]:
    return {model for model, item in read_sizes(sizes_file).items() if item.status == Status.OK}


def _chunks(names: Iterable[str], exact: set[str], seeds: Seeds, size: int) -> Iterator[Chunk]:
    # All names are cut, and then what is exact left out: so chunks, and the ids of their jobs, stay the same.
    for chunk in cut(make_plan(names).repos, size, by_list=seeds.route == "list"):
        still_open = tuple(name for name in chunk if name not in exact)
        if still_open:
            yield Chunk(still_open, arguments_of(seeds))


def _follow(jobs: Jobs, names: int) -> str:
    """Queue the jobs and gather their rows until all have ended; return why that was not to be, "" if it was."""
    bar = tqdm(total=names, desc="sizes", unit=" models", disable=not sys.stderr.isatty(), file=sys.stderr)
    try:
        with bar, log_above_bar():
            return _gather_all(jobs, bar)
    except RedisError as error:
        return f"Redis: {error}"
    except (OSError, InputError) as error:
        return f"{jobs.sizes_file} was not written ({error})"


def _gather_all(jobs: Jobs, bar: tqdm[Any]) -> str:
    try:
        jobs.queue_anew()
        if not jobs.is_over and not jobs.workers():
            logger.info(_START_WORKERS)
        while not jobs.is_over:
            jobs.gather()
            bar.update(sum(jobs.statuses.values()) - bar.n)
            time.sleep(0 if jobs.is_over else _SECONDS_BETWEEN_LOOKS)
        jobs.write()
    except KeyboardInterrupt:
        jobs.write()
        return "stopped"
    except RedisError:
        jobs.save()
        raise
    return ""


def _next_steps(jobs: Jobs, ended: str, *, is_whole: bool) -> list[str]:
    if ended:
        return [f"  {ended}: the same command again goes on from here"]
    failures = [f"  failed: {reason}" for reason in sorted(set(jobs.failed.values()))]
    again = [] if is_whole else ["  some names had no answer: the same command again asks for those alone"]
    return [*failures, f"  sizes are in {shown_path(jobs.sizes_file)}", *again]
