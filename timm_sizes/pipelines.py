"""Takes items from spider to file: units normalised, repeats dropped, rows gathered and written.

An item is a ModelSize, or of any other type that itemadapter knows with a ModelSize's fields.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from itemadapter import ItemAdapter
from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from timm_sizes.errors import InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.middlewares.messages import report_failure
from timm_sizes.sizes_file import keepable, update_sizes
from timm_sizes.stats import status_stat
from timm_sizes.units import parse_size


class NormaliseUnits:
    """Turns sizes as a page shows them ("1.22 GB") into whole bytes; what is no size becomes an error, not a number."""

    def process_item(self, item: Any) -> Any:
        adapter = ItemAdapter(item)
        if isinstance(adapter.get("size_bytes"), str):
            try:
                adapter["size_bytes"] = parse_size(adapter["size_bytes"])
            except ValueError as error:
                adapter.update(size_bytes=None, status=Status.ERROR, reason=str(error))
        return item


class Deduplicate:
    """Lets one item a model through: a resumed crawl can answer for a name twice."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def process_item(self, item: Any) -> Any:
        model = ItemAdapter(item)["model"]
        if model in self._seen:
            raise DropItem(f"{model} is there already", log_level="DEBUG")
        self._seen.add(model)
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

    def process_item(self, item: Any) -> ModelSize:
        kept = keepable(item if isinstance(item, ModelSize) else ModelSize(**ItemAdapter(item)))
        self._crawler.stats.inc_value(status_stat(kept.status))
        self._items.append(kept)
        return kept

    def close_spider(self) -> None:
        if not self._items:
            return
        try:
            update_sizes(self._path, self._items)
        except (OSError, InputError) as error:
            reason = f"{self._path} was not written ({error}); what was answered is in the HTTP cache"
            report_failure(self._crawler, reason)
