"""A folder to run the project's commands in, as a user does: in a process of their own, against the mock Hub."""

from __future__ import annotations

import csv
import io
import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from scrapy.cmdline import execute

from tests.processes import PATIENCE, PROJECT, Ended, Started

__all__ = ["PATIENCE", "PROJECT", "Ended", "Started", "Workplace"]


@contextmanager
def _logging_restored() -> Iterator[None]:
    """Undo what Scrapy does to logging, which the next test would see."""
    levels = [(logger, logger.level) for logger in (logging.root, logging.getLogger("scrapy"))]
    with (
        patch.object(logging.root, "handlers", [*logging.root.handlers]),
        patch("scrapy.utils.log._scrapy_root_handler", None),
    ):
        yield
    logging.captureWarnings(False)
    for logger, level in levels:
        logger.setLevel(level)


@dataclass(frozen=True)
class Workplace:
    """A folder with a sizes file, a cache and tables of its own."""

    folder: Path
    endpoint: str

    @property
    def sizes_file(self) -> Path:
        return self.folder / "sizes.csv"

    @property
    def cache_file(self) -> Path:
        return self.folder / "cache" / "hf_sizes.sqlite"

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a command: no token, and nothing of the machine's own Hugging Face
        settings, nor a terminal's width.
        """
        left_out = ("HF_", "HUGGING", "XDG_", "COLUMNS")
        own = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return {
            **own,
            "HF_ENDPOINT": self.endpoint,
            "HF_HOME": str(self.folder / "hf_home"),
            "SIZES_FILE": str(self.sizes_file),
            "PYTHONPATH": str(PROJECT),
            "PYTHONWARNINGS": "error::DeprecationWarning",
            **(changes or {}),
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "scrapy.cmdline", *arguments]

    def crawl_command(self, *arguments: str) -> list[str]:
        return self.command(*self._crawl(arguments))

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ended:
        """Run ``scrapy`` with these *arguments* in the project and wait for its end."""
        return Started(arguments, self.environment(env), stdin).wait()

    def call(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run a command in this process, several times as fast: no crawl, and none that reads standard input."""
        out, err, status = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO(), 0
        own = [f"SIZES_FILE={self.sizes_file}", f"HF_ENDPOINT={self.endpoint}"]
        argv = ["scrapy", arguments[0], *(part for name in own for part in ("-s", name)), *arguments[1:]]
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            chdir(PROJECT),
            _logging_restored(),
            patch.dict(os.environ, self.environment(env), clear=True),
            patch.object(sys, "argv", argv),
        ):
            try:
                execute()
            except SystemExit as end:
                status = int(end.code or 0)
        out.seek(0)
        return Ended(status, out.read(), err.getvalue())

    def crawl(self, *arguments: str, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> Ended:
        """Run ``scrapy crawl hf_sizes`` with this workplace's cache and wait for its end."""
        return self.run(*self._crawl(arguments), env=env, stdin=stdin)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> Started:
        """Start ``scrapy`` with these *arguments*, for a test that stops it itself."""
        return Started(arguments, self.environment(env))

    def start_crawl(self, *arguments: str, env: Mapping[str, str] | None = None) -> Started:
        """Start a crawl that the test stops itself."""
        return self.start(*self._crawl(arguments), env=env)

    def run_afresh(self, command: list[str]) -> Ended:
        """Run *command*, of any program, in the project in a process that starts with nothing imported."""
        ended = subprocess.run(
            command, cwd=PROJECT, env=self.environment(), capture_output=True, timeout=PATIENCE, check=False, text=True
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def run_python(self, code: str) -> Ended:
        """Run Python *code* in the project, in a process that starts with nothing imported."""
        return self.run_afresh([sys.executable, "-c", code])

    def table(self, models: Iterable[str], name: str = "table.csv", column: str = "model") -> str:
        """Write a table of these *models* and return its path."""
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([[column, "top1"], *([model, "80.000"] for model in models)])
        return str(path)

    def sizes(self) -> dict[str, dict[str, str]]:
        """Return the rows of the sizes file by model."""
        with self.sizes_file.open(encoding="utf-8", newline="") as file:
            return {row["model"]: row for row in csv.DictReader(file)}

    def statuses(self) -> dict[str, str]:
        return {model: row["status"] for model, row in self.sizes().items()}

    def _crawl(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        return ("crawl", "hf_sizes", "-s", f"HTTPCACHE_DIR={self.folder / 'cache'}", *arguments)
