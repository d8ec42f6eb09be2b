"""The mock Hub answers as the real one: the official client can read it, and its headers and refusals are the Hub's.

How it misbehaves is seen in what the crawls of tests/spiders/test_faults.py make of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from parsel import Selector

from tests.mockserver import MockHub, Repo, timm_repo

EVA = "timm/eva02_large_patch14_448.mim_m38m_ft_in22k_in1k"
EVA_INFO = f"/api/models/{EVA}"
TOKEN = "hf_known"


@pytest.fixture
def hub(hub_process: MockHub) -> MockHub:
    hub_process.clear()
    hub_process.put(timm_repo(EVA, 305_080_232, license="mit"), timm_repo("hidden", 1, private=True))
    hub_process.behave(tokens=[TOKEN])
    return hub_process


@pytest.fixture
def api(hub: MockHub) -> HfApi:
    """The official client, anonymous."""
    return HfApi(endpoint=hub.url, token=False)


def ask(hub: MockHub, path: str, token: str = "", **headers: str) -> requests.Response:
    own = {"Authorization": f"Bearer {token}"} if token else {}
    with requests.Session() as session:
        session.trust_env = False
        session.headers.clear()
        return session.get(f"{hub.url}{path}", headers=own | headers, allow_redirects=False, timeout=30)


def test_model_info_has_exact_sizes(api: HfApi) -> None:
    info = api.model_info(EVA, files_metadata=True)
    files = {sibling.rfilename: sibling for sibling in info.siblings or []}
    assert (info.id, info.author, info.gated, info.private) == (EVA, "timm", False, False)
    assert files["model.safetensors"].size == 1_220_365_908
    assert files["pytorch_model.bin"].size == 1_220_481_421
    checkpoint = files["model.safetensors"].lfs
    assert checkpoint is not None
    assert (checkpoint.size, len(checkpoint.sha256), checkpoint.pointer_size) == (1_220_365_908, 64, 135)
    assert (files[".gitattributes"].size, files[".gitattributes"].lfs) == (1477, None)
    assert info.safetensors is not None
    assert info.safetensors.total == 305_080_232
    assert info.card_data is not None
    assert info.card_data.license == "mit"


def test_list_models_over_several_pages(hub: MockHub, api: HfApi) -> None:
    hub.put(*(timm_repo(f"model_{number:04}", number) for number in range(2100)))
    hub.put(Repo("other/model"), timm_repo("off", 1, disabled=True))
    listed = list(api.list_models(author="timm", expand=["sha"]))
    assert {info.id for info in listed} == {EVA, *(f"timm/model_{number:04}" for number in range(2100))}
    assert len(listed) == 2101
    assert all(info.sha and len(info.sha) == 40 for info in listed)
    assert [request.status for request in hub.requests("/api/models?")] == [200, 200, 200]


@pytest.mark.parametrize("repo_id", ["timm/missing", "timm/hidden"])
def test_what_cannot_be_seen_is_a_401_and_a_token_tells_missing_from_private(api: HfApi, repo_id: str) -> None:
    with pytest.raises(HfHubHTTPError, match="Invalid username or password") as caught:
        api.model_info(repo_id)
    assert caught.value.response.status_code == 401
    assert "x-error-code" not in caught.value.response.headers
    if repo_id == "timm/hidden":
        assert api.model_info(repo_id, token=TOKEN).private is True
    else:
        with pytest.raises(RepositoryNotFoundError) as caught:
            api.model_info(repo_id, token=TOKEN)
        assert caught.value.response.status_code == 404


def test_repo_renamed_twice_is_followed(hub: MockHub, api: HfApi) -> None:
    sha256 = ask(hub, f"{EVA_INFO}?blobs=true").json()["siblings"][3]["lfs"]["sha256"]
    hub.rename(EVA, "timm/newer")
    hub.rename("timm/newer", "timm/newest")
    hub.forget()
    info = api.model_info(EVA, files_metadata=True)
    assert info.id == "timm/newest"
    assert [request.status for request in hub.requests()] == [307, 307, 200]
    assert {sibling.lfs.sha256 for sibling in info.siblings or [] if sibling.lfs} > {sha256}


def test_common_headers(hub: MockHub) -> None:
    reply = ask(hub, f"{EVA_INFO}?blobs=true", **{"X-Amzn-Trace-Id": "my-trace"})
    sha1 = base64.b64encode(hashlib.sha1(reply.content).digest()).decode().rstrip("=")
    assert reply.headers["ETag"] == f'W/"{len(reply.content):x}-{sha1}"'
    assert reply.headers["RateLimit-Policy"] == '"fixed window";"api";q=500;w=300'
    assert re.fullmatch(r'"api";r=499;t=\d+', reply.headers["RateLimit"])
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};my-trace", reply.headers["X-Request-Id"])
    assert parsedate_to_datetime(reply.headers["Date"])
    assert (reply.headers["X-Powered-By"], reply.headers["Vary"]) == ("huggingface-moon", "Origin")
    assert not {"Cache-Control", "Last-Modified", "Retry-After"} & set(reply.headers)


@pytest.mark.parametrize(
    "path",
    ["/api/models/{}?blobs=true&x=%2F", "/api/models/{}/revision/refs%2Fpr%2F1", "/{}/tree/main", "/{}/resolve/main/a"],
)
def test_wrong_case_and_rename_redirect(hub: MockHub, path: str) -> None:
    hub.rename(EVA, "timm/Newer")
    for old_id in (EVA, "timm/newer"):
        reply = ask(hub, path.format(old_id))
        location = path.format("timm/Newer")
        assert (reply.status_code, reply.headers["Location"]) == (307, location)
        assert reply.text == f"Temporary Redirect. Redirecting to {location}"
        assert reply.headers["Vary"] == "Origin, Accept"
        assert "ETag" not in reply.headers


def test_quota_is_per_client_and_bucket(hub: MockHub) -> None:
    hub.behave(quota={"api": 2, "pages": 0}, token_quota={"api": 1})
    assert [ask(hub, EVA_INFO).status_code for _ in range(3)] == [200, 200, 429]
    refused = ask(hub, EVA_INFO)
    assert refused.json()["error"].startswith("We had to rate limit your IP (127.0.0.1).")
    assert '"api";r=0;t=' in refused.headers["RateLimit"]
    assert "Retry-After" not in refused.headers
    assert ask(hub, f"/{EVA}/tree/main").text.startswith("We had to rate limit your IP")
    assert ask(hub, EVA_INFO, TOKEN).status_code == 200
    assert "you hit the quota of 1 api requests per 5 minutes period" in ask(hub, EVA_INFO, TOKEN).json()["error"]
    hub.behave(quota=None)
    assert ask(hub, EVA_INFO).status_code == 200


def test_edge_429_knows_nothing_of_the_hub(hub: MockHub) -> None:
    hub.behave(edge_429=2)
    first, second, third = (ask(hub, EVA_INFO) for _ in range(3))
    assert (first.status_code, second.status_code, third.status_code) == (200, 429, 200)
    assert second.headers["Content-Type"].startswith("text/html")
    assert not {"RateLimit", "X-Request-Id", "X-Powered-By"} & set(second.headers)
    assert '"api";r=498' in third.headers["RateLimit"]


def test_server_ends_with_its_parent() -> None:
    command = [sys.executable, "-m", "tests.mockserver.server"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.communicate(timeout=30)
    assert process.returncode == 0


def test_tree_page_holds_exact_and_displayed_sizes(hub: MockHub) -> None:
    page = Selector(ask(hub, f"/{EVA}/tree/main").text)
    islands = {
        island.attrib["data-target"]: json.loads(island.attrib["data-props"]) for island in page.css("[data-props]")
    }
    listing = islands["ViewerIndexTreeList"]
    sizes = {entry["path"]: entry["size"] for entry in listing["entries"]}
    assert sizes["model.safetensors"] == 1_220_365_908
    assert listing["context"]["repo"]["name"] == EVA
    assert listing["context"]["commit"]["id"] == ask(hub, EVA_INFO).json()["sha"]
    assert islands["ModelHeader"]["model"]["cardData"]["license"] == "mit"
    assert list(islands)[-1] == "ViewerIndexTreeList"
    link = page.css(f'a[download][href="/{EVA}/resolve/main/model.safetensors?download=true"]')
    assert (link.xpath("normalize-space()").get(), link.attrib["title"]) == ("1.22 GB", "Download file")
    assert page.css("title::text").get() == f"{EVA} at main"
