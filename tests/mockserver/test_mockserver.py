"""The mock Hub answers as the real one: the official client can read it, and its headers and refusals are the
Hub's own."""

from __future__ import annotations

import base64
import gzip
import hashlib
import http.client
import json
import re
import subprocess
import sys
import zlib
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from parsel import Selector

from tests.mockserver import MockHub, Repo, timm_repo

if TYPE_CHECKING:
    from huggingface_hub import HfApi

EVA = "timm/eva02_large_patch14_448.mim_m38m_ft_in22k_in1k"
EVA_INFO = f"/api/models/{EVA}"
TOKEN = "hf_known"


@pytest.fixture
def hub(hub_process: MockHub) -> MockHub:
    hub_process.clear()
    hub_process.put(timm_repo(EVA, 305_080_232, license="mit"))
    hub_process.behave(tokens=[TOKEN])
    return hub_process


@pytest.fixture
def api(hub: MockHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HfApi:
    """The official client, anonymous, kept away from the machine's token, cache and proxies."""
    for name, value in {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HOME": str(tmp_path), "NO_PROXY": "*"}.items():
        monkeypatch.setenv(name, value)
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.url, token=False)


class Reply(NamedTuple):
    """An answer as it came over the wire, redirects not followed."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(
    hub: MockHub, path: str, *, method: str = "GET", token: str | None = None, timeout: float = 30, **headers: str
) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    connection = http.client.HTTPConnection(urlsplit(hub.url).netloc, timeout=timeout)
    try:
        connection.request(method, path, headers=sent)
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


# ---- The official client reads it -----------------------------------------------------------------------------------


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
    hub.put(Repo("other/model"), timm_repo("hidden", 1, private=True), timm_repo("off", 1, disabled=True))
    listed = list(api.list_models(author="timm", expand=["sha"]))
    assert {info.id for info in listed} == {EVA, *(f"timm/model_{number:04}" for number in range(2100))}
    assert len(listed) == 2101
    assert all(info.sha and len(info.sha) == 40 for info in listed)
    assert [request.status for request in hub.requests("/api/models?")] == [200, 200, 200]


@pytest.mark.parametrize("repo_id", ["timm/missing", "timm/hidden"])
def test_unseen_repo(hub: MockHub, api: HfApi, repo_id: str) -> None:
    from huggingface_hub.errors import HfHubHTTPError

    hub.put(timm_repo("hidden", 1, private=True))
    with pytest.raises(HfHubHTTPError, match="Invalid username or password") as caught:
        api.model_info(repo_id)
    assert caught.value.response.status_code == 401
    assert "x-error-code" not in caught.value.response.headers


def test_token_tells_missing_from_private(hub: MockHub, api: HfApi) -> None:
    from huggingface_hub.errors import RepositoryNotFoundError

    hub.put(timm_repo("hidden", 1, private=True))
    assert api.model_info("timm/hidden", token=TOKEN).private is True
    with pytest.raises(RepositoryNotFoundError) as caught:
        api.model_info("timm/missing", token=TOKEN)
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


# ---- Headers, refusals and redirects --------------------------------------------------------------------------------


def test_common_headers(hub: MockHub) -> None:
    reply = ask(hub, f"{EVA_INFO}?blobs=true", X_Amzn_Trace_Id="my-trace")
    sha1 = base64.b64encode(hashlib.sha1(reply.body).digest()).decode().rstrip("=")
    assert reply.headers["ETag"] == f'W/"{len(reply.body):x}-{sha1}"'
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
        assert (reply.status, reply.headers["Location"]) == (307, location)
        assert reply.body.decode() == f"Temporary Redirect. Redirecting to {location}"
        assert reply.headers["Vary"] == "Origin, Accept"
        assert "ETag" not in reply.headers


# ---- Misbehaviour ---------------------------------------------------------------------------------------------------


def test_quota_is_per_client_and_bucket(hub: MockHub) -> None:
    hub.behave(quota={"api": 2, "pages": 0}, token_quota={"api": 1})
    assert [ask(hub, EVA_INFO).status for _ in range(3)] == [200, 200, 429]
    refused = ask(hub, EVA_INFO)
    assert refused.json()["error"].startswith("We had to rate limit your IP (127.0.0.1).")
    assert '"api";r=0;t=' in refused.headers["RateLimit"]
    assert "Retry-After" not in refused.headers
    assert ask(hub, f"/{EVA}/tree/main").body.startswith(b"We had to rate limit your IP")
    assert ask(hub, EVA_INFO, token=TOKEN).status == 200
    assert "you hit the quota of 1 api requests per 5 minutes period" in ask(hub, EVA_INFO, token=TOKEN).json()["error"]
    hub.behave(quota=None)
    assert ask(hub, EVA_INFO).status == 200


def test_edge_429_knows_nothing_of_the_hub(hub: MockHub) -> None:
    hub.behave(edge_429=2)
    first, second, third = (ask(hub, EVA_INFO) for _ in range(3))
    assert (first.status, second.status, third.status) == (200, 429, 200)
    assert second.headers["Content-Type"].startswith("text/html")
    assert not {"RateLimit", "X-Request-Id", "X-Powered-By"} & set(second.headers)
    assert '"api";r=498' in third.headers["RateLimit"]


def test_drop_and_truncate_break_the_connection(hub: MockHub) -> None:
    whole = ask(hub, EVA_INFO).body
    hub.behave(faults={"drop": 1})
    with pytest.raises(http.client.RemoteDisconnected):
        ask(hub, EVA_INFO)
    hub.behave(faults={"truncate": 1})
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(hub, EVA_INFO)
    assert caught.value.partial == whole[: len(whole) // 2]
    with pytest.raises(http.client.IncompleteRead):
        ask(hub, f"{EVA_INFO}?blobs=true", Accept_Encoding="gzip")
    assert [request.status for request in hub.requests()] == [200, 0, 200, 200]


def test_spoilt_answers(hub: MockHub) -> None:
    truth = ask(hub, EVA_INFO)

    def spoilt(**faults: Any) -> Reply:
        hub.behave(faults=faults)
        return ask(hub, EVA_INFO)

    failure = spoilt(**{"5xx": 1})
    assert failure.status in {500, 502, 503, 504}
    assert failure.body.startswith(b"<!DOCTYPE html>")
    challenge = spoilt(challenge=1)
    assert (challenge.status, challenge.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"siblings" not in challenge.body
    shapes = [spoilt(wrong_shape=1).json() for _ in range(3)]
    assert all(not isinstance(shape, dict) or "id" not in shape for shape in shapes)
    wrong_type = spoilt(wrong_type=1)
    assert (wrong_type.headers["Content-Type"], wrong_type.body) == ("text/html; charset=utf-8", truth.body)
    broken = spoilt(bad_gzip=1)
    assert broken.headers["Content-Encoding"] == "gzip"
    with pytest.raises(zlib.error):
        gzip.decompress(broken.body)
    assert spoilt(redirect_loop=1).headers["Location"] == EVA_INFO
    away = spoilt(redirect_away="http://elsewhere.invalid/x")
    assert (away.status, away.headers["Location"]) == (307, "http://elsewhere.invalid/x")


def test_server_ends_with_its_parent() -> None:
    command = [sys.executable, "-m", "tests.mockserver.server"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.communicate(timeout=30)
    assert process.returncode == 0


# ---- The HTML page --------------------------------------------------------------------------------------------------


def test_tree_page_holds_exact_and_displayed_sizes(hub: MockHub) -> None:
    page = Selector(ask(hub, f"/{EVA}/tree/main").body.decode())
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
