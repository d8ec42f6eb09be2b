"""The Hub's JSON answers, checked field by field: a repo's files with their sizes, and an organisation's commits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from timm_sizes.errors import PayloadError
from timm_sizes.hub.checkpoint import HUB_FILENAMES as CHECKPOINT_FILENAMES
from timm_sizes.hub.endpoints import is_commit, is_repo_id
from timm_sizes.units import MAX_BYTES

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,99}", re.ASCII)
_DTYPE = re.compile(r"[A-Z0-9_]{1,20}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z", re.ASCII)
_LONGEST_FILENAME = 1024
_MOST_LICENSES = 10


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
    answered_at: str = ""


@dataclass(frozen=True)
class ListedRepo:
    """What an organisation's list says of a repo: no sizes, but the elements of its safetensors file by dtype."""

    repo_id: str
    sha: str
    filenames: frozenset[str] = frozenset()
    last_modified: str = ""
    license: str = ""
    gated: str = ""
    params_by_dtype: dict[str, int] = field(default_factory=dict)
    answered_at: str = ""


def parse_model_info(body: bytes) -> RepoInfo:
    """Read an answer of ``GET /api/models/{repo_id}[/revision/{rev}]?blobs=true``.

    ``id``, ``sha`` and the checkpoint's size in ``siblings`` have to be there and sound, else PayloadError; what is
    only informative (licence, dtypes, dates) is left empty where it is missing or odd. No ``files`` at all: the server
    is a mirror that leaves out all sizes (see endpoints.tree_url).
    """
    data = _object(_load(body), "model info")
    repo_id, sha = data.get("id"), data.get("sha")
    if not isinstance(repo_id, str) or not is_repo_id(repo_id):
        raise PayloadError("model info without a repo id")
    if not isinstance(sha, str) or not is_commit(sha):
        raise PayloadError("model info without a commit")
    siblings = data.get("siblings")
    if not isinstance(siblings, list) or not siblings:
        raise PayloadError("model info without a list of files")
    has_sizes = any(isinstance(entry, dict) and "size" in entry for entry in siblings)
    files = sound_files(siblings, "rfilename", "sha256") if has_sizes else {}
    if not files and (has_sizes or not _filenames(siblings)):
        raise PayloadError("model info without a file that makes sense")
    return RepoInfo(
        repo_id=repo_id,
        sha=sha,
        files=files,
        last_modified=read_timestamp(data.get("lastModified")),
        license=read_license(data.get("cardData"), data.get("tags")),
        gated=read_gated(data.get("gated")),
        params_by_dtype=_params_by_dtype(data.get("safetensors")),
    )


def parse_model_list(body: bytes) -> dict[str, ListedRepo]:
    """Read a page of ``GET /api/models?author=…&expand[]=sha…``: what it says of each repo, by repo id.

    Entries without a usable id or commit are passed over (their repos are then requested at main); an answer that is
    no list at all raises PayloadError.
    """
    data = _load(body)
    if not isinstance(data, list):
        raise PayloadError("a list of models was expected")
    repos = {}
    for entry in data:
        repo_id, sha = (entry.get("id"), entry.get("sha")) if isinstance(entry, dict) else (None, None)
        if isinstance(repo_id, str) and is_repo_id(repo_id) and isinstance(sha, str) and is_commit(sha):
            repos[repo_id] = ListedRepo(
                repo_id=repo_id,
                sha=sha,
                filenames=_filenames(entry.get("siblings")),
                last_modified=read_timestamp(entry.get("lastModified")),
                license=read_license(None, entry.get("tags")),
                gated=read_gated(entry.get("gated")),
                params_by_dtype=_params_by_dtype(entry.get("safetensors")),
            )
    return repos


