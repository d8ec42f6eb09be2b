"""Prints for the commands: to standard output as it is, to standard error without what could control a terminal."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable

from timm_sizes.errors import reason
from timm_sizes.files import printable

_LINE_PART = re.compile(r"[^\r\n\t]+")


def terminal_width() -> int:
    """Return how many characters a line of standard output has room for: COLUMNS, or the terminal's; 0 for no limit."""
    return shutil.get_terminal_size(fallback=(0, 0)).columns


def write_stdout(chunks: Iterable[str]) -> None:
    """Write *chunks* to standard output as they are, all of it before what standard error gets next.

    On a terminal, what could control it is replaced. A reader that has seen enough (``| head``) is no error: the rest
    goes nowhere. Exits with status 1 when it cannot be written, to a full disk for instance.
    """
    if sys.stdout.isatty():
        chunks = (_LINE_PART.sub(lambda text: printable(text[0]), chunk) for chunk in chunks)
    try:
        sys.stdout.buffer.writelines(chunk.encode() for chunk in chunks)
        sys.stdout.buffer.flush()
    except OSError as error:
        # What is buffered is written again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise SystemExit(f"standard output: {reason(error)}") from None


def write_stderr(*lines: str) -> None:
    """Write *lines* to standard error, with what could control a terminal replaced."""
    print(*map(printable, lines), sep="\n", file=sys.stderr)
