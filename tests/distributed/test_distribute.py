"""``scrapy distribute`` with workers: the same rows as one machine, whatever dies on the way."""

from __future__ import annotations

import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from tests.distributed.machines import RedisServer, machines
from tests.mockserver import MockHub, timm_repo
from tests.processes import Started
from tests.samples import list_paths, repo_paths
from tests.workplace import Workplace

# Four organisations, the first of which is cut: five chunks.
NAMES = [f"hf-hub:org{0 if number < 6 else number % 3 + 1}/net{number:02}" for number in range(16)]
CHUNKS = ("-s", "CHUNK_SIZE=4")
TOKEN = "hf_" + "t0ken" * 6


def put_many(hub: MockHub, latency: float = 0.0) -> dict[str, str]:
    """Host the repos of NAMES and return the sizes that are right."""
    repos = {name: timm_repo(name.removeprefix("hf-hub:"), 1_000_000 + i) for i, name in enumerate(NAMES)}
    hub.put(*repos.values())
    hub.behave(quota={"api": None}, latency=latency)
    return {name: str(repo.files["model.safetensors"]) for name, repo in repos.items()}


# The client's own requests: the list of each organisation.
LISTS = 4


def distribute(workplace: Workplace, redis: RedisServer, *arguments: str, **environment: str) -> Started:
    """Start the client."""
    return Started(("distribute", *arguments), workplace.environment({"REDIS_URL": redis.url, **environment}))


def sizes_of(workplace: Workplace) -> dict[str, str]:
    """Return the sizes by name; fail if a name is there twice."""
    sizes = {model: row["size_bytes"] for model, row in workplace.sizes().items()}
    assert len(workplace.sizes_file.read_text().splitlines()) == len(sizes) + 1
    return sizes


def undated(workplace: Workplace) -> dict[str, dict[str, str]]:
    return {model: {**row, "fetched_at": ""} for model, row in workplace.sizes().items()}


@pytest.mark.slow
def test_workers_give_the_rows_of_one_machine(
    hub: MockHub, workplace: Workplace, redis: RedisServer, tmp_path: Path
) -> None:
    put_many(hub)
    checkpoint = tmp_path / "checkpoint.pth"
    checkpoint.write_bytes(b"weights")
    names = [
        *NAMES,
        "gcvit_base",
        "no model",
        "timm/gone.tag_in1k",
        "hf-hub:org0/net01@main",
        f"local-dir:{tmp_path}",
    ]
    table = workplace.table(names)
    (tmp_path / "alone").mkdir()
    alone = Workplace(tmp_path / "alone", hub.url)
    alone.crawl("-a", f"table={table}")
    hub.forget()
    with machines(workplace, redis, 3):
        ended = distribute(workplace, redis, "-a", f"table={table}", *CHUNKS).wait()
        assert ended.status == 0
        assert undated(workplace) == undated(alone)
        assert len(repo_paths(hub)) == len(set(repo_paths(hub)))
        # What is not exact at a commit is requested again.
        hub.forget()
        ended = distribute(workplace, redis, "-a", f"table={table}", *CHUNKS).wait()
        assert ended.status == 0
        again = ["/api/models/org0/net01/revision/main?blobs=true", "/api/models/timm/gone.tag_in1k?blobs=true"]
        assert sorted(repo_paths(hub)) == again
        assert undated(workplace) == undated(alone)


