"""The client: reads what a crawl starts from, has its repos crawled by the workers, and gathers their rows."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Container, Iterable, Iterator

from redis import Redis
from redis.exceptions import RedisError
from scrapy import Request
from scrapy.crawler import Crawler
from tqdm import tqdm

from timm_sizes.distributed.chunks import Chunk, arguments_of, cut
from timm_sizes.distributed.jobs import Jobs
from timm_sizes.errors import InputError
from timm_sizes.extensions.progress import log_above_bar
from timm_sizes.extensions.summary import Summary
from timm_sizes.spiders.hf_sizes import HfSizesSpider
from timm_sizes.spiders.plan import WantedRepo, make_plan
from timm_sizes.spiders.seeds import Seeds
from timm_sizes.stats import FAILURE_STAT, status_stat

_SECONDS_BETWEEN_LOOKS = 0.5


class SeedSpider(HfSizesSpider):
    """Reads the tables and the organisations that a crawl starts from, and leaves the repos to the workers."""

    custom_settings = {"EXTENSIONS": {}}  # noqa: RUF012 - Scrapy reads it from the class

    def repo_requests(self, repos: Iterable[WantedRepo]) -> Iterator[Request]:
        return iter(())


def distribute(crawler: Crawler, seeds: Seeds, connection: Redis, chunk_size: int) -> None:
    """Have the workers crawl what the SeedSpider of *crawler* has found, and print a summary as a crawl does.

    Rows are gathered into SIZES_FILE, which is locked, and counted in the crawler's stats; interrupted, those that have
    come are written, and the same command resumes.
    """
    started = time.monotonic()
    # Scrapy's handlers, for a reactor that runs no more, would swallow them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    stats = crawler.stats
    if stats.get_value("finish_reason") == "finished" and not stats.get_value(FAILURE_STAT):
        spider = crawler.spider
        assert isinstance(spider, SeedSpider)
        left = spider.names_without_item
        jobs = Jobs(connection, _chunks(spider.names, left, seeds, chunk_size), seeds.sizes_file)
        stats.set_value("finish_reason", _follow(jobs, len(left), crawler))
        for status, count in jobs.statuses.items():
            stats.inc_value(status_stat(status), count)
        if jobs.reasons and not stats.get_value(FAILURE_STAT):
            stats.set_value(FAILURE_STAT, "; ".join(sorted(jobs.reasons)))
        stats.set_value("elapsed_time_seconds", stats.get_value("elapsed_time_seconds") + time.monotonic() - started)
    Summary(crawler).engine_stopped()


def _chunks(names: Iterable[str], left: Container[str], seeds: Seeds, size: int) -> Iterator[Chunk]:
    # All names are cut, and then what has its item left out: so chunks, and the ids of their jobs, stay the same.
    for chunk in cut(make_plan(names).repos, size, by_list=seeds.route == "list"):
        still_open = tuple(name for name in chunk if name in left)
        if still_open:
            yield Chunk(still_open, arguments_of(seeds))


def _follow(jobs: Jobs, names: int, crawler: Crawler) -> str:
    """Queue the jobs and gather their rows until all have ended; return the reason why the crawl ends."""
    ended = "finished"
    bar = tqdm(total=names, desc="sizes", unit=" models", disable=not sys.stderr.isatty(), file=sys.stderr)
    try:
        try:
            with bar, log_above_bar():
                jobs.queue_anew()
                while not jobs.is_over:
                    jobs.gather()
                    bar.update(sum(jobs.statuses.values()) - bar.n)
                    time.sleep(0 if jobs.is_over else _SECONDS_BETWEEN_LOOKS)
        except KeyboardInterrupt:
            ended = "shutdown"
        except RedisError:
            jobs.save()
            raise
        jobs.write()
    except RedisError as error:
        reason = f"Redis: {error}"
    except (OSError, InputError) as error:
        reason = f"{jobs.sizes_file} was not written ({error})"
    else:
        return ended
    crawler.stats.set_value(FAILURE_STAT, f"{reason}; run the same command again to resume")
    return "stopped"
