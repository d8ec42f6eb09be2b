"""Machines for the tests: a Redis server that can be killed and started again, and workers that can lose power."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry
from rq import Worker

from tests.processes import fork, take_over
from tests.workplace import PATIENCE, Workplace
from timm_sizes.distributed.__main__ import main

if TYPE_CHECKING:
    from rq.job import Job

_SETTINGS = "[settings]\ndefault = timm_sizes.settings\n"


class RedisServer:
    """A Redis that keeps every change in a folder of its own, at one port for as long as the ``with`` block lasts."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        options = {"port": str(self._port), "dir": str(self._folder), "appendonly": "yes", "save": ""}
        command = ["redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        with self.client() as client:
            client.ping()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def client(self) -> Redis:
        """Return a connection that waits for the server to be there."""
        return Redis.from_url(self.url, retry=Retry(ConstantBackoff(0.05), 20 * PATIENCE))


class QuickWorker(Worker):
    """A worker whose job is taken for lost after seconds, not after RQ's minute and a half."""

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        return 3


class Machine:
    """A computer with one worker, a folder and an HTTP cache of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        (folder / "scrapy.cfg").write_text(_SETTINGS)
        self._process = fork(_work, folder, dict(environment))

    def lose_power(self) -> None:
        """End the worker and what it has forked, at once."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        self._process.kill()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        self._process.join()

    def stop(self) -> None:
        if self._process.is_alive():
            self.lose_power()


def _work(folder: Path, environment: dict[str, str]) -> None:
    log = os.open(folder / "worker.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    take_over(environment, folder)
    main(QuickWorker, worker_ttl=16, maintenance_interval=1, job_monitoring_interval=1)


@contextmanager
def machines(workplace: Workplace, redis: RedisServer, count: int, **environment: str) -> Iterator[list[Machine]]:
    """Start *count* machines that crawl *workplace*'s Hub, with more of an *environment* where it is given."""
    own = workplace.environment({"REDIS_URL": redis.url, **environment})
    started = [Machine(Path(mkdtemp(prefix="machine", dir=workplace.folder)), own) for _ in range(count)]
    try:
        yield started
    finally:
        for machine in started:
            machine.stop()
