"""Sizes as pages and people write them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.mockserver.tree_page import displayed_size
from timm_sizes.units import MB, MIB, format_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("654 Bytes", 654),
        ("1 Byte", 1),
        ("0 Bytes", 0),
        ("1.22 GB", 1_220_000_000),
        ("74 MB", 74_000_000),
        ("1,234 kB", 1_234_000),
        ("1,234.5 KB", 1_234_500),
        ("5.13 TB", 5_130_000_000_000),
        ("1 KiB", 1024),
        ("1.5MiB", 1_572_864),
        ("2 gib", 2_147_483_648),
        ("1.0005 kB", 1001),
        ("  86.6 MB\n", 86_600_000),
    ],
)
def test_size_is_read(text: str, size: int) -> None:
    assert parse_size(text) == size


NO_SIZES = [
    "",
    "MB",
    "12",
    "1.22",
    "-5 MB",
    "+5 MB",
    "1,22 GB",
    "1.2.3 GB",
    "12,34 MB",
    "1e3 MB",
    "NaN MB",
    "٣ MB",
    "5 M",
]
NO_SIZES += [
    "5 Mb/s",
    "1 GB 2 MB",
    "0x10 MB",
    "inf GB",
    "1 zettabyte",
    "9" * 100 + " MB",
    "½ MB",
    "1_000 MB",
    "5 MB\x00",
]


@pytest.mark.parametrize("text", NO_SIZES)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


@given(st.text())
@example("1" * 60 + " GB")
def test_reading_ends_in_a_size_or_a_refusal(text: str) -> None:
    try:
        size = parse_size(text)
    except ValueError:
        return
    assert size >= 0


@given(st.integers(min_value=0, max_value=10**13))
def test_displayed_size_is_read_within_its_rounding(size: int) -> None:
    assert abs(parse_size(displayed_size(size)) - size) <= size * 0.005


@pytest.mark.parametrize(
    ("size", "mb", "mib"),
    [
        (1_220_365_908, "1220.37", "1163.83"),
        (0, "0.00", "0.00"),
        (10**12, "1000000.00", "953674.32"),
        (1_005_000, "1.01", "0.96"),
    ],
)
def test_size_is_written_in_two_decimals(size: int, mb: str, mib: str) -> None:
    assert (format_size(size, MB), format_size(size, MIB)) == (mb, mib)
