"""The pipelines one by one: text becomes bytes or an error, and a model comes through once."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapy.exceptions import DropItem

from tests.crawlers import make_crawler
from timm_sizes.items import ModelSize, Status
from timm_sizes.pipelines import Deduplicate, Export, NormaliseUnits
from timm_sizes.sizes_file import read_sizes


def test_displayed_sizes_become_bytes() -> None:
    item = ModelSize("net", status=Status.ESTIMATED, size_bytes="1.22 GB")
    assert NormaliseUnits().process_item(item) == ModelSize("net", status=Status.ESTIMATED, size_bytes=1_220_000_000)


@pytest.mark.parametrize("size", [None, 0, 1_220_365_908])
def test_bytes_stay_as_they_are(size: int | None) -> None:
    assert NormaliseUnits().process_item(ModelSize("net", size_bytes=size)).size_bytes == size


@pytest.mark.parametrize("size", ["9007.3 TB", "5 M", ""])
def test_what_is_no_size_is_an_error_and_no_number(size: str) -> None:
    item = NormaliseUnits().process_item(ModelSize("net", size_bytes=size))
    assert (item.status, item.size_bytes) == (Status.ERROR, None)
    assert "not a size" in item.reason


def test_what_no_file_can_hold_is_counted_and_written_as_an_error(tmp_path: Path) -> None:
    crawler = make_crawler(SIZES_FILE=str(tmp_path / "sizes.csv"))
    export = Export.from_crawler(crawler)
    export.process_item(ModelSize("a", size_bytes=5))
    export.process_item(ModelSize("b", size_bytes=5, license="x" * 200_000))
    export.close_spider()
    assert {model: item.status for model, item in read_sizes(tmp_path / "sizes.csv").items()} == {
        "a": "ok",
        "b": "error",
    }
    assert [crawler.stats.get_value(f"timm_sizes/status/{status}") for status in ("ok", "error")] == [1, 1]


def test_items_of_another_type_with_the_same_fields_are_handled_likewise(tmp_path: Path) -> None:
    item = {"model": "net", "size_bytes": "1.22 GB", "status": "estimated", "source": "page"}
    export = Export.from_crawler(make_crawler(SIZES_FILE=str(tmp_path / "sizes.csv")))
    for pipeline in (NormaliseUnits(), seen := Deduplicate(), export):
        pipeline.process_item(item)
    with pytest.raises(DropItem):
        seen.process_item(ModelSize("net"))
    export.close_spider()
    right = ModelSize("net", status=Status.ESTIMATED, size_bytes=1_220_000_000, source="page")
    assert read_sizes(tmp_path / "sizes.csv") == {"net": right}


def test_second_item_of_a_model_is_dropped() -> None:
    pipeline = Deduplicate()
    first = ModelSize("net", size_bytes=1)
    assert pipeline.process_item(first) is first
    with pytest.raises(DropItem):
        pipeline.process_item(ModelSize("net", size_bytes=2))
    assert pipeline.process_item(ModelSize("another")).model == "another"
