"""The test's end of the mock Hub: starts its process and tells it what to host and how to behave."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from .control import PREFIX
from .repos import Repo
from .request_log import SeenRequest, read_transcript

PROJECT = Path(__file__).parents[2]
# Nothing the mock server does takes long; a test that waits longer than this would wait forever.
PATIENCE = 60


class MockHub:
    """A Hub of one's own, for as long as the `with` block lasts.

    Its `url` takes the place of https://huggingface.co. What it can do wrong: `behaviour.Behaviour`.
    """

    url: str

    def __init__(self, port: int = 0) -> None:
        self._port = port
        # Whatever proxy the environment names, it is not for the loopback interface.
        self._opener = build_opener(ProxyHandler({}))

    def __enter__(self) -> MockHub:
        command = [sys.executable, "-m", f"{__package__}.server", "--port", str(self._port)]
        self._process = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"the mock Hub did not start: exit status {self._process.wait()}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        # Waits for the end, and closes both pipes.
        self._process.communicate(timeout=PATIENCE)

    def put(self, *repos: Repo) -> None:
        """Host these repos, each in place of any with its id and without a past."""
        self._order("put", repos=[repo.to_json() for repo in repos])

    def remove(self, repo_id: str) -> None:
        """Take a repo away; it is then answered for as one that never was."""
        self._order("remove", repo_id=repo_id)

    def rename(self, old_id: str, new_id: str) -> None:
        """Move a repo; its old id is then redirected, one hop for every rename."""
        self._order("rename", old_id=old_id, new_id=new_id)

    def commit(self, repo_id: str, **changes: Any) -> str:
        """Change fields of a repo and return its new sha; its past stays answerable by revision."""
        return str(self._order("commit", repo_id=repo_id, changes=changes))

    def behave(self, **options: Any) -> None:
        """Change some of the fields of `Behaviour`, the others staying as they are."""
        self._order("behave", **options)

    def behave_reset(self) -> None:
        """Behave as the real Hub does on a good day."""
        self._order("behave_reset")

    def clear(self) -> None:
        """Be as new: without repos, misbehaviour and log."""
        self._order("clear")

    def forget(self) -> None:
        """Empty the log and the counters."""
        self._order("forget")

    def requests(self, path_prefix: str = "") -> list[SeenRequest]:
        """What was asked since the last `forget`, in the order it arrived."""
        return read_transcript(self._order("requests", path_prefix=path_prefix))

    def wait_for(self, count: int, at_most: float = PATIENCE / 2) -> bool:
        """Wait, *at_most* so many seconds, for *count* requests since the last `forget`; return whether they came."""
        return bool(self._order("wait_for", count=count, at_most=at_most))

    def downloads(self) -> int:
        """How many requests the Hub would have counted as downloads of a model."""
        return int(self._order("downloads"))

    def _order(self, verb: str, **order: Any) -> Any:
        try:
            with self._opener.open(f"{self.url}{PREFIX}{verb}", json.dumps(order).encode(), PATIENCE) as response:
                return json.load(response)
        except HTTPError as error:
            raise ValueError(error.read().decode()) from None
