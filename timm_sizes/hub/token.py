"""The user's Hub token, found where the ``hf`` command line finds it, and the requests that may carry it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from timm_sizes.hub.endpoints import address_of

_VARIABLE = re.compile(r"\$(?:(\w+)|\{([^}]*)\})", re.ASCII)
_TRUE = {"1", "ON", "YES", "TRUE"}


def is_true(value: str | None) -> bool:
    """Return whether an environment variable is switched on, by huggingface_hub's rule (1, ON, YES, TRUE)."""
    return (value or "").upper() in _TRUE


def read_token(environ: Mapping[str, str]) -> str | None:
    """Return the user's Hub token, or None: HF_TOKEN, HUGGING_FACE_HUB_TOKEN, then the file of ``hf auth login``.

    The file is $HF_TOKEN_PATH, $HF_HOME/token or ~/.cache/huggingface/token; see "Environment variables" in
    huggingface_hub's documentation. HF_HUB_DISABLE_IMPLICIT_TOKEN switches all of it off.
    """
    if is_true(environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN")):
        return None
    if token := _clean(environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN") or ""):
        return token
    try:
        return _clean(token_path(environ).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def token_path(environ: Mapping[str, str]) -> Path:
    """Return the file that ``hf auth login`` writes for this environment."""
    cache = environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = environ.get("HF_HOME") or f"{cache}/huggingface"
    path = environ.get("HF_TOKEN_PATH") or f"{home}/token"
    # Not Path.expanduser: it raises for a user that this machine does not know.
    expanded = os.path.expanduser(path)  # noqa: PTH111
    return Path(_VARIABLE.sub(lambda name: environ.get(name[1] or name[2], name[0]), expanded))


def may_carry_token(url: str, endpoint: str) -> bool:
    """Return whether a request to *url* may carry the token: only to the endpoint itself, and not in clear text.

    Plain http is allowed to a loopback address alone, where nobody listens in between.
    """
    parts = urlsplit(url)
    return address_of(url, endpoint) is not None and (parts.scheme == "https" or _is_loopback(parts.hostname or ""))


def _clean(token: str) -> str | None:
    token = token.replace("\r", "").replace("\n", "").strip()
    return token if token.isascii() and token.isprintable() and token else None


def _is_loopback(hostname: str) -> bool:
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return hostname == "localhost"
