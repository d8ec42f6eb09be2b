"""What all spiders here share: arguments checked before the crawl starts, and no name left without an item."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Self

from itemadapter import ItemAdapter
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider, DontCloseSpider
from scrapy.settings import BaseSettings

from timm_sizes.errors import InputError
from timm_sizes.middlewares.messages import report_failure
from timm_sizes.stats import FAILURE_STAT, NAMES_STAT


class NamesSpider(Spider):
    """A spider that yields one ModelSize for each of the names it was given.

    A subclass gives ``arguments_help``, ``read_arguments`` and ``requests_for``, and says with ``expect`` which names
    it is to answer. Crawls whose arguments have one ``job_identity`` may share a job directory.

    When nothing is left to do but names have no item in this run, they are requested again past the duplicate filter:
    so a queue that lost requests loses no name, and the HTTP cache answers what was done before.
    """

    # The end of a line on a network that cannot be reached: what can be done without one.
    network_hint = ""
    # Each argument (``-a NAME=VALUE``) with a line on what it is.
    arguments_help: ClassVar[Mapping[str, str]]

    _MOST_ROUNDS = 2

    def __init__(self, arguments: Any) -> None:
        super().__init__()
        self.arguments = arguments
        # The names that were given to expect, and those of them that have no item in this run yet.
        self.names: dict[str, None] = {}
        self.names_without_item: dict[str, None] = {}
        # How often those without an item were requested again.
        self.rounds = 0

    @classmethod
    @abstractmethod
    def read_arguments(cls, spargs: Mapping[str, Any], settings: BaseSettings) -> Any:
        """Return the checked Arguments; raise InputError for what the user has to mend."""

    @classmethod
    def dry_run(cls, arguments: Any) -> Iterable[str] | None:
        """Return the lines to print instead of crawling, or None to crawl."""
        return None

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, arguments: Any = None, **kwargs: Any) -> Self:
        """Make the spider from its arguments, or from what the crawl command has read of them already."""
        if arguments is None:
            arguments = cls.read_arguments(kwargs, crawler.settings)
        spider = super().from_crawler(crawler, arguments)
        crawler.signals.connect(spider._item_scraped, signal=signals.item_scraped)
        crawler.signals.connect(spider._spider_idle, signal=signals.spider_idle)
        return spider

    @abstractmethod
    def requests_for(self, names: Iterable[str]) -> Iterator[Request]:
        """Yield the requests that will give the items of *names*, for those that need any."""

    def expect(self, names: Iterable[str]) -> None:
        """Take note of *names* that have to have an item before the crawl ends."""
        new = {name: None for name in names if name not in self.names}
        self.names |= new
        self.names_without_item |= new
        self.crawler.stats.inc_value(NAMES_STAT, len(new))

    def stopped(self, reason: str) -> CloseSpider:
        """Return the exception that ends a crawl which cannot do its job, with the *reason* reported.

        What fails while a crawl that reaches nobody is ending is no further reason.
        """
        if not self.crawler.stats.get_value(FAILURE_STAT):
            report_failure(self.crawler, reason)
        return CloseSpider("stopped")

    def _item_scraped(self, item: Any) -> None:
        self.names_without_item.pop(ItemAdapter(item)["model"], None)

    def _spider_idle(self) -> None:
        if not self.names_without_item or self.rounds == self._MOST_ROUNDS:
            return
        self.rounds += 1
        requests = list(self.requests_for(self.names_without_item))
        for request in requests:
            self.crawler.engine.crawl(request.replace(dont_filter=True))
        if requests:
            raise DontCloseSpider


def check_arguments(spargs: Mapping[str, Any], known: Mapping[str, str]) -> None:
    """Raise InputError for an argument that is not among the *known* ones; those with a ``_`` are Scrapyd's."""
    unknown = [name for name in spargs if name not in known and not name.startswith("_")]
    if unknown:
        raise InputError(f"unknown spider argument {unknown[0]!r}; there are {', '.join(known)}")
