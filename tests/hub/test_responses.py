"""A response of the Hub in one trip: a size in it is right or there is none, and whatever it says raises nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.mockserver import Repo, timm_repo
from tests.mockserver.tree_page import tree_page
from timm_sizes.hub.endpoints import model_info_url, tree_page_url, tree_url
from timm_sizes.hub.payloads import RepoInfo
from timm_sizes.hub.responses import Answer, ErrorResponse, HubResponse, ModelList, RepoTree, answered_at, read_response
from timm_sizes.items import Status
from timm_sizes.spiders.sizing import from_repo

HUB = "https://hub.example"
REPO = timm_repo("resnet50.a1_in1k", 25_557_032)
CHECKPOINT = "model.safetensors"
SIZE = REPO.files[CHECKPOINT]
LONG_SHA = "ab" * 32


def response(body: Any, url: str = "", status: int = 200, **headers: str) -> HubResponse:
    """Return a response with *body* as JSON; *headers* with _ for -."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HubResponse(url or model_info_url(HUB, REPO.id), status, named, data)


def read(body: Any, url: str = "", status: int = 200, **headers: str) -> Answer:
    return read_response(response(body, url, status, **headers), HUB)


def info(**changes: Any) -> dict[str, Any]:
    return {**REPO.model_info(blobs=True), **changes}


def sibling(name: str, size: object, lfs_size: object = None) -> dict[str, Any]:
    lfs = {} if lfs_size is None else {"lfs": {"sha256": "ab" * 32, "size": lfs_size}}
    return {"rfilename": name, "size": size, **lfs}


def outcome(result: Answer) -> int | str | None:
    """Return the checkpoint's size that *result* gives; None if it is an error."""
    if isinstance(result, ErrorResponse):
        assert result.status == Status.ERROR
        return None
    assert isinstance(result, RepoInfo)
    return from_repo("net", result, "api").size_bytes


# ---- What is said of the files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "siblings",
    [
        [],
        [sibling(CHECKPOINT, 0)],
        [sibling(CHECKPOINT, 134, 102_000_000)],
        [sibling(CHECKPOINT, 102_000_000, 134)],
        [sibling(CHECKPOINT, 7, "7")],
        [sibling(CHECKPOINT, 7), sibling(CHECKPOINT, 8)],
        [sibling(CHECKPOINT, 7), sibling(CHECKPOINT, None)],
        [{"rfilename": CHECKPOINT}, sibling("config.json", 1)],
        [sibling(CHECKPOINT, 2**53 + 1)],
        [sibling("a\nb", 5)],
    ],
)
def test_files_that_make_no_sense_are_no_answer_and_worth_another_request(siblings: list[dict[str, Any]]) -> None:
    result = read(info(siblings=siblings))
    assert isinstance(result, ErrorResponse)
    assert (result.status, result.may_pass) == (Status.ERROR, True)


@pytest.mark.parametrize(
    "other",
    [
        {"rfilename": "a\u202eb.bin", "size": 5},
        {"rfilename": "x" * 5_000, "size": 5},
        {"rfilename": 7, "size": 5},
        {"rfilename": "last.ckpt"},
        {"rfilename": "last.ckpt", "size": -1},
        {"rfilename": "last.ckpt", "size": 134, "lfs": {"size": 7_000}},
        None,
        "model.safetensors",
    ],
)
def test_only_the_checkpoint_has_to_be_sound(other: object) -> None:
    result = read(info(siblings=[other, sibling(CHECKPOINT, SIZE, SIZE), other]))
    assert outcome(result) == SIZE
    assert isinstance(result, RepoInfo)
    assert list(result.files) == [CHECKPOINT]


def test_other_file_with_several_sizes_has_none() -> None:
    siblings = [sibling("a.bin", size) for size in (5, 6, 7)]
    result = read(info(siblings=[*siblings, sibling(CHECKPOINT, SIZE)]))
    assert isinstance(result, RepoInfo)
    assert list(result.files) == [CHECKPOINT]


sizes = st.integers(-1, 3) | st.none() | st.sampled_from([2**53, 2**53 + 1, "1", 1.0, True, [], SIZE])
siblings = st.fixed_dictionaries(
    {"rfilename": st.sampled_from([CHECKPOINT, "pytorch_model.bin", "a.bin", "a\nb"])},
    optional={
        "size": sizes,
        "lfs": st.none()
        | st.fixed_dictionaries({}, optional={"size": sizes, "sha256": st.sampled_from(["ab" * 32, 5])}),
    },
)


