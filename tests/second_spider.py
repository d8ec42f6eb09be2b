"""A second spider, as small as one can be: its own arguments, the same pipelines and summary."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy import Request

from timm_sizes.errors import InputError
from timm_sizes.spiders.base import NamesSpider, check_arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from scrapy.http import Response
    from scrapy.settings import BaseSettings


@dataclass(frozen=True)
class Shelf:
    """The spider's arguments."""

    url: str
    boxes: tuple[str, ...]

    @property
    def job_identity(self) -> str:
        return "\n".join([self.url, *self.boxes])


class ShelfSpider(NamesSpider):
    """Reads ``{url}/{box}.json``, which says how many bytes are in a box."""

    name = "shelf"
    arguments: Shelf
    arguments_help: ClassVar[Mapping[str, str]] = {"url": "where the boxes are", "boxes": "their names, with commas"}

    @classmethod
    def read_arguments(cls, spargs: Mapping[str, str], settings: BaseSettings) -> Shelf:
        check_arguments(spargs, cls.arguments_help)
        if "url" not in spargs:
            raise InputError("url: expected where the boxes are")
        return Shelf(spargs["url"], tuple(spargs.get("boxes", "").split(",")))

    async def start(self) -> AsyncIterator[Any]:
        self.expect(self.arguments.boxes)
        for request in self.requests_for(self.arguments.boxes):
            yield request

    def requests_for(self, names: Iterable[str]) -> Iterator[Request]:
        for name in names:
            yield Request(f"{self.arguments.url}/{name}.json", self.parse, cb_kwargs={"name": name})

    def parse(self, response: Response, name: str) -> Iterator[Any]:
        size = json.loads(response.body)["bytes"]
        # Any type of item does that has ModelSize's fields.
        yield {"model": name, "size_bytes": size, "source": "api", "fetched_at": "2026-01-01T00:00:00Z"}
