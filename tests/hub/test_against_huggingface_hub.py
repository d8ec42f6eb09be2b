"""Tokens, repo ids, RateLimit headers and offline mode, read by us and by huggingface_hub itself, on generated inputs.

Where the two differ on purpose, the test says so and why. Not compared is what only huggingface_hub does: tokens from
a CI provider (HF_OIDC_RESOURCE) or from Google Colab, and the renewal of OAuth tokens, which writes to the token file.
"""

from __future__ import annotations

import os
import string
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import pytest
from huggingface_hub import constants
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils._headers import get_token_to_send
from huggingface_hub.utils._http import parse_ratelimit_headers
from huggingface_hub.utils._validators import validate_repo_id
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from timm_sizes.hub.endpoints import is_repo_id
from timm_sizes.hub.quota import LONGEST_WAIT, RateLimit, parse_rate_limit
from timm_sizes.hub.token import read_token

# tmp_path is made once for all inputs of a test; each input writes the same file anew.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def environment(variables: dict[str, str], home: Path) -> Iterator[None]:
    with patch.dict(os.environ, {"HOME": str(home), **variables}, clear=True):
        yield


def fresh(name: str) -> ModuleType:
    """Return the module *name* as a process started in the present environment would see it."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def their_token() -> str | None:
    """Return the token that huggingface_hub sends by default in the present environment."""
    names = ("HF_TOKEN_PATH", "HF_STORED_TOKENS_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN")
    now = fresh(constants.__name__)
    with patch.multiple(constants, **{name: getattr(now, name) for name in names}):
        return get_token_to_send(None)


# Line ends and spaces come with copying; a line end within, from a terminal that wrapped the token.
tokens = st.text("aZ0_ \r\n", max_size=8)
places = st.sampled_from(["{home}", "{home}/cache", "~", "~/cache", "~nobody_here", "$HOME", "${HOME}/cache", "$UNSET"])


@one_folder
@given(
    st.fixed_dictionaries({}, optional={"HF_TOKEN": tokens, "HUGGING_FACE_HUB_TOKEN": tokens}),
    st.dictionaries(st.sampled_from(["HF_HOME", "XDG_CACHE_HOME", "HF_TOKEN_PATH"]), places, max_size=3),
    st.sampled_from(["", "0", "1", "true", "Yes", "oN", "2", "off"]),
    tokens,
)
@example({}, {"HF_HOME": "~nobody_here"}, "", "")
@example({"HF_TOKEN": " ", "HUGGING_FACE_HUB_TOKEN": "hf_old"}, {}, "", "hf_file")
def test_the_same_token_is_found(
    tmp_path: Path, variables: dict[str, str], folders: dict[str, str], disabled: str, in_file: str
) -> None:
    paths = {name: place.format(home=tmp_path) if "{h" in place else place for name, place in folders.items()}
    if "HF_TOKEN_PATH" in paths:
        paths["HF_TOKEN_PATH"] += "/token"
    with environment({**variables, **paths, "HF_HUB_DISABLE_IMPLICIT_TOKEN": disabled}, tmp_path):
        file = Path(fresh(constants.__name__).HF_TOKEN_PATH)
        if file.is_relative_to(tmp_path):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(in_file)
        assert read_token(os.environ) == their_token()


@pytest.mark.parametrize("token", ["hf_é", "hf_\x01", "hf_\t0"])
def test_a_token_that_no_header_can_hold_is_none(tmp_path: Path, token: str) -> None:
    """Differs on purpose: huggingface_hub passes it on, and the request fails; public repos need no token."""
    with environment({"HF_TOKEN": token}, tmp_path):
        assert their_token() == token
        assert read_token(os.environ) is None


@pytest.mark.parametrize("name", ["HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME"])
def test_an_empty_variable_is_one_that_is_not_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Differs on purpose: huggingface_hub would look below the working directory, where anyone may have put a file."""
    (tmp_path / ".cache/huggingface").mkdir(parents=True)
    (tmp_path / ".cache/huggingface/token").write_text("hf_own")
    monkeypatch.chdir(tmp_path)
    with environment({name: ""}, tmp_path):
        assert read_token(os.environ) == "hf_own"
        assert not Path(fresh(constants.__name__).HF_TOKEN_PATH).is_absolute()


