"""What happens to a ModelSize between spider and file: units normalised, repeats dropped, rows gathered and written."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem

from timm_sizes.errors import FAILURE_STAT, InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.sizes_file import update_sizes
from timm_sizes.units import parse_size

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class NormaliseUnits:
    """Turns sizes as a page shows them ("1.22 GB") into whole bytes; what is no size becomes an error, not a number."""

    def process_item(self, item: ModelSize) -> ModelSize:
        adapter = ItemAdapter(item)
        try:
            adapter["size_bytes"] = _as_bytes(adapter["size_bytes"])
            adapter["other_weights"] = {name: _as_bytes(size) for name, size in adapter["other_weights"].items()}
        except ValueError as error:
            adapter["status"], adapter["reason"] = Status.ERROR, str(error)
            adapter["size_bytes"], adapter["other_weights"] = None, {}
        return item


class Deduplicate:
    """Lets one item a model through: a resumed crawl can answer for a name twice."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def process_item(self, item: ModelSize) -> ModelSize:
        model = ItemAdapter(item)["model"]
        if model in self._seen:
            raise DropItem(f"{model} is there already", log_level="DEBUG")
        self._seen.add(model)
        return item


class Export:
    """Gathers the items, of any type with ModelSize's fields, and writes SIZES_FILE in one go when the crawl ends.

    A kill leaves the file as it was.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._path = Path(crawler.settings["SIZES_FILE"])
        self._items: list[ModelSize] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    def process_item(self, item: ModelSize) -> ModelSize:
        size = ModelSize(**ItemAdapter(item).asdict())
        self._crawler.stats.inc_value(f"timm_sizes/status/{size.status}")
        self._items.append(size)
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


def _as_bytes(size: int | str | None) -> int | None:
    return parse_size(size) if isinstance(size, str) else size
