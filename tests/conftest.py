"""What all tests share: one mock Hub a worker, emptied for each test, a folder to work in, and how many workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.mockserver import MockHub
from tests.processes import end_leftovers
from tests.workplace import Workplace

# A loaded machine is no failure; `--hypothesis-profile=long` is the run for a night.
settings.register_profile("default", deadline=None)
settings.register_profile("long", deadline=None, max_examples=20_000)
settings.load_profile("default")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Have all cores run the whole suite, but no worker a part that is named: it takes longer to start than that."""
    return None if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.fixture(autouse=True)
def _no_leftovers() -> Iterator[None]:
    yield
    end_leftovers()


@pytest.fixture(scope="session")
def hub_process() -> Iterator[MockHub]:
    with MockHub() as hub:
        yield hub


@pytest.fixture
def hub(hub_process: MockHub) -> MockHub:
    hub_process.clear()
    return hub_process


@pytest.fixture
def workplace(hub: MockHub, tmp_path: Path) -> Workplace:
    return Workplace(tmp_path, hub.url)


@pytest.fixture
def offline(tmp_path: Path) -> Workplace:
    """A workplace whose Hub is an address where nobody listens."""
    return Workplace(tmp_path, "http://127.0.0.1:9")
