"""What the project's commands share: reading a command line, and writing to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from scrapy.exceptions import UsageError


def reject_leftovers(args: Sequence[str], at_most: int | None = None) -> None:
    """Raise UsageError for mistyped options, which Scrapy passes on among *args*, and for more than *at_most* args."""
    for arg in args:
        if arg.startswith("-") and arg != "-":
            raise UsageError(f"no such option: {arg}")
    if at_most is not None and len(args) > at_most:
        raise UsageError(f"expected at most {at_most} argument, found {len(args)}: {' '.join(args)}")


def write_stdout(chunks: Iterable[str]) -> None:
    """Write *chunks* to standard output as they are, all of it before what standard error gets next.

    A reader that has seen enough (``| head``) is no error: the rest goes nowhere.
    """
    try:
        sys.stdout.buffer.writelines(chunk.encode() for chunk in chunks)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
