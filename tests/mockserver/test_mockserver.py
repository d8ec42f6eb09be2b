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
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from parsel import Selector

from tests.mockserver import MockHub, Repo, timm_repo
from tests.mockserver.tree_page import displayed_size

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


def test_model_info_without_blobs_has_no_sizes(api: HfApi) -> None:
    assert [sibling.size for sibling in api.model_info(EVA).siblings or []] == [None] * 5


def test_old_commit_stays_answerable(hub: MockHub, api: HfApi) -> None:
    before = api.model_info(EVA)
    new_sha = hub.commit(EVA, files={"model.safetensors": 99})
    assert before.sha is not None
    after, old = api.model_info(EVA, files_metadata=True), api.model_info(EVA, revision=before.sha, files_metadata=True)
    assert (after.sha, [sibling.size for sibling in after.siblings or []]) == (new_sha, [99])
    assert (old.sha, len(old.siblings or [])) == (before.sha, 5)
    assert after.last_modified is not None
    assert before.last_modified is not None
    assert after.last_modified > before.last_modified


@pytest.mark.parametrize("revision", ["main", "v1.0", "refs/pr/1", "short"])
def test_revision_by_name(hub: MockHub, api: HfApi, revision: str) -> None:
    first = api.model_info(EVA).sha
    assert first is not None
    refs = {"v1.0": first, "refs/pr/1": first}
    second = hub.commit(EVA, refs=refs)
    asked = first[:7] if revision == "short" else revision
    assert api.model_info(EVA, revision=asked).sha == (second if revision == "main" else first)


def test_unknown_revision(api: HfApi) -> None:
    from huggingface_hub.errors import RevisionNotFoundError

    with pytest.raises(RevisionNotFoundError, match="Invalid rev id: badrev"):
        api.model_info(EVA, revision="badrev")


def test_list_models_over_several_pages(hub: MockHub, api: HfApi) -> None:
    hub.put(*(timm_repo(f"model_{number:04}", number) for number in range(2100)))
    hub.put(Repo("other/model"), timm_repo("hidden", 1, private=True), timm_repo("off", 1, disabled=True))
    listed = list(api.list_models(author="timm", expand=["sha"]))
    assert {info.id for info in listed} == {EVA, *(f"timm/model_{number:04}" for number in range(2100))}
    assert len(listed) == 2101
    assert all(info.sha and len(info.sha) == 40 for info in listed)
    assert [request.status for request in hub.requests("/api/models?")] == [200, 200, 200]


def test_list_models_with_a_token_shows_private_ones(hub: MockHub, api: HfApi) -> None:
    hub.put(timm_repo("hidden", 1, private=True))
    assert {info.id for info in api.list_models(author="timm", token=TOKEN)} == {EVA, "timm/hidden"}


@pytest.mark.parametrize("sort", ["created_at", "last_modified", "downloads", "likes", "trending_score"])
def test_sorted_lists_page_without_loss(hub: MockHub, api: HfApi, sort: Any) -> None:
    hub.behave(list_page_size=2)
    hub.put(*(timm_repo(f"m{number}", 1, likes=number % 3, downloads=number) for number in range(9)))
    listed = [info.id for info in api.list_models(author="timm", sort=sort, expand=["sha"])]
    assert sorted(listed) == sorted({EVA, *(f"timm/m{number}" for number in range(9))})
    if sort == "downloads":
        assert listed[0] == "timm/m8"


def test_list_repo_tree(hub: MockHub, api: HfApi) -> None:
    hub.put(timm_repo("sub", 10, extra={f"onnx/part_{number:03}.onnx": number for number in range(150)}))
    entries = list(api.list_repo_tree("timm/sub", recursive=True, expand=True))
    assert len(entries) == 5 + 1 + 150
    sizes = {entry.path: entry.size for entry in entries if hasattr(entry, "size")}
    assert sizes["onnx/part_149.onnx"] == 149
    assert len(hub.requests("/api/models/timm/sub/tree/main")) == 2
    top = {entry.path for entry in api.list_repo_tree("timm/sub")}
    assert {"onnx", "model.safetensors"} < top
    assert "onnx/part_000.onnx" not in top


