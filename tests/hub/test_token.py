"""Where the token comes from, and which addresses may get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from timm_sizes.hub.token import may_carry_token, read_token, token_path

HUB = "https://huggingface.co"


def test_variables_come_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(" hf_file \r\n")
    home = {"HF_HOME": str(tmp_path)}
    assert read_token(home) == "hf_file"
    assert read_token({**home, "HUGGING_FACE_HUB_TOKEN": "hf_old"}) == "hf_old"
    assert read_token({**home, "HUGGING_FACE_HUB_TOKEN": "hf_old", "HF_TOKEN": "hf_new\n"}) == "hf_new"
    assert read_token({**home, "HF_TOKEN": "x", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}) is None
    assert read_token({"HF_HOME": "/nowhere"}) is None


@pytest.mark.parametrize("token", ["", " ", "hf_\x01", "hf_é"])
def test_what_cannot_be_a_token_is_none(token: str) -> None:
    assert read_token({"HF_TOKEN": token, "HF_HOME": "/nowhere"}) is None


def test_file_is_where_hf_auth_login_writes_it() -> None:
    assert token_path({"HF_TOKEN_PATH": "/a/b"}) == Path("/a/b")
    assert token_path({"HF_HOME": "/h"}) == Path("/h/token")
    assert token_path({"XDG_CACHE_HOME": "/x"}) == Path("/x/huggingface/token")
    assert token_path({}) == Path("~/.cache/huggingface/token").expanduser()


@pytest.mark.parametrize(
    ("url", "endpoint", "allowed"),
    [
        (f"{HUB}/api/models/a/b", HUB, True),
        ("https://huggingface.co/mirror-2/api", f"{HUB}/mirror", False),
        ("https://huggingface.co.evil.example/api", HUB, False),
        ("https://cdn.huggingface.co/api", HUB, False),
        ("https://huggingface.co:8443/api", HUB, False),
        ("http://huggingface.co/api", HUB, False),
        ("https://user@evil.example/huggingface.co", HUB, False),
        ("http://hub.example/api", "http://hub.example", False),
        ("http://127.0.0.1:8000/api", "http://127.0.0.1:8000", True),
        ("http://127.0.0.1:8001/api", "http://127.0.0.1:8000", False),
        ("http://localhost:8000/api", "http://localhost:8000", True),
        ("http://[::1]:8000/api", "http://[::1]:8000", True),
    ],
)
def test_token_goes_to_the_hubs_own_address_in_no_clear_text(url: str, endpoint: str, allowed: bool) -> None:
    assert may_carry_token(url, endpoint) is allowed