@pytest.mark.slow
def test_organisation_is_seeded_by_the_client_and_crawled_by_the_workers(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    right = put_many(hub)
    with machines(workplace, redis, 1):
        assert distribute(workplace, redis, "-a", "author=org0,org1", *CHUNKS).wait().status == 0
    assert sizes_of(workplace) == {
        name: right[name] for name in NAMES if name.startswith(("hf-hub:org0", "hf-hub:org1"))
    }


@pytest.mark.slow
def test_machine_that_loses_power_costs_its_chunk_again_and_no_name(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    right = put_many(hub, latency=1.0)
    with machines(workplace, redis, 3) as workers:
        client = distribute(workplace, redis, "-a", f"table={workplace.table(NAMES)}", *CHUNKS)
        assert hub.wait_for(LISTS + 3)
        workers[0].lose_power()
        ended = client.wait()
    assert ended.status == 0
    assert sizes_of(workplace) == right
    assert len(repo_paths(hub)) - len(set(repo_paths(hub))) <= 4
    with redis.client() as connection:
        assert not list(connection.scan_iter("rq:job:*"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_client_that_ends_early_goes_on_and_nothing_is_requested_twice(
    hub: MockHub, workplace: Workplace, redis: RedisServer, number: signal.Signals
) -> None:
    right = put_many(hub, latency=0.5)
    arguments = ("-a", f"table={workplace.table(NAMES)}", *CHUNKS)
    with machines(workplace, redis, 2):
        client = distribute(workplace, redis, *arguments)
        assert hub.wait_for(LISTS + 6)
        client.send(number)
        ended = client.wait()
        assert ended.status == (1 if number == signal.SIGINT else -signal.SIGKILL)
        assert ("run the same command again to resume" in ended.err) == (number == signal.SIGINT)
        assert distribute(workplace, redis, *arguments).wait().status == 0
    assert sizes_of(workplace) == right
    assert len(repo_paths(hub)) == len(set(repo_paths(hub))) == len(NAMES)


@pytest.mark.slow
def test_redis_that_is_killed_and_comes_back_costs_no_name(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    right = put_many(hub, latency=0.5)
    with machines(workplace, redis, 2):
        client = distribute(workplace, redis, "-a", f"table={workplace.table(NAMES)}", *CHUNKS)
        assert hub.wait_for(LISTS + 3)
        redis.kill()
        assert hub.wait_for(LISTS + 6)
        redis.start()
        ended = client.wait()
    assert ended.status == 0
    assert sizes_of(workplace) == right


@pytest.mark.slow
def test_four_workers_on_one_quota_are_hardly_ever_refused(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    right = put_many(hub)
    hub.behave(quota={"api": 10}, window=4.0)
    with machines(workplace, redis, 4, HUB_QUOTA_NAME="office"):
        ended = distribute(workplace, redis, "-a", f"table={workplace.table(NAMES)}", *CHUNKS).wait()
    assert ended.status == 0
    assert sizes_of(workplace) == right
    assert sum(request.status == 429 for request in hub.requests()) <= 4


@pytest.mark.slow
def test_chunk_that_fails_to_the_end_is_told_and_can_be_crawled_again(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    put_many(hub)
    arguments = ("-a", f"table={workplace.table(NAMES[:5])}")
    with machines(workplace, redis, 1, HF_ENDPOINT="http://127.0.0.1:9"):
        ended = distribute(workplace, redis, *arguments).wait()
    assert ended.status == 1
    assert f"this worker is set up for http://127.0.0.1:9, the client for {hub.url}" in ended.err
    assert "Traceback" not in ended.err
    with machines(workplace, redis, 1):
        assert distribute(workplace, redis, *arguments).wait().status == 0
    assert set(workplace.statuses().values()) == {"ok"}


@pytest.mark.slow
def test_name_without_an_answer_has_its_row_and_the_exit_status_tells(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    put_many(hub)
    fault = {"fault": "wrong_shape", "times": None}
    hub.behave(fault_paths={f"/api/models/{NAMES[0].removeprefix('hf-hub:')}": fault})
    arguments = ("-a", f"models={','.join(NAMES[:2])}")
    with machines(workplace, redis, 1):
        assert distribute(workplace, redis, *arguments).wait().status == 1
        assert workplace.statuses() == {NAMES[0]: "error", NAMES[1]: "ok"}
        hub.behave_reset()
        assert distribute(workplace, redis, *arguments).wait().status == 0
    assert set(workplace.statuses().values()) == {"ok"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", ["-m timm_sizes.distributed", "-m rq.cli worker -S json timm_sizes"], ids=["preloaded", "rq worker"]
)
def test_worker_runs_as_a_shell_starts_it(hub: MockHub, workplace: Workplace, redis: RedisServer, command: str) -> None:
    right = put_many(hub)
    environment = workplace.environment({"REDIS_URL": redis.url, "RQ_REDIS_URL": redis.url})
    with subprocess.Popen([sys.executable, *command.split()], env=environment, stderr=subprocess.DEVNULL) as worker:
        assert distribute(workplace, redis, "-a", f"models={','.join(NAMES)}", *CHUNKS).wait().status == 0
        worker.terminate()
    assert sizes_of(workplace) == right


@pytest.mark.slow
def test_token_is_sent_to_the_hub_alone(hub: MockHub, workplace: Workplace, redis: RedisServer) -> None:
    put_many(hub)
    hub.behave(tokens=[TOKEN])
    with machines(workplace, redis, 1, HF_TOKEN=TOKEN, HUB_QUOTA_NAME=TOKEN):
        assert (
            distribute(workplace, redis, "-a", f"table={workplace.table(NAMES[:5])}", HF_TOKEN=TOKEN).wait().status == 0
        )
    assert all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in hub.requests())
    files = [path for path in workplace.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".aof" for path in files)
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def test_other_crawl_into_the_same_sizes_file_is_refused(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    put_many(hub)
    client = distribute(workplace, redis, "-a", f"models={NAMES[0]}")
    with redis.client() as connection:
        connection.blmove("rq:queue:timm_sizes", "taken", 60)
    ended = workplace.crawl("-a", f"models={NAMES[0]}")
    client.send(signal.SIGINT)
    assert ended.status == 2
    assert "is in use by another crawl" in ended.err
    assert client.wait().status == 1


def test_names_that_are_exact_at_the_lists_commit_need_no_worker(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    put_many(hub)
    table = f"table={workplace.table(NAMES)}"
    assert workplace.crawl("-a", table).status == 0
    before = workplace.sizes_file.read_bytes()
    hub.forget()
    ended = distribute(workplace, redis, "-a", table).wait()
    assert ended.status == 0
    assert f"known already{len(NAMES):>8}" in ended.err
    assert (len(list_paths(hub)), repo_paths(hub)) == (4, [])
    assert workplace.sizes_file.read_bytes() == before


def test_list_of_an_organisation_is_requested_by_the_client_alone(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    put_many(hub)
    assert distribute(workplace, redis, "-a", "author=org0", "-a", "route=list").wait().status == 0
    assert len(list_paths(hub)) == len(hub.requests()) == 1
    assert set(workplace.statuses().values()) == {"estimated"}


@pytest.mark.parametrize(
    ("arguments", "url", "message"),
    [
        ([], "", "REDIS_URL is not set; expected redis://HOST:PORT/NUMBER"),
        ([], "http://:secret@host", "REDIS_URL: Redis URL must specify one of"),
        ([], "redis://:secret@127.0.0.1:9/0", "REDIS_URL: Error 111 connecting to 127.0.0.1:9"),
        (["-s", "CHUNK_SIZE=0"], "redis://127.0.0.1:9/0", "CHUNK_SIZE: '0': expected a whole number"),
        (["-o", "x.csv"], "redis://127.0.0.1:9/0", "-o and -O are scrapy crawl's"),
        (["hf_sizes"], "redis://127.0.0.1:9/0", "expected at most 0 argument"),
        (["-a", "tabel=x"], "redis://127.0.0.1:9/0", "unknown spider argument 'tabel'"),
    ],
)
def test_mistake_is_one_line_and_exit_status_2(
    offline: Workplace, arguments: list[str], url: str, message: str
) -> None:
    ended = offline.run("distribute", "-a", "models=resnet50", *arguments, env={"REDIS_URL": url})
    assert ended.status == 2
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert "secret" not in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("command", ["distribute", "crawl hf_sizes"])
def test_package_that_is_missing_is_asked_for(offline: Workplace, command: str) -> None:
    ended = offline.run_python(
        "import os, sys, scrapy.cmdline; sys.modules['rq'] = None\n"
        "os.environ |= {'REDIS_URL': 'redis://127.0.0.1:9/0', 'HUB_QUOTA_NAME': 'office'}\n"
        f"scrapy.cmdline.execute(['scrapy', *{command.split()}, '-a', 'models=resnet50'])"
    )
    assert ended.status == 2
    assert ended.err.endswith("need the package rq: pip install rq\n")


@pytest.mark.parametrize("rows", [b"[]", b"7", b'[{"model": []}]', b"no JSON"])
def test_result_that_is_no_rows_costs_its_chunk_and_is_told(
    hub: MockHub, workplace: Workplace, redis: RedisServer, rows: bytes
) -> None:
    put_many(hub)
    client = distribute(workplace, redis, "-a", f"models={NAMES[0]}")
    with redis.client() as connection:
        queue = connection.blmove("rq:queue:timm_sizes", "taken", 60).decode()
        connection.xadd(f"rq:results:{queue}", {"type": 1, "created_at": 0, "return_value": b64encode(rows)})
        connection.zadd("rq:finished:timm_sizes", {queue: 2**40})
    ended = client.wait()
    assert ended.status == 1
    assert "failed: its rows are not those of its names" in ended.err
    assert "Traceback" not in ended.err


def test_crawl_counts_its_requests_with_the_other_machines(
    hub: MockHub, workplace: Workplace, redis: RedisServer
) -> None:
    put_many(hub)
    hub.behave(quota={"api": 500})
    shared = ["-s", f"REDIS_URL={redis.url}", "-s", "HUB_QUOTA_NAME=office"]
    assert workplace.crawl("-a", f"models={NAMES[0]},{NAMES[3]}", *shared).status == 0
    with redis.client() as connection:
        counts = [connection.get(key) for key in connection.scan_iter("timm_sizes:quota:*:api:*")]
    assert counts == [b"2"]


def test_crawl_without_the_redis_that_counts_goes_by_the_word_of_the_hub(hub: MockHub, workplace: Workplace) -> None:
    put_many(hub)
    environment = {"REDIS_URL": "redis://127.0.0.1:9/0", "HUB_QUOTA_NAME": "office"}
    ended = workplace.crawl("-a", f"table={workplace.table(NAMES)}", env=environment)
    assert ended.status == 0
    assert ended.err.count("Requests are not counted with the other machines'") == 1