def test_paths_info_omits_what_is_missing(api: HfApi) -> None:
    from huggingface_hub.hf_api import RepoFile

    (entry,) = api.get_paths_info(EVA, ["nothing.bin", "model.safetensors"])
    assert isinstance(entry, RepoFile)
    assert entry.size == 1_220_365_908
    assert entry.lfs is not None
    assert entry.lfs.size == entry.size


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


def test_renamed_repo_keeps_its_past(hub: MockHub, api: HfApi) -> None:
    first = api.model_info(EVA).sha
    hub.commit(EVA, files={})
    hub.rename(EVA, "timm/newer")
    old = api.model_info("timm/newer", revision=first)
    assert (old.id, old.sha, len(old.siblings or [])) == ("timm/newer", first, 5)


def test_removed_repo_is_unknown(hub: MockHub) -> None:
    assert ask(hub, EVA_INFO).status == 200
    hub.remove(EVA)
    assert ask(hub, EVA_INFO).status == 401


def test_whoami(api: HfApi) -> None:
    assert api.whoami(token=TOKEN)["type"] == "user"


def test_file_metadata_counts_as_download(hub: MockHub, api: HfApi) -> None:
    from huggingface_hub import hf_hub_url

    api.model_info(EVA, files_metadata=True)
    assert hub.downloads() == 0
    url = hf_hub_url(EVA, "model.safetensors", endpoint=hub.url)
    metadata = api.get_hf_file_metadata(url=url)
    assert metadata.size == 1_220_365_908
    assert metadata.commit_hash == api.model_info(EVA).sha
    assert hub.downloads() == 1
    assert api.get_hf_file_metadata(url=hf_hub_url(EVA, "config.json", endpoint=hub.url)).size == 590
    assert hub.downloads() == 1


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


def test_gzip_keeps_the_etag(hub: MockHub) -> None:
    plain, zipped = (ask(hub, f"{EVA_INFO}?blobs=true", Accept_Encoding=how) for how in ("identity", "gzip"))
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in zipped.headers
    assert zipped.headers.get_all("Vary") == ["Origin", "Accept-Encoding"]
    assert gzip.decompress(zipped.body) == plain.body
    assert zipped.headers["ETag"] == plain.headers["ETag"]


def test_not_modified_when_switched_on(hub: MockHub) -> None:
    etag = ask(hub, EVA_INFO).headers["ETag"]
    assert ask(hub, EVA_INFO, If_None_Match=etag).status == 200
    hub.behave(not_modified=True)
    reply = ask(hub, EVA_INFO, If_None_Match=etag)
    assert (reply.status, reply.body, reply.headers["ETag"]) == (304, b"", etag)
    assert '"api";r=497' in reply.headers["RateLimit"]
    hub.commit(EVA)
    assert ask(hub, EVA_INFO, If_None_Match=etag).status == 200


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        (EVA_INFO, "api"),
        ("/api/nothing", "api"),
        (f"/{EVA}/tree/main", "pages"),
        ("/robots.txt", "pages"),
        (f"/{EVA}/resolve/main/config.json", "resolvers"),
    ],
)
def test_bucket(hub: MockHub, path: str, bucket: str) -> None:
    assert ask(hub, path).headers["RateLimit"].startswith(f'"{bucket}";')
    assert [request.bucket for request in hub.requests()] == [bucket]


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


@pytest.mark.parametrize(
    ("fields", "token", "status", "code", "message"),
    [
        ({"gated": "auto"}, None, 401, "GatedRepo", "Please log in."),
        ({"gated": "manual"}, TOKEN, 403, "GatedRepo", "not in the authorized list"),
        ({"disabled": True}, None, 403, None, "Access to this resource is disabled."),
        ({"private": True}, None, 401, None, "Invalid username or password."),
        ({"files": {}}, None, 404, "EntryNotFound", "Entry not found"),
    ],
)
def test_refused_file(
    hub: MockHub, fields: dict[str, Any], token: str | None, status: int, code: str | None, message: str
) -> None:
    hub.put(timm_repo("x", 1, **fields))
    reply = ask(hub, "/timm/x/resolve/main/config.json", token=token)
    assert (reply.status, reply.headers["X-Error-Code"]) == (status, code)
    assert message in reply.body.decode()
    assert reply.headers["X-Error-Message"] == reply.body.decode()
    assert ("WWW-Authenticate" in reply.headers) == (status == 401)


