"""The Hub's JSON answers, checked field by field: a repo's files with their sizes, and an organisation's commits."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from timm_sizes.errors import PayloadError
from timm_sizes.hub.endpoints import is_commit, is_repo_id

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,99}", re.ASCII)
_DTYPE = re.compile(r"[A-Z0-9_]{1,20}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z", re.ASCII)
_LONGEST_FILENAME = 1024
MAX_BYTES = 2**53  # nothing on the Hub is near 9 PB: anything above is a wrong answer, not a size


@dataclass(frozen=True)
class RepoFile:
    """One file of a repo. ``size`` is in bytes, or the text a tree page shows ("1.22 GB") where it says no more."""

    size: int | str
    sha256: str = ""


@dataclass(frozen=True)
class RepoInfo:
    """What the Hub says of a repo at one commit."""

    repo_id: str
    sha: str
    files: dict[str, RepoFile]
    last_modified: str = ""
    license: str = ""
    gated: str = ""
    params_by_dtype: dict[str, int] = field(default_factory=dict)


def parse_model_info(body: bytes) -> RepoInfo:
    """Read an answer of ``GET /api/models/{repo_id}[/revision/{rev}]?blobs=true``.

    ``id``, ``sha`` and the sizes in ``siblings`` have to be there and sound, else PayloadError; what is only
    informative (licence, dtypes, dates) is left empty where it is missing or odd.
    """
    data = _object(_load(body), "model info")
    repo_id, sha = data.get("id"), data.get("sha")
    if not isinstance(repo_id, str) or not is_repo_id(repo_id):
        raise PayloadError("model info without a repo id")
    if not isinstance(sha, str) or not is_commit(sha):
        raise PayloadError("model info without a commit")
    siblings = data.get("siblings")
    if not isinstance(siblings, list):
        raise PayloadError("model info without a list of files")
    return RepoInfo(
        repo_id=repo_id,
        sha=sha,
        files=dict(_sibling(entry) for entry in siblings),
        last_modified=read_timestamp(data.get("lastModified")),
        license=read_license(data.get("cardData"), data.get("tags")),
        gated=read_gated(data.get("gated")),
        params_by_dtype=_params_by_dtype(data.get("safetensors")),
    )


def parse_model_list(body: bytes) -> dict[str, str]:
    """Read a page of ``GET /api/models?author=…&expand[]=sha``: repo id → commit.

    Entries without a usable id or commit are passed over (their repos are then asked at main); an answer that is
    no list at all raises PayloadError.
    """
    data = _load(body)
    if not isinstance(data, list):
        raise PayloadError("a list of models was expected")
    commits = {}
    for entry in data:
        repo_id, sha = (entry.get("id"), entry.get("sha")) if isinstance(entry, dict) else (None, None)
        if isinstance(repo_id, str) and is_repo_id(repo_id) and isinstance(sha, str) and is_commit(sha):
            commits[repo_id] = sha
    return commits


def read_size(value: object) -> int:
    """Return *value* as a file's size in bytes; PayloadError unless it is a whole number that can be one."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_BYTES:
        raise PayloadError("a file without a size")
    return value


def read_sha256(value: object) -> str:
    """Return *value* if it is a sha256 in hex, else ""."""
    return value if isinstance(value, str) and _SHA256.fullmatch(value) else ""


def read_filename(value: object) -> str:
    """Return *value* as a path inside a repo; PayloadError if it is none."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_FILENAME or not value.isprintable():
        raise PayloadError("a file without a name")
    return value


def read_timestamp(value: object) -> str:
    """Return *value* if it is a time as the Hub writes it (UTC, ISO 8601 with a Z), else ""."""
    return value if isinstance(value, str) and _TIMESTAMP.fullmatch(value) else ""


def read_gated(value: object) -> str:
    """Return "auto" or "manual" for a gated repo, else ""."""
    return value if isinstance(value, str) and value in {"auto", "manual"} else ""


def read_license(card_data: object, tags: object = None) -> str:
    """Return the licence ids of a model card, joined by "+", else those of the ``license:`` tags, else ""."""
    named = card_data.get("license") if isinstance(card_data, dict) else None
    if named is None and isinstance(tags, list):
        named = [tag.removeprefix("license:") for tag in tags if isinstance(tag, str) and tag.startswith("license:")]
    ids = named if isinstance(named, list) else [named]
    return "+".join(text for text in ids if isinstance(text, str) and _LICENSE.fullmatch(text))


def _load(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("not JSON") from error


def _object(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise PayloadError(f"{what}: an object was expected")
    return data


def _sibling(entry: object) -> tuple[str, RepoFile]:
    data = _object(entry, "file entry")
    lfs = data.get("lfs")
    sha256 = read_sha256(lfs.get("sha256")) if isinstance(lfs, dict) else ""
    return read_filename(data.get("rfilename")), RepoFile(read_size(data.get("size")), sha256)


def _params_by_dtype(safetensors: object) -> dict[str, int]:
    counts = safetensors.get("parameters") if isinstance(safetensors, dict) else None
    if not isinstance(counts, dict):
        return {}
    return {
        dtype: count
        for dtype, count in counts.items()
        if _DTYPE.fullmatch(dtype) and isinstance(count, int) and not isinstance(count, bool) and 0 <= count < MAX_BYTES
    }
