"""The other clients, each as its users write it: ``python -m tests.benchmarks.peers URL FILE CLIENT NUMBER``.

Prints what came of it as JSON: the seconds from the first request to the last answer, and how many repos were sized.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Asks for all of the repos and returns how many were sized; what it takes to import the client is past by then.
Ask = Callable[[list[str]], int]


def hf_api(url: str, threads: float) -> Ask:
    """Ask with the official client, in a loop or in a pool of threads; it does not ask again after a 429."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(endpoint=url, token=False)

    def is_sized(repo_id: str) -> bool:
        try:
            info = api.model_info(repo_id, files_metadata=True)
        except HfHubHTTPError:
            return False
        return any(sibling.size for sibling in info.siblings or [])

    def ask(repo_ids: list[str]) -> int:
        if threads == 1:
            return sum(map(is_sized, repo_ids))
        with ThreadPoolExecutor(int(threads)) as pool:
            return sum(pool.map(is_sized, repo_ids))

    return ask


def bare_aiohttp(url: str, connections: float) -> Ask:
    """Ask over so many connections and read the JSON; nothing is kept, retried or written."""
    import aiohttp

    async def ask_all(repo_ids: list[str]) -> int:
        left = iter(repo_ids)

        async def ask_some(session: aiohttp.ClientSession) -> int:
            sized = 0
            for repo_id in left:
                async with session.get(f"{url}/api/models/{repo_id}?blobs=true") as response:
                    sized += bool(json.loads(await response.read())["siblings"])
            return sized

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=int(connections))) as session:
            return sum(await asyncio.gather(*(ask_some(session) for _ in range(int(connections)))))

    return lambda repo_ids: asyncio.run(ask_all(repo_ids))


def old_script(url: str, pause: float) -> Ask:
    """Read the tree pages one after the other as the old script did, pausing after every 45 of them.

    Its mildest reading: one connection for all, and a page that is refused costs its name but not the run.
    """
    import requests
    from bs4 import BeautifulSoup

    def ask(repo_ids: list[str]) -> int:
        sized = 0
        with requests.Session() as session:
            for number, repo_id in enumerate(repo_ids):
                if number and number % 45 == 0:
                    time.sleep(pause)
                page = session.get(f"{url}/{repo_id}/tree/main", timeout=30)
                if page.status_code == 200:
                    links = BeautifulSoup(page.text, "html.parser").find_all("a", download=True)
                    sized += any("model.safetensors" in str(link["href"]) for link in links)
        return sized

    return ask


CLIENTS: dict[str, Callable[[str, float], Ask]] = {"hf": hf_api, "aiohttp": bare_aiohttp, "old": old_script}


def main() -> None:
    url, file, client, number = sys.argv[1:]
    repo_ids = Path(file).read_text().split()
    ask = CLIENTS[client](url, float(number))
    began = time.monotonic()
    sized = ask(repo_ids)
    print(json.dumps({"seconds": time.monotonic() - began, "sized": sized}))


if __name__ == "__main__":
    main()