def test_gated_and_disabled_repos_show_their_metadata(hub: MockHub) -> None:
    hub.put(timm_repo("x", 1, gated="auto", disabled=True))
    info = ask(hub, "/api/models/timm/x?blobs=true").json()
    assert (info["gated"], info["disabled"], info["siblings"][2]["size"]) == ("auto", True, 590)


def test_absent_rather_than_null(hub: MockHub) -> None:
    hub.put(timm_repo("bare", 1, without=["model.safetensors"], card=None, license=["mit", "other"]))
    info = ask(hub, "/api/models/timm/bare").json()
    assert not {"safetensors", "cardData"} & set(info)
    assert [name for name, value in info.items() if value is None] == ["model-index"]
    assert {"license:mit", "license:other"} < set(info["tags"])


@pytest.mark.parametrize(("handling", "status"), [("reject", 401), ("anonymous", 200)])
def test_bad_token(hub: MockHub, handling: str, status: int) -> None:
    hub.behave(bad_token=handling)
    reply = ask(hub, EVA_INFO, token="hf_expired")
    assert reply.status == status
    assert (reply.headers["X-Error-Message"] == "Invalid credentials in Authorization header") == (status == 401)
    assert ask(hub, "/api/whoami-v2", token="hf_expired").status == 401


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("/api/models?expand[]=usedStorage", 0),
        ("/api/models?expand=sha&expand=childrenModelCount", 1),
        ("/api/models?limit=0", None),
        ("/api/models?limit=-3", None),
        ("/api/models?limit=many", None),
        ("/api/models?cursor=nonsense", None),
        (f"{EVA_INFO}?expand=sha,gated", 0),
        (f"{EVA_INFO}?expand%5B%5D=cardData.license", 0),
    ],
)
def test_bad_request(hub: MockHub, path: str, position: int | None) -> None:
    reply = ask(hub, path)
    assert reply.status == 400
    assert "error" in reply.json()
    if position is not None:
        assert reply.json()["error"].endswith(f"→ at expand[{position}]")
        assert reply.headers["X-Error-Message"].endswith(f"at expand[{position}]")


def test_expand_answers_what_was_asked(hub: MockHub) -> None:
    info = ask(hub, f"{EVA_INFO}?expand[]=usedStorage&expand=gated&expand=gguf").json()
    assert set(info) == {"_id", "id", "usedStorage", "gated"}
    (entry,) = ask(hub, "/api/models?full=true&blobs=true").json()
    assert entry["siblings"][0] == {"rfilename": ".gitattributes"}
    assert "usedStorage" not in entry


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/spaces"), ("GET", "/timm"), ("GET", "/"), ("POST", EVA_INFO), ("DELETE", f"/{EVA}/tree/main")],
)
def test_no_such_route(hub: MockHub, method: str, path: str) -> None:
    reply = ask(hub, path, method=method)
    assert (reply.status, reply.json()) == (404, {"error": "Sorry, we can't find the page you are looking for."})


def test_robots_txt_allows_everything(hub: MockHub) -> None:
    assert ask(hub, "/robots.txt").body == b"User-agent: *\nAllow: /\n"


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


def test_window_that_is_over_is_followed_by_a_full_one(hub: MockHub) -> None:
    hub.behave(quota={"api": 1}, window=0)
    assert [ask(hub, EVA_INFO).status for _ in range(3)] == [200, 200, 200]


def test_retry_after(hub: MockHub) -> None:
    hub.behave(quota={"api": 0}, retry_after=7)
    assert ask(hub, EVA_INFO).headers["Retry-After"] == "7"
    hub.behave(retry_after="http-date")
    refused = ask(hub, EVA_INFO)
    waits = parsedate_to_datetime(refused.headers["Retry-After"]) - parsedate_to_datetime(refused.headers["Date"])
    assert 290 < waits.total_seconds() <= 301


def test_edge_429_knows_nothing_of_the_hub(hub: MockHub) -> None:
    hub.behave(edge_429=2)
    first, second, third = (ask(hub, EVA_INFO) for _ in range(3))
    assert (first.status, second.status, third.status) == (200, 429, 200)
    assert second.headers["Content-Type"].startswith("text/html")
    assert not {"RateLimit", "X-Request-Id", "X-Powered-By"} & set(second.headers)
    assert '"api";r=498' in third.headers["RateLimit"]


