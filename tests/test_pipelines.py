"""The pipelines one by one: text becomes bytes or an error, and a model comes through once."""

from __future__ import annotations

import pytest
from scrapy.exceptions import DropItem

from timm_sizes.items import ModelSize, Status
from timm_sizes.pipelines import Deduplicate, NormaliseUnits


def test_displayed_sizes_become_bytes() -> None:
    item = ModelSize(
        "net", status=Status.ESTIMATED, size_bytes="1.22 GB", other_weights={"a.bin": "654 Bytes", "b.bin": 7}
    )
    assert NormaliseUnits().process_item(item) == ModelSize(
        "net", status=Status.ESTIMATED, size_bytes=1_220_000_000, other_weights={"a.bin": 654, "b.bin": 7}
    )


@pytest.mark.parametrize("size", [None, 0, 1_220_365_908])
def test_bytes_stay_as_they_are(size: int | None) -> None:
    assert NormaliseUnits().process_item(ModelSize("net", size_bytes=size)).size_bytes == size


@pytest.mark.parametrize(
    "sizes",
    [
        {"size_bytes": "9007.3 TB"},
        {"size_bytes": "5 M"},
        {"size_bytes": ""},
        {"size_bytes": "7 MB", "other_weights": {"a.bin": "large"}},
    ],
)
def test_what_is_no_size_is_an_error_and_no_number(sizes: dict[str, object]) -> None:
    item = NormaliseUnits().process_item(ModelSize("net", **sizes))  # type: ignore[arg-type]
    assert (item.status, item.size_bytes, item.other_weights) == (Status.ERROR, None, {})
    assert "not a size" in item.reason


def test_second_item_of_a_model_is_dropped() -> None:
    pipeline = Deduplicate()
    first = ModelSize("net", size_bytes=1)
    assert pipeline.process_item(first) is first
    with pytest.raises(DropItem):
        pipeline.process_item(ModelSize("net", size_bytes=2))
    assert pipeline.process_item(ModelSize("another")).model == "another"
