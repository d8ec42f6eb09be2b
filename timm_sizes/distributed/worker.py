"""A worker's end: one chunk of names, crawled by the same spider in the process that RQ forks for each job."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import default_settings
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings

from timm_sizes.hub.endpoints import parse_endpoint
from timm_sizes.items import ModelSize
from timm_sizes.names.catalogue import by_repo_id
from timm_sizes.spiders.hf_sizes import HfSizesSpider
from timm_sizes.spiders.seeds import Seeds
from timm_sizes.stats import FAILURE_STAT

# Nobody watches the crawl of a chunk, and its items go back to the client instead of into SIZES_FILE.
_SETTINGS: dict[str, Any] = {
    "EXTENSIONS": {},
    "ITEM_PIPELINES": {"timm_sizes.pipelines.NormaliseUnits": 100, "timm_sizes.pipelines.Deduplicate": 200},
}


class IncompleteError(RuntimeError):
    """Raised when a chunk has not all its rows, so that RQ has it crawled again, here or elsewhere."""


def crawl_chunk(names: list[str], arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Crawl *names* with the client's *arguments* (of chunks.arguments_of) and return their rows, ModelSize as JSON.

    A name that the Hub gives no answer to has a row too, with the status error. Raises IncompleteError when there are
    names without one, or when this machine is set up for another Hub than the client.
    """
    settings = get_project_settings()
    endpoint = parse_endpoint(settings["HF_ENDPOINT"])
    if endpoint != arguments["endpoint"] or settings.getbool("HF_HUB_OFFLINE"):
        here = "no Hub (HF_HUB_OFFLINE)" if settings.getbool("HF_HUB_OFFLINE") else endpoint
        raise IncompleteError(f"this worker is set up for {here}, the client for {arguments['endpoint']}")
    settings.setdict(_SETTINGS, priority="cmdline")
    seeds = Seeds(
        sizes_file=Path(settings["SIZES_FILE"]),
        names=tuple(names),
        route=arguments["route"],
        endpoint=endpoint,
        refresh=arguments["refresh"],
    )
    items: list[ModelSize] = []

    def note(item: ModelSize) -> None:
        items.append(item)

    process = AsyncCrawlerProcess(settings)
    # What Scrapy says of itself for each chunk would bury what RQ says of the chunks.
    logging.getLogger("scrapy").setLevel(logging.WARNING)
    crawler = process.create_crawler(HfSizesSpider)
    crawler.signals.connect(note, signal=signals.item_scraped)
    process.crawl(crawler, arguments=seeds)
    # Signals are RQ's business: one Ctrl-C ends the worker after this job, another one at once.
    process.start(install_signal_handlers=False)
    missing = set(names) - {item.model for item in items}
    if missing:
        reason = crawler.stats.get_value(FAILURE_STAT) if crawler.stats else None
        raise IncompleteError(f"{len(missing)} of {len(names)} names have no row: {reason or 'see the log'}")
    return [asdict(item) for item in items]


def preload() -> None:
    """Import what every crawl uses and read the catalogue, so that the processes that are forked need not.

    A reactor is not imported with it: each crawl needs one of its own.
    """
    by_repo_id()
    settings = f"{vars(default_settings)} {get_project_settings().copy_to_dict()}"
    for path in re.findall(r"'((?:scrapy|timm_sizes|queuelib)\.[\w.]+)'", settings):
        with suppress(ImportError, NameError, ValueError):
            load_object(path)