def test_other_429_has_requests_left(hub: MockHub) -> None:
    hub.behave(other_429=1)
    refused = ask(hub, EVA_INFO)
    assert (refused.status, refused.headers["Content-Type"]) == (429, "text/plain; charset=utf-8")
    assert '"api";r=499' in refused.headers["RateLimit"]


def test_rate_headers_may_be_missing_or_nonsense(hub: MockHub) -> None:
    hub.behave(rate_headers=False)
    assert "RateLimit" not in ask(hub, EVA_INFO).headers
    hub.behave(rate_headers="nonsense")
    assert not re.search(r'"\w+";r=\d+', ask(hub, EVA_INFO).headers["RateLimit"])


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


def test_hang_leaves_the_client_waiting_and_others_served(hub: MockHub) -> None:
    hub.behave(fault_paths={EVA_INFO: {"fault": "hang", "times": 1}})
    with pytest.raises(TimeoutError):
        ask(hub, EVA_INFO, timeout=0.1)
    assert ask(hub, EVA_INFO).status == 200
    assert [request.status for request in hub.requests()] == [0, 200]


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


def test_aimed_fault_hits_as_often_as_told(hub: MockHub) -> None:
    hub.put(timm_repo("spared", 1))
    hub.behave(fault_paths={EVA_INFO: {"fault": "5xx", "status": 502, "times": 2}, "/robots.txt": {"fault": "5xx"}})
    assert [ask(hub, EVA_INFO).status for _ in range(3)] == [502, 502, 200]
    assert ask(hub, "/api/models/timm/spared").status == 200
    assert all(ask(hub, "/robots.txt").status >= 500 for _ in range(3))


def test_seeded_faults_fall_the_same_again(hub: MockHub) -> None:
    def statuses(seed: int) -> list[int]:
        hub.behave(faults={"5xx": 0.3, "challenge": 0.2}, seed=seed)
        return [ask(hub, EVA_INFO).status for _ in range(40)]

    first = statuses(1)
    assert {200} < set(first)
    assert statuses(1) == first
    assert statuses(2) != first


def test_list_misbehaviour(hub: MockHub) -> None:
    hub.put(*(timm_repo(f"m{number}", 1) for number in range(9)))
    hub.behave(list_repeats=True)
    seen: list[str] = []
    target: str | None = "/api/models?author=timm&limit=4&expand[]=sha"
    while target:
        reply = ask(hub, target)
        assert len(reply.json()) <= 4
        seen += [entry["id"] for entry in reply.json()]
        link = re.fullmatch(r'<http://[^/]+(.+)>; rel="next"', reply.headers["Link"] or "")
        target = link and link[1]
    assert len(set(seen)) == 10 < len(seen)
    hub.behave(list_link_host="https://huggingface.co")
    assert (
        ask(hub, "/api/models?limit=4").headers["Link"].startswith("<https://huggingface.co/api/models?limit=4&cursor=")
    )
    hub.behave(list_fails=True)
    assert (ask(hub, "/api/models").status, ask(hub, EVA_INFO).status) == (504, 200)


def test_raw_answers_are_exact_and_uncounted(hub: MockHub) -> None:
    table = {"status": 203, "headers": {"Content-Type": "text/csv", "ETag": '"v1"'}, "body": "model,top1\neva,90\n"}
    hub.behave(raw_answers={"/tables/x.csv": table}, quota={"pages": 0})
    reply = ask(hub, "/tables/x.csv?v=2")
    assert (reply.status, reply.headers["ETag"], reply.body) == (203, '"v1"', b"model,top1\neva,90\n")
    assert "RateLimit" not in reply.headers
    assert ask(hub, "/tables/y.csv").status == 429


def test_log_of_requests(hub: MockHub) -> None:
    ask(hub, f"{EVA_INFO}?blobs=true", User_Agent="me (mail@example.org)")
    ask(hub, "/robots.txt", method="HEAD")
    (info,) = hub.requests("/api/")
    assert (info.method, info.path, info.status) == ("GET", f"{EVA_INFO}?blobs=true", 200)
    assert info.headers["user-agent"] == "me (mail@example.org)"
    assert [request.method for request in hub.requests()] == ["GET", "HEAD"]
    assert hub.max_in_flight() == 1
    hub.forget()
    assert (hub.requests(), hub.max_in_flight()) == ([], 0)


