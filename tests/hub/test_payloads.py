"""The Hub's answers: what is read of them, and that whatever else comes is refused, never guessed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.mockserver import Repo, timm_repo
from tests.mockserver.tree_page import tree_page
from timm_sizes.errors import PayloadError
from timm_sizes.hub.checkpoint import choose_checkpoint, choose_local_checkpoint, main_dtype
from timm_sizes.hub.endpoints import list_url, next_page_url
from timm_sizes.hub.payloads import RepoInfo, parse_model_info, parse_model_list
from timm_sizes.hub.tree_page import parse_tree_page

REPO = timm_repo("resnet50.a1_in1k", 25_557_032, license="apache-2.0")
INFO = REPO.model_info(blobs=True)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def info_with(**changes: Any) -> bytes:
    return json.dumps({**INFO, **changes}).encode()


def test_model_info_is_read() -> None:
    info = parse_model_info(json.dumps(INFO).encode())
    assert (info.repo_id, info.sha, info.license, info.gated) == (REPO.id, REPO.sha, "apache-2.0", "")
    assert {name: file.size for name, file in info.files.items()} == dict(REPO.files)
    assert info.files["model.safetensors"].sha256 == REPO.sha256("model.safetensors")
    assert info.elements == {"F32": 25_557_032}


UNSOUND_SIZES = (-1, 0, "1", 1.5, True, None, 2**60, [1])


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"{}", b"<html>", b'"x"', b"\xff", b"[" * 100_000, b"9" * 5_000]
    + [info_with(id=None), info_with(id="a b"), info_with(sha=None), info_with(sha="main"), info_with(siblings=None)]
    + [info_with(siblings=[sibling]) for sibling in (None, {}, {"rfilename": 1}, {"rfilename": 1, "size": 1})]
    + [info_with(siblings=[{"rfilename": "model.safetensors", "size": size}]) for size in UNSOUND_SIZES],
)  # fmt: skip
def test_unsound_model_info_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_model_info(body)


@pytest.mark.parametrize(
    ("changes", "license_id"),
    [
        ({"cardData": {"license": "mit"}}, "mit"),
        ({"cardData": {"license": ["mit", "apache-2.0"]}}, "mit+apache-2.0"),
        ({"cardData": None, "tags": ["timm", "license:other"]}, "other"),
        ({"cardData": {"license": "other", "license_name": "dinov3-license"}}, "dinov3-license"),
        ({"cardData": {"license": ["other"], "license_name": "x y"}}, "other"),
        ({"cardData": {"license": "other", "license_name": "MIT"}}, "other"),
        ({"cardData": {"license": ["other"], "license_name": "Apache-2.0+mit"}}, "other"),
        ({"cardData": {"license": None, "license_name": "mit"}, "tags": ["license:other"]}, "other"),
        ({"cardData": {"license": ["mit", "CC BY-NC 4.0"]}}, ""),
        ({"cardData": {"license": ["mit"] * 11}}, ""),
        ({"cardData": {"license": ["mit", None]}}, ""),
        ({"cardData": {"license": "=cmd()"}, "tags": None}, ""),
        ({"cardData": {"license": {"x": 1}}, "tags": 5}, ""),
        ({"cardData": "x", "tags": None}, ""),
    ],
)
def test_license_is_read_or_left_empty(changes: dict[str, Any], license_id: str) -> None:
    assert parse_model_info(info_with(**changes)).license == license_id


@given(json_values, st.sampled_from(sorted(INFO)))
def test_any_value_in_any_field_is_read_or_refused(value: object, key: str) -> None:
    check_outcome(lambda: parse_model_info(info_with(**{key: value})))


@given(json_values)
def test_any_json_is_read_or_refused(value: object) -> None:
    body = json.dumps(value).encode()
    check_outcome(lambda: parse_model_info(body))
    check_outcome(lambda: parse_model_list(body))


@given(st.binary())
@example(b'[{"id": "a/b", "sha": {}}]')
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    check_outcome(lambda: parse_model_info(body))
    check_outcome(lambda: parse_model_list(body))
    check_outcome(lambda: parse_tree_page(body))


def check_outcome(parse: Callable[[], RepoInfo | dict[str, RepoInfo]]) -> None:
    """Run *parse*: it has to raise PayloadError, or to return what holds nothing but sound values."""
    try:
        result = parse()
    except PayloadError:
        return
    if isinstance(result, RepoInfo):
        assert result.repo_id
        assert all(file.size is None or isinstance(file.size, str) or file.size >= 0 for file in result.files.values())
        assert not result.license.startswith(("=", "+", "-", "@"))
    else:
        assert all(len(repo.sha) in (40, 64) for repo in result.values())


def test_list_is_read_and_odd_entries_are_passed_over() -> None:
    sha = "a" * 40
    entries = [
        {"id": "a/b", "sha": sha},
        {"id": "a/b", "sha": sha},
        {"id": "c/d"},
        {"sha": sha},
        None,
        5,
        {"id": "e f", "sha": sha},
    ]
    assert parse_model_list(json.dumps(entries).encode()).keys() == {"a/b"}
    for body in (b"{}", b"null", b"<html>"):
        with pytest.raises(PayloadError):
            parse_model_list(body)


def test_tree_page_gives_the_bytes_it_embeds() -> None:
    info = parse_tree_page(tree_page(REPO, "main").encode())
    assert (info.repo_id, info.sha, info.license) == (REPO.id, REPO.sha, "apache-2.0")
    assert {name: file.size for name, file in info.files.items()} == dict(REPO.files)
    assert info.files["model.safetensors"].sha256 == REPO.sha256("model.safetensors")


def test_tree_page_without_them_gives_the_displayed_text() -> None:
    repo = Repo(id="me/net", files={"config.json": 654, "model.safetensors": 1_220_365_908})
    info = parse_tree_page(tree_page(repo, "main", entries=False).encode())
    assert info.files["model.safetensors"].size == "1.22 GB"
    assert info.files["config.json"].size == "654 Bytes"


@pytest.mark.parametrize(
    "text", ["", "<html></html>", "plain text", "<div data-target='ViewerIndexTreeList' data-props='{'>"]
)
def test_another_page_is_refused(text: str) -> None:
    with pytest.raises(PayloadError):
        parse_tree_page(text.encode())


def test_checkpoint_is_what_timm_loads() -> None:
    both = ["pytorch_model.bin", "model.safetensors", "open_clip_model.safetensors"]
    assert choose_checkpoint(both) == "model.safetensors"
    assert choose_checkpoint(both[:1]) == "pytorch_model.bin"
    assert (
        choose_checkpoint(["open_clip_pytorch_model.bin", "onnx/model.safetensors", "model.safetensors.index.json"])
        is None
    )


@pytest.mark.parametrize(
    ("filenames", "chosen"),
    [
        (["pytorch_model.bin", "model.safetensors", "a.safetensors"], "model.safetensors"),
        (["model.pth", "pytorch_model.pth", "a.safetensors"], "pytorch_model.pth"),
        (["open_clip_pytorch_model.bin", "a.safetensors"], "open_clip_pytorch_model.bin"),
        (["last.pth.tar", "b.bin", "z.safetensors", "y.safetensors"], "y.safetensors"),
        (["b.bin", "last.pth.tar"], "last.pth.tar"),
        (["b.bin", "last.pth.tar", "last.pth"], "last.pth"),
        (["weights.bin", "config.json"], "weights.bin"),
        (["x.SAFETENSORS", "x.pt", "config.json"], None),
        ([], None),
    ],
)
def test_checkpoint_in_a_folder_is_what_timm_loads_from_there(filenames: list[str], chosen: str | None) -> None:
    assert choose_local_checkpoint(filenames) == chosen


def test_dtype_is_that_of_most_elements() -> None:
    assert main_dtype({"I64": 53, "F16": 1000}) == "F16"
    assert main_dtype({}) == ""


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (
            '<https://huggingface.co/api/models?author=timm&cursor=eyJ%3D>; rel="next"',
            "https://m/api/models?author=timm&cursor=eyJ%3D",
        ),
        ("", None),
        ('<https://huggingface.co/api/models?x>; rel="prev"', None),
        ('<https://huggingface.co/other?x>; rel="next"', None),
        ('<http://[bad/api/models?x>; rel="next"', None),
    ],
)
def test_next_page_stays_at_the_endpoint(link: str, url: str | None) -> None:
    assert next_page_url(list_url("https://m", "timm"), link) == url
