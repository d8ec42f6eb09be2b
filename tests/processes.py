"""Commands as processes that are forked from one with everything imported (tests/preload.py).

Such a process has its own memory, streams, environment, signals and reactor, as one that a shell starts; only what it
imports is there already, and that is most of what a short command costs.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# No command of a test takes long; one that waits longer than this would wait for ever.
PATIENCE = 120
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.preload"])
# What a test may leave behind: processes, and the folders of their streams.
_STARTED: list[BaseProcess] = []
_STREAMS: list[tempfile.TemporaryDirectory[str]] = []


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit status and what it printed."""

    status: int
    out: str
    err: str


class Started:
    """A ``scrapy`` command that is running; its exit status is -N if signal N ended it, as in subprocess."""

    def __init__(self, arguments: tuple[str, ...], environment: Mapping[str, str], stdin: bytes = b"") -> None:
        self._streams = tempfile.TemporaryDirectory()
        _STREAMS.append(self._streams)
        folder = Path(self._streams.name)
        for name, content in {"in": stdin, "out": b"", "err": b""}.items():
            (folder / name).write_bytes(content)
        self._process = fork(_execute, arguments, dict(environment), folder)

    def is_running(self) -> bool:
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens if the command has ended."""
        assert self._process.pid is not None
        if self._process.exitcode is None:
            os.kill(self._process.pid, number)

    def wait(self) -> Ended:
        """Wait for the end and return how it was."""
        self._process.join(PATIENCE)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"a command had not ended after {PATIENCE} s")
        folder = Path(self._streams.name)
        ended = Ended(self._process.exitcode, (folder / "out").read_text("utf-8"), (folder / "err").read_text("utf-8"))
        self._process.close()
        self._streams.cleanup()
        return ended


def fork(target: Callable[..., None], *args: object) -> BaseProcess:
    """Have *target* run in a process that has everything imported, and return that process."""
    process = _CONTEXT.Process(target=target, args=args, daemon=True)
    process.start()
    _STARTED.append(process)
    return process


def end_leftovers() -> None:
    """End the processes that a test has left running: it failed, or was interrupted, before it came to that."""
    while _STARTED:
        process = _STARTED.pop()
        with suppress(ValueError):  # it was waited for, and closed
            process.kill()
            process.join()
    while _STREAMS:
        _STREAMS.pop().cleanup()


def take_over(environment: dict[str, str], folder: Path) -> None:
    """Give this process the *environment* and the working directory of a command."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    warnings.simplefilter("error", DeprecationWarning)


def _execute(arguments: tuple[str, ...], environment: dict[str, str], folder: Path) -> None:
    """Be the command: take its streams from *folder*, its environment and working directory, and run it."""
    for number, name, flags in ((0, "in", os.O_RDONLY), (1, "out", os.O_WRONLY), (2, "err", os.O_WRONLY)):
        stream = os.open(folder / name, flags)
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    take_over(environment, PROJECT)
    from scrapy.cmdline import execute

    sys.argv = ["scrapy", *arguments]
    execute()