@pytest.mark.parametrize(
    "options",
    [
        {"latensy": 1},
        {"faults": {"6xx": 1}},
        {"faults": {"5xx": "often"}},
        {"quota": {"apis": 1}},
        {"fault_paths": {"/": {"fault": "x"}}},
    ],
)
def test_misspelt_behaviour_is_refused(hub: MockHub, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such"):
        hub.behave(**options)


def test_reset(hub: MockHub) -> None:
    hub.behave(list_fails=True, quota={"api": 0})
    hub.behave_reset()
    assert [entry["id"] for entry in ask(hub, "/api/models").json()] == [EVA]
    hub.clear()
    assert ask(hub, "/api/models").json() == []
    assert [request.path for request in hub.requests()] == ["/api/models"]


def test_wait_for_a_number_of_requests(hub: MockHub) -> None:
    hub.forget()
    assert not hub.wait_for(1, at_most=0.01)
    ask(hub, EVA_INFO)
    assert hub.wait_for(1)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(hub.wait_for, 3)
        for _ in range(2):
            ask(hub, EVA_INFO)
        assert waiting.result()


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


def test_tree_page_without_entries_keeps_the_rows(hub: MockHub) -> None:
    hub.behave(page_entries=False)
    page = Selector(ask(hub, f"/{EVA}/tree/main").body.decode())
    assert "entries" not in json.loads(page.css('[data-target="ViewerIndexTreeList"]').attrib["data-props"])
    assert len(page.css("a[download]")) == 5


def test_tree_page_escapes_quotes(hub: MockHub) -> None:
    hub.put(Repo("timm/odd", files={'it\'s <"odd"> & more.bin': 5}))
    page = Selector(ask(hub, "/timm/odd/tree/main").body.decode())
    (entry,) = json.loads(page.css('[data-target="ViewerIndexTreeList"]').attrib["data-props"])["entries"]
    assert entry["path"] == 'it\'s <"odd"> & more.bin'
    assert page.css("li span::text").get() == entry["path"]


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 Bytes"),
        (654, "654 Bytes"),
        (1477, "1.48 kB"),
        (5518, "5.52 kB"),
        (74_000_000, "74 MB"),
        (21_040_000, "21 MB"),
        (1_220_365_908, "1.22 GB"),
    ],
)
def test_displayed_size(size: int, shown: str) -> None:
    assert displayed_size(size) == shown


# ---- Mirrors --------------------------------------------------------------------------------------------------------


def test_mirror_lacks_what_it_is_told_to_lack(hub: MockHub) -> None:
    hub.behave(siblings_have_sizes=False, has_pages=False, list_has_order=False)
    assert not any("size" in sibling for sibling in ask(hub, f"{EVA_INFO}?blobs=true").json()["siblings"])
    assert all("size" in entry for entry in ask(hub, f"{EVA_INFO}/tree/main").json())
    page = ask(hub, f"/{EVA}/tree/main")
    assert (page.status, page.json()) == (404, {"detail": "Not Found"})
    assert [ask(hub, f"/api/models?{query}").status for query in ("sort=createdAt", "limit=5")] == [422, 200]
    hub.behave(list_missing=401)
    missing = ask(hub, "/api/models?limit=5")
    assert (missing.status, missing.headers["X-Error-Code"]) == (401, "RepoNotFound")


def test_mirror_below_a_path_leaves_it_out_of_redirects(hub: MockHub) -> None:
    hub.rename(EVA, "timm/renamed")
    hub.behave(base_path="/mirror")
    assert ask(hub, "/mirror/api/models/timm/renamed").status == 200
    assert ask(hub, f"/mirror{EVA_INFO}").headers["Location"] == "/api/models/timm/renamed"
    assert ask(hub, "/api/models/timm/renamed").status == 404
    assert [request.status for request in hub.requests("/mirror")] == [200, 307]


def test_long_commits_are_cut_on_the_plain_route_alone(hub: MockHub) -> None:
    sha = "ab" * 32
    hub.put(timm_repo("long", 1, sha=sha))
    hub.behave(cuts_commits=True)
    assert ask(hub, "/api/models/timm/long").json()["sha"] == sha[:40]
    assert ask(hub, f"/api/models/timm/long/revision/{sha[:40]}").json()["sha"] == sha
