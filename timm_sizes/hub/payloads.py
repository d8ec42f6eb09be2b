"""The Hub's JSON, checked field by field: a repo's files with their sizes, and an organisation's repos."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from timm_sizes.errors import PayloadError
from timm_sizes.hub.checkpoint import HUB_FILENAMES
from timm_sizes.hub.endpoints import COMMIT, is_repo_id
from timm_sizes.units import MAX_BYTES

# Licences (by their ids on the Hub) that allow commercial use and require no more than attribution.
PERMISSIVE = {"0bsd", "apache-2.0", "bsd", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear", "isc", "mit", "ncsa"}
PERMISSIVE |= {"bsl-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc0-1.0", "unlicense", "zlib"}

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,99}", re.ASCII)
_DTYPE = re.compile(r"[A-Z0-9_]{1,20}", re.ASCII)
_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z", re.ASCII)
_LONGEST_FILENAME = 1024
_MOST_LICENSES = 10
_MOST_ELEMENTS = MAX_BYTES // 8


@dataclass(frozen=True)
class RepoFile:
    """One file of a repo. ``size`` is in bytes, the text that a page shows ("1.22 GB"), or None if it is not said."""

    size: int | str | None
    sha256: str = ""


@dataclass(frozen=True)
class RepoInfo:
    """What the Hub says of a repo at one commit: by itself, or in its organisation's list, which has no sizes."""

    repo_id: str
    sha: str
    files: dict[str, RepoFile]
    last_modified: str = ""
    license: str = ""
    gated: str = ""  # "auto", "manual", or "true" where it is not said which
    is_private: bool = False
    elements: dict[str, int] = field(default_factory=dict)  # of the safetensors file, by dtype
    answered_at: str = ""
    endpoint: str = ""  # the address of the Hub that said it, where it is not huggingface.co

    @property
    def has_sizes(self) -> bool:
        """Whether the files' sizes are said: some mirrors leave out all of them."""
        return any(file.size is not None for file in self.files.values())


def parse_model_info(body: bytes) -> RepoInfo:
    """Read an answer of ``GET /api/models/{repo_id}[/revision/{rev}]?blobs=true``.

    ``id``, ``sha`` and the checkpoint's size in ``siblings`` have to be there and valid, else PayloadError; what is
    only informative (licence, dtypes, dates) is left empty where it is missing or malformed.
    """
    data = load_json(body)
    info = repo_info(data, read_files(dig(data, "siblings"), "rfilename", "sha256"))
    if not info.sha:
        raise PayloadError("model info without a commit")
    return info


def parse_model_list(body: bytes) -> dict[str, RepoInfo]:
    """Read a page of ``GET /api/models?author=…&expand[]=sha…``: what it says of each repo, by repo id.

    Entries without a usable id or commit are passed over (their repos are then requested at main); an answer that is
    no list at all raises PayloadError.
    """
    data = load_json(body)
    if not isinstance(data, list):
        raise PayloadError("a list of models was expected")
    repos = {}
    for entry in data:
        with suppress(PayloadError):
            siblings = dig(entry, "siblings")
            info = repo_info(entry, read_files(siblings, "rfilename", "sha256") if siblings else {})
            if info.sha:
                repos[info.repo_id] = info
    return repos


def parse_tree(entries: object) -> dict[str, RepoFile]:
    """Return the files among *entries*, the JSON of ``GET /api/models/{repo_id}/tree/{rev}?recursive=true``, by path.

    PayloadError where it is no list with files, or the checkpoint's entry makes no sense.
    """
    if not isinstance(entries, list):
        raise PayloadError("a list of files was expected")
    files = [entry for entry in entries if dig(entry, "type") == "file"]
    if not any("size" in file for file in files):
        raise PayloadError("a tree without files")
    return read_files(files, "path", "oid")


def repo_info(data: object, files: dict[str, RepoFile]) -> RepoInfo:
    """Return what the JSON object *data* says of a repo with these *files*; PayloadError where it has no repo id."""
    repo_id, gated = dig(data, "id"), dig(data, "gated")
    if not isinstance(repo_id, str) or not is_repo_id(repo_id):
        raise PayloadError("no repo id")
    return RepoInfo(
        repo_id=repo_id,
        sha=_matching(COMMIT, dig(data, "sha")),
        files=files,
        last_modified=_matching(_TIMESTAMP, dig(data, "lastModified")),
        license=_license(dig(data, "cardData"), dig(data, "tags")),
        gated="true" if gated is True else gated if gated in ("auto", "manual") else "",
        elements=_elements(dig(data, "safetensors", "parameters")),
        is_private=dig(data, "private") is True,
    )