def parse_tree(body: bytes) -> dict[str, RepoFile]:
    """Read an answer of ``GET /api/models/{repo_id}/tree/{rev}?recursive=true``: the files of the repo.

    PayloadError where it is no list with files, or the checkpoint's entry makes no sense.
    """
    entries = _load(body)
    if not isinstance(entries, list):
        raise PayloadError("a list of files was expected")
    files = sound_files([entry for entry in entries if is_file(entry)], "path", "oid")
    if not files:
        raise PayloadError("a tree without files")
    return files


def sound_files(entries: Iterable[object], name_key: str, sha256_key: str) -> dict[str, RepoFile]:
    """Return the files of *entries* by path: those whose entry makes sense, which the checkpoint's has to.

    An entry has its path in *name_key*, its ``size`` in bytes and, for a large file, ``lfs`` with the size once more
    and the sha256 in *sha256_key*. One odd name among a repo's files says nothing of the others; PayloadError for a
    checkpoint without a size, with another one in its lfs entry, or listed twice with different sizes.
    """
    files: dict[str, RepoFile] = {}
    unsound = set()
    for entry in entries:
        name = entry.get(name_key) if isinstance(entry, dict) else None
        if not isinstance(entry, dict) or not isinstance(name, str) or not is_filename(name):
            continue
        try:
            file = _sound_file(entry, sha256_key)
            if not file.size and name in CHECKPOINT_FILENAMES:
                raise PayloadError("a size of 0")
            if files.setdefault(name, file).size != file.size:
                raise PayloadError("a file that is listed twice, with different sizes")
        except PayloadError as error:
            if name in CHECKPOINT_FILENAMES:
                raise PayloadError(f"{name}: {error}") from None
            unsound.add(name)
    return {name: file for name, file in files.items() if name not in unsound}


def read_size(value: object) -> int:
    """Return *value* as a file's size in bytes; PayloadError unless it is a whole number that can be one."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_BYTES:
        raise PayloadError("a file without a size")
    return value


def is_filename(value: str) -> bool:
    """Tell whether *value* can be a path inside a repo."""
    return 0 < len(value) <= _LONGEST_FILENAME and value.isprintable()


def read_sha256(value: object) -> str:
    """Return *value* if it is a sha256 in hex, else ""."""
    return value if isinstance(value, str) and _SHA256.fullmatch(value) else ""


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
    return "+".join(text for text in ids[:_MOST_LICENSES] if isinstance(text, str) and _LICENSE.fullmatch(text))


def _load(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError("not JSON") from error


def _object(data: Any, what: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise PayloadError(f"{what}: an object was expected")
    return data


def _filenames(siblings: object) -> frozenset[str]:
    entries = siblings if isinstance(siblings, list) else []
    names = (entry.get("rfilename") for entry in entries if isinstance(entry, dict))
    return frozenset(name for name in names if isinstance(name, str))


def is_file(entry: object) -> bool:
    """Tell whether an *entry* of a tree is a file, not a directory."""
    return isinstance(entry, dict) and entry.get("type") == "file"


def _sound_file(entry: dict[str, Any], sha256_key: str) -> RepoFile:
    size, lfs = read_size(entry.get("size")), entry.get("lfs")
    if not isinstance(lfs, dict):
        return RepoFile(size)
    # What git holds of a large file is a pointer of some 134 bytes: a mirror may give its size instead.
    if lfs.get("size", size) != size:
        raise PayloadError("a size that its lfs entry contradicts")
    return RepoFile(size, read_sha256(lfs.get(sha256_key)))


def _params_by_dtype(safetensors: object) -> dict[str, int]:
    counts = safetensors.get("parameters") if isinstance(safetensors, dict) else None
    if not isinstance(counts, dict):
        return {}
    sound = {
        dtype: count
        for dtype, count in counts.items()
        if _DTYPE.fullmatch(dtype) and isinstance(count, int) and not isinstance(count, bool) and 0 <= count < MAX_BYTES
    }
    # Some of the dtypes would make a wrong sum.
    return sound if len(sound) == len(counts) and sum(sound.values()) < MAX_BYTES else {}
