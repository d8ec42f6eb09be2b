"""Sizes as people write them ("1.22 GB", "654 Bytes", "1,234 kB") to whole bytes, and back to MB and MiB."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

_FACTORS = {"b": 1, "byte": 1, "bytes": 1}
_FACTORS |= {f"{prefix}b": 1000**power for power, prefix in enumerate("kmgtp", start=1)}
_FACTORS |= {f"{prefix}ib": 1024**power for power, prefix in enumerate("kmgtp", start=1)}

_SIZE = re.compile(
    r"""\s*
    (?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)? | \d{1,20}(?:\.\d{1,20})?)
    \s*
    (?P<unit>[A-Za-z]+)
    \s*""",
    re.VERBOSE | re.ASCII,
)
_LONGEST = 64

MB = 10**6
MIB = 2**20
MAX_BYTES = 2**53  # nothing on the Hub is near 9 PB: anything above is a wrong answer, not a size


def parse_size(text: str) -> int:
    """Return the bytes that *text* says, rounded half up to a whole byte.

    Units are decimal, as the Hub's pages show them (1 GB = 10^9 bytes), unless the unit itself says binary
    (KiB, MiB, GiB, TiB, PiB); case does not matter. Thousands may be set off by commas.
    Raises ValueError for anything else, a number without its unit or above MAX_BYTES included.
    """
    match = _SIZE.fullmatch(text) if len(text) <= _LONGEST else None
    factor = _FACTORS.get(match["unit"].lower()) if match else None
    exact = Decimal(match["number"].replace(",", "")) * factor if match and factor else None
    if exact is None or exact > MAX_BYTES:
        shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
        raise ValueError(f"not a size: {shown!r} (expected a number and a unit, such as '1.22 GB')")
    return int(exact.to_integral_value(ROUND_HALF_UP))


def format_size(size_bytes: int, unit: int) -> str:
    """Return *size_bytes* in *unit* (MB or MIB) with two decimals, rounded half up: 1220365908 → "1220.37"."""
    return str((Decimal(size_bytes) / unit).quantize(Decimal("0.01"), ROUND_HALF_UP))
