"""What happens to a ModelSize between spider and file: units normalised, repeats dropped, rows gathered and written."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from timm_sizes.errors import FAILURE_STAT, InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.sizes_file import keepable, update_sizes
from timm_sizes.units import parse_size

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class NormaliseUnits:
    """Turns sizes as a page shows them ("1.22 GB") into whole bytes; what is no size becomes an error, not a number."""

    def process_item(self, item: ModelSize) -> ModelSize:
        if isinstance(item.size_bytes, str):
            try:
                item.size_bytes = parse_size(item.size_bytes)
            except ValueError as error:
                item.size_bytes, item.status, item.reason = None, Status.ERROR, str(error)
        return item


class Deduplicate:
    """Lets one item a model through: a resumed crawl can answer for a name twice."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def process_item(self, item: ModelSize) -> ModelSize:
        if item.model in self._seen:
            raise DropItem(f"{item.model} is there already", log_level="DEBUG")
        self._seen.add(item.model)
        return item


class Export:
    """Gathers the items and writes SIZES_FILE in one go when the crawl ends; a kill leaves the file as it was.

    What the file cannot hold goes in, and is counted, as an error.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._path = Path(crawler.settings["SIZES_FILE"])
        self._items: list[ModelSize] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: ModelSize) -> ModelSize:
        item = keepable(item)
        self._crawler.stats.inc_value(f"timm_sizes/status/{item.status}")
        self._items.append(item)
        return item

    def close_spider(self) -> None:
        if not self._items:
            return
        try:
            update_sizes(self._path, self._items)
        except (OSError, InputError) as error:
            reason = f"{self._path} was not written ({error}); what was answered is in the HTTP cache"
            self._crawler.stats.set_value(FAILURE_STAT, reason)
            logger.error(reason)