@given(st.lists(siblings, max_size=5))
def test_size_is_one_that_all_entries_of_the_checkpoint_agree_on(entries: list[dict[str, Any]]) -> None:
    result = read(info(siblings=entries))
    if not isinstance(result, RepoInfo) or not result.has_sizes:
        return
    item = from_repo("net", result, "api")
    if item.status == Status.NO_WEIGHTS:
        assert not {CHECKPOINT, "pytorch_model.bin"} & {entry["rfilename"] for entry in entries}
        return
    own = [entry for entry in entries if entry["rfilename"] == item.filename]
    said = [entry.get("size") for entry in own]
    said += [entry["lfs"]["size"] for entry in own if isinstance(entry.get("lfs"), dict) and "size" in entry["lfs"]]
    assert isinstance(item.size_bytes, int)
    assert 0 < item.size_bytes <= 2**53
    assert all(size == item.size_bytes for size in said)


def test_parameters_that_cannot_be_counted_are_left_out() -> None:
    for parameters in ({"F32": 2**53 - 1, "F16": 2**53 - 1}, {"F32": 5, "weird dtype": 7}, {"F32": 5, "I64": -1}):
        result = read(info(safetensors={"parameters": parameters}))
        assert isinstance(result, RepoInfo)
        assert result.elements == {}


# ---- Dates -----------------------------------------------------------------------------------------------------------


def test_time_of_the_answer_is_its_date() -> None:
    assert answered_at({"date": formatdate(1_700_000_000, usegmt=True)}) == "2023-11-14T22:13:20Z"


DATES = ["Mon, 00 Jan 2024 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "soon"]


@pytest.mark.parametrize("date", DATES)
def test_date_outside_the_calendar_costs_no_size(date: str) -> None:
    assert outcome(read(info(), date=date)) == SIZE


@given(
    st.text()
    | st.builds(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} {}".format,
        st.just("Mon"),
        st.integers(0, 99),
        st.sampled_from(["Jan", "Feb", "Foo"]),
        st.integers(0, 99_999),
        *[st.integers(0, 99)] * 3,
        st.sampled_from(["GMT", "-0000", "+9999", "-9999", ""]),
    )
)
@example("Mon, 01 Jan 0001 00:00:00 -0000")
@example("Fri, 31 Dec 9999 23:59:59 -0000")
def test_any_date_is_a_time_that_is_not_to_come(date: str) -> None:
    at = answered_at({"date": date})
    assert len(at) == len("2026-01-01T00:00:00Z")
    assert at < (datetime.now(UTC) + timedelta(days=2)).isoformat()


# ---- Which repo and commit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said", "is_sound"),
    [
        (REPO.sha, REPO.sha, True),
        (LONG_SHA, LONG_SHA, True),
        (LONG_SHA[:40], LONG_SHA, True),
        (LONG_SHA, LONG_SHA[:40], True),
        ("main", LONG_SHA, True),
        (REPO.sha, LONG_SHA, False),
        (REPO.sha, "ab" * 25, False),
    ],
)
def test_commits_have_40_or_64_digits(asked: str, said: str, is_sound: bool) -> None:
    result = read(info(sha=said), model_info_url(HUB, REPO.id, asked))
    assert isinstance(result, RepoInfo) is is_sound


def test_answer_about_another_repo_is_none() -> None:
    assert outcome(read(info(id="timm/another"))) is None
    assert outcome(read(info(), f"{HUB}/api/models/timm/RESNET50.a1_in1k?blobs=true")) == SIZE


# ---- Mirrors ---------------------------------------------------------------------------------------------------------


def test_siblings_without_sizes_ask_for_the_tree() -> None:
    result = read(REPO.model_info(blobs=False))
    assert isinstance(result, RepoInfo)
    assert not result.has_sizes
    tree = read(REPO.tree_entries(recursive=True), tree_url(HUB, REPO.id, REPO.sha))
    assert isinstance(tree, RepoTree)
    assert {name: file.size for name, file in tree.files.items()} == REPO.files
    assert tree.next_url is None


