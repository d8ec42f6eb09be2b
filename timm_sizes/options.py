"""What the project's commands share in reading a command line."""

from __future__ import annotations

from collections.abc import Sequence

from scrapy.exceptions import UsageError


def reject_leftovers(args: Sequence[str], at_most: int | None = None) -> None:
    """Raise UsageError for mistyped options, which Scrapy passes on among *args*, and for more than *at_most* args."""
    for arg in args:
        if arg.startswith("-") and arg != "-":
            raise UsageError(f"no such option: {arg}")
    if at_most is not None and len(args) > at_most:
        raise UsageError(f"expected at most {at_most} argument, found {len(args)}: {' '.join(args)}")