def read_files(entries: object, name_key: str, sha256_key: str) -> dict[str, RepoFile]:
    """Return the files of *entries* by path: those whose entry makes sense, which the checkpoint's has to.

    An entry has its path in *name_key*, its ``size`` in bytes and, for a large file, ``lfs`` with the size once more
    and the sha256 in *sha256_key*; a mirror may leave out all sizes. One malformed name among a repo's files says
    nothing of the others. PayloadError for no file at all, and for a checkpoint without a size, with another one in its
    lfs entry, or listed twice with different sizes.
    """
    entries = entries if isinstance(entries, list) else []
    has_sizes = any(isinstance(entry, dict) and "size" in entry for entry in entries)
    files: dict[str, RepoFile] = {}
    malformed = set()
    for entry in entries:
        name = dig(entry, name_key)
        if not is_filename(name):
            continue
        try:
            file = _sized_file(dig(entry, "size"), dig(entry, "lfs"), sha256_key) if has_sizes else RepoFile(None)
            if file.size == 0 and name in HUB_FILENAMES:
                raise PayloadError("a size of 0")
            if files.setdefault(name, file).size != file.size:
                raise PayloadError("a file that is listed twice, with different sizes")
        except PayloadError as error:
            if name in HUB_FILENAMES:
                raise PayloadError(f"{name}: {error}") from None
            malformed.add(name)
    files = {name: file for name, file in files.items() if name not in malformed}
    if not files:
        raise PayloadError("no file that makes sense")
    return files


def dig(data: object, *path: str) -> Any:
    """Return what is at *path* in nested JSON objects, None where there is nothing."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def load_json(text: str | bytes) -> Any:
    """Return the JSON value in *text*; PayloadError where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PayloadError("not JSON") from error


def is_filename(value: object) -> bool:
    """Return whether *value* can be a path inside a repo."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_FILENAME and value.isprintable()


def _license(card_data: object, tags: object = None) -> str:
    """Return the licence ids of a model card, joined by "+", else those of the ``license:`` tags.

    Where the licence is "other", it is its ``license_name``: free text, and so none of the PERMISSIVE ids. "" is an
    unknown licence: none, more than ten, or one among them that is no id, for what it allows is not known then.
    """
    ids = dig(card_data, "license")
    if ids in ("other", ["other"]):
        name = _matching(_LICENSE, dig(card_data, "license_name"))
        return name if name and PERMISSIVE.isdisjoint(name.lower().split("+")) else "other"
    if ids is None:
        named = tags if isinstance(tags, list) else []
        ids = [tag.removeprefix("license:") for tag in named if isinstance(tag, str) and tag.startswith("license:")]
    ids = ids if isinstance(ids, list) else [ids]
    are_known = len(ids) <= _MOST_LICENSES and all(_matching(_LICENSE, text) for text in ids)
    return "+".join(ids) if are_known else ""


def _matching(pattern: re.Pattern[str], value: object) -> str:
    """Return *value* if it is text of the *pattern*, else ""."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def _sized_file(size: object, lfs: object, sha256_key: str) -> RepoFile:
    if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= MAX_BYTES:
        raise PayloadError("a file without a size")
    # What git holds of a large file is a pointer of some 134 bytes: a mirror may give its size instead.
    if isinstance(lfs, dict) and lfs.get("size", size) != size:
        raise PayloadError("a size that its lfs entry contradicts")
    return RepoFile(size, _matching(_SHA256, dig(lfs, sha256_key)))


def _elements(counts: object) -> dict[str, int]:
    known = {
        dtype: count
        for dtype, count in (counts.items() if isinstance(counts, dict) else ())
        if _DTYPE.fullmatch(dtype) and isinstance(count, int) and not isinstance(count, bool) and count >= 0
    }
    # Some of the dtypes would make a wrong sum.
    is_whole = isinstance(counts, dict) and len(known) == len(counts)
    return known if is_whole and sum(known.values()) <= _MOST_ELEMENTS else {}