def test_tree_of_several_pages_goes_on_at_the_endpoint() -> None:
    link = f'<https://huggingface.co/api/models/{REPO.id}/tree/main?recursive=true&cursor=x>; rel="next"'
    url = tree_url(f"{HUB}/mirror", REPO.id, "main")
    tree = read_response(response(REPO.tree_entries(), url, link=link), f"{HUB}/mirror")
    assert isinstance(tree, RepoTree)
    assert tree.next_url == f"{HUB}/mirror/api/models/{REPO.id}/tree/main?recursive=true&cursor=x"


@pytest.mark.parametrize("entries", [[], {}, [{"type": "directory", "path": "a", "size": 0}], [None], "x"])
def test_tree_without_files_is_no_answer(entries: object) -> None:
    result = read(entries, tree_url(HUB, REPO.id))
    assert isinstance(result, ErrorResponse)
    assert result.may_pass


@pytest.mark.parametrize("status", [401, 404])
@pytest.mark.parametrize("had_token", [False, True])
def test_repo_not_found_by_its_code_is_a_missing_repo_with_a_token_too(status: int, had_token: bool) -> None:
    came = HubResponse(model_info_url(HUB, REPO.id), status, {"x-error-code": "RepoNotFound"}, b"", had_token)
    result = read_response(came, HUB)
    assert isinstance(result, ErrorResponse)
    assert (result.status, result.rejects_token) == (Status.NOT_FOUND, False)


@pytest.mark.parametrize(
    ("status", "headers", "had_token", "expected"),
    [
        (401, {}, False, Status.NOT_FOUND),
        (401, {}, True, Status.ERROR),
        (401, {"content-type": "text/html"}, False, Status.ERROR),
        (403, {"x-error-code": "GatedRepo"}, False, Status.GATED),
        (403, {"x-error-message": "Access to this resource is disabled."}, False, Status.GATED),
        (404, {}, False, Status.ERROR),
        (404, {"x-error-code": "RevisionNotFound"}, False, Status.NOT_FOUND),
        (500, {}, False, Status.ERROR),
    ],
)
def test_error_responses_mean_what_the_hub_means(
    status: int, headers: dict[str, str], had_token: bool, expected: Status
) -> None:
    came = HubResponse(model_info_url(HUB, REPO.id, REPO.sha), status, headers, b"", had_token)
    result = read_response(came, HUB)
    assert isinstance(result, ErrorResponse)
    assert (result.status, result.rejects_token) == (expected, status == 401 and had_token)


# ---- Pages -----------------------------------------------------------------------------------------------------------


def read_page(body: bytes, status: int = 200, **headers: str) -> Answer:
    return read(body, tree_page_url(HUB, REPO.id), status, **headers)


def test_server_without_pages_is_told_from_a_missing_repo() -> None:
    no_pages = read_page(b'{"detail":"Not Found"}', 404, content_type="application/json")
    assert isinstance(no_pages, ErrorResponse)
    assert no_pages.status == Status.ERROR
    assert "no pages" in no_pages.reason
    missing = read_page(b"<html>", 404, content_type="text/html; charset=utf-8")
    assert isinstance(missing, ErrorResponse)
    assert missing.status == Status.NOT_FOUND


def test_page_that_shows_a_part_of_the_files_is_no_answer_without_the_checkpoint() -> None:
    whole = Repo(REPO.id, files={f"step{number}.bin": 5 for number in range(3)})
    page = tree_page(whole, "main").replace('"nextURL":null', '"nextURL":"/api/models/x/tree/main?cursor=y"')
    result = read_page(page.encode())
    assert isinstance(result, ErrorResponse)
    page = tree_page(REPO, "main").replace('"nextURL":null', '"nextURL":"/api/models/x/tree/main?cursor=y"')
    assert outcome(read_page(page.encode())) == SIZE


def test_size_of_0_that_a_page_shows_is_no_answer() -> None:
    assert outcome(read_page(tree_page(Repo(REPO.id, files={CHECKPOINT: 0}), "main", entries=False).encode())) is None


# ---- Lists -----------------------------------------------------------------------------------------------------------


@given(st.integers(200, 599), st.binary(max_size=20) | st.sampled_from([b"[]", b"{}", b'[{"id": "a/b"}]']))
def test_any_response_is_read_or_an_error(status: int, body: bytes) -> None:
    addresses = ("/api/models?author=timm", "/api/models/a/b", "/api/models/a/b/tree/main", "/a/b/tree/main", "/x")
    for path in addresses:
        assert isinstance(read(body, HUB + path, status), (ModelList, RepoTree, RepoInfo, ErrorResponse))