def test_a_token_file_that_cannot_be_read_is_no_token(tmp_path: Path) -> None:
    """Differs on purpose: huggingface_hub raises; a crawl of public repos does not hang on it."""
    with environment({"HF_TOKEN_PATH": str(tmp_path)}, tmp_path):
        with pytest.raises(IsADirectoryError):
            their_token()
        assert read_token(os.environ) is None


@one_folder
@given(
    st.dictionaries(st.sampled_from(["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]), st.sampled_from(["", "0", "1", "on"]))
)
def test_offline_mode_is_switched_by_the_same_variables(tmp_path: Path, variables: dict[str, str]) -> None:
    with environment(variables, tmp_path):
        ours, theirs = fresh("timm_sizes.settings"), fresh(constants.__name__)
    assert ours.HF_HUB_OFFLINE == theirs.HF_HUB_OFFLINE


names = st.text("aZ0_-.é\n ", max_size=5) | st.integers(94, 98).map(lambda length: "a" * length)


@given(
    st.lists(names, min_size=1, max_size=3).map("/".join) | st.sampled_from(["a.git", "a/b.git", "a.git/b"]) | st.text()
)
@example("_a/_b")
def test_the_same_texts_are_repo_ids(text: str) -> None:
    try:
        validate_repo_id(text)
    except HFValidationError:
        accepted = False
    else:
        accepted = True
    assert is_repo_id(text) == accepted


def their_rate_limit(limit: str, policy: str) -> RateLimit | None:
    theirs = parse_ratelimit_headers({"RateLimit": limit, "RateLimit-Policy": policy})
    if theirs is None:
        return None
    return RateLimit(
        theirs.resource_type, theirs.remaining, theirs.reset_in_seconds, theirs.limit, theirs.window_seconds
    )


gaps = st.text(" \t", max_size=2)
buckets = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=10)


@st.composite
def headers(draw: st.DrawFn, most_seconds: int, least: int = 0) -> tuple[str, str]:
    """Draw a RateLimit and a RateLimit-Policy header of one or two buckets, spaces where the standard allows them."""

    def item(*parts: str) -> str:
        return "".join(f"{part}{draw(gaps)}" for part in parts)

    def number(least: int, most: int) -> str:
        return str(draw(st.integers(least, most)))

    named = draw(st.lists(buckets, min_size=1, max_size=2))
    seconds = [(number(0, most_seconds), number(least, most_seconds)) for _ in named]
    limits = [
        item(f'"{name}"', ";", "r", "=", number(0, 10**9 - 1), ";", "t", "=", resets_in)
        for name, (resets_in, _) in zip(named, seconds, strict=True)
    ]
    policies = [
        item('"fixed window"', ";", f'"{name}"', ";", "q", "=", number(least, 10**9 - 1), ";", "w", "=", window)
        for name, (_, window) in zip(named, seconds, strict=True)
    ]
    return ",".join(limits), draw(st.sampled_from(["", ",".join(policies)]))


@given(headers(most_seconds=int(LONGEST_WAIT), least=1) | headers(most_seconds=10**6))
def test_rate_limit_headers_say_the_same_but_for_a_wait_that_makes_no_sense(said: tuple[str, str]) -> None:
    """Differs on purpose: huggingface_hub believes any number, and a crawl would be held for days by a slip."""
    theirs = their_rate_limit(*said)
    assert theirs is not None
    if theirs.resets_in > LONGEST_WAIT:
        assert parse_rate_limit(*said) is None
        return
    if not theirs.quota or not theirs.window or theirs.window > LONGEST_WAIT:
        theirs = RateLimit(theirs.bucket, theirs.remaining, theirs.resets_in)
    assert parse_rate_limit(*said) == theirs


@given(st.text() | st.text('"api;r=1t5, '), st.text())
def test_nothing_is_read_where_huggingface_hub_reads_nothing(limit: str, policy: str) -> None:
    assert their_rate_limit(limit, policy) is not None or parse_rate_limit(limit, policy) is None


@pytest.mark.parametrize("limit", ['"api";r=٤;t=٥', '"api";r=1234567890123;t=5'])
def test_numbers_are_short_and_ascii(limit: str) -> None:
    """Differs on purpose: HTTP has no other digits, and no quota is that large."""
    assert their_rate_limit(limit, "") is not None
    assert parse_rate_limit(limit) is None
