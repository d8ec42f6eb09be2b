"""The repos of the mock Hub and the JSON the Hub's API says about them; nothing here knows of HTTP.

Every identifier is derived by hashing, so the same repo has the same shas in every run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

WEIGHT_SUFFIXES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".h5", ".msgpack", ".npz")
# The Hub refuses plain git files above this size, so bigger ones are LFS whatever their name.
LARGEST_PLAIN_FILE = 10_000_000

DTYPE_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2, "F8_E4M3": 1, "I8": 1, "U8": 1}

EXPANDABLE = (
    "author", "baseModels", "cardData", "childrenModelCount", "config", "createdAt", "disabled", "downloads",
    "downloadsAllTime", "evalResults", "gated", "gguf", "inference", "inferenceProviderMapping", "lastModified",
    "library_name", "likes", "mask_token", "model-index", "pipeline_tag", "private", "resourceGroup", "safetensors",
    "sha", "siblings", "spaces", "tags", "transformersInfo", "trendingScore", "usedStorage", "widgetData",
    "xetEnabled",
)  # fmt: skip
EXPANDABLE_IN_LISTS = tuple(name for name in EXPANDABLE if name not in {"childrenModelCount", "usedStorage"})
ONLY_EXPANDED = ("downloadsAllTime", "trendingScore", "childrenModelCount", "baseModels", "xetEnabled")
LIST_KEYS = ("_id", "id", "likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name",
             "createdAt", "modelId")  # fmt: skip


def digest(*parts: object, length: int = 40) -> str:
    """A hexadecimal identifier that depends on nothing but its parts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:length]


@dataclass
class Repo:
    """One model repo at one commit. What is left empty is derived from the id."""

    id: str
    files: dict[str, int] = field(default_factory=dict)
    sha: str = ""
    last_modified: str = "2025-01-21T18:21:17.000Z"
    created_at: str = "2023-03-31T04:51:15.000Z"
    license: str | list[str] | None = None
    gated: bool | str = False
    private: bool = False
    disabled: bool = False
    safetensors: dict[str, int] | None = None
    library_name: str | None = None
    pipeline_tag: str | None = None
    tags: list[str] | None = None
    config: dict[str, Any] | None = None
    # Front matter beside the licence and the library; None is a README without any.
    card: dict[str, Any] | None = field(default_factory=dict)
    downloads: int = 0
    likes: int = 0
    trending_score: int = 0
    # Branches, tags and pull requests beside main: name → sha of a commit of this repo.
    refs: dict[str, str] = field(default_factory=dict)
    object_id: str = ""

    def __post_init__(self) -> None:
        # Kept through renames and commits: what is derived from it stays the same, as on the Hub.
        self.object_id = self.object_id or digest(self.id, length=24)
        self.sha = self.sha or digest(self.object_id, "first commit")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def after(self, changes: dict[str, Any]) -> Repo:
        """The repo after one more commit with these changes, an hour later."""
        sha = digest(self.sha, sorted(changes.items(), key=lambda change: change[0]))
        later = datetime.strptime(self.last_modified, "%Y-%m-%dT%H:%M:%S.%f%z") + timedelta(hours=1)
        last_modified = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return replace(self, **{"sha": sha, "last_modified": last_modified, **changes})

    @property
    def author(self) -> str | None:
        namespace, slash, _ = self.id.partition("/")
        return namespace if slash else None

    def is_lfs(self, filename: str) -> bool:
        return filename.endswith(WEIGHT_SUFFIXES) or self.files[filename] > LARGEST_PLAIN_FILE

    def sha256(self, filename: str) -> str:
        return digest(self.object_id, filename, self.files[filename], length=64)

    def lfs_pointer(self, filename: str) -> bytes:
        sha256, size = self.sha256(filename), self.files[filename]
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()

    def blob_id(self, filename: str) -> str:
        """The git sha1 of the file; of its pointer when the file is LFS."""
        if not self.is_lfs(filename):
            return digest(self.object_id, filename, self.files[filename])
        pointer = self.lfs_pointer(filename)
        return hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()

    def card_data(self) -> dict[str, Any] | None:
        if self.card is None:
            return None
        known = {"license": self.license, "library_name": self.library_name}
        return {key: value for key, value in known.items() if value is not None} | self.card

    def all_tags(self) -> list[str]:
        if self.tags is not None:
            return self.tags
        licenses = [self.license] if isinstance(self.license, str) else self.license or []
        formats = [
            name
            for name, suffix in (("pytorch", ".bin"), ("safetensors", ".safetensors"))
            if any(filename.endswith(suffix) for filename in self.files)
        ]
        named = [name for name in (self.library_name, *formats, self.pipeline_tag) if name]
        return [*named, *(f"license:{name}" for name in licenses), "region:us"]

    def siblings(self, *, blobs: bool) -> list[dict[str, Any]]:
        if not blobs:
            return [{"rfilename": filename} for filename in sorted(self.files)]
        return [self._sibling(filename) for filename in sorted(self.files)]

    def _sibling(self, filename: str) -> dict[str, Any]:
        size = self.files[filename]
        sibling: dict[str, Any] = {"rfilename": filename, "blobId": self.blob_id(filename), "size": size}
        if self.is_lfs(filename):
            pointer_size = len(self.lfs_pointer(filename))
            sibling["lfs"] = {"sha256": self.sha256(filename), "size": size, "pointerSize": pointer_size}
        return sibling

    def properties(self, *, blobs: bool = False) -> dict[str, Any]:
        """All the Hub can say about the repo, in its order; one without a value is absent, but for model-index."""
        safetensors = self.safetensors
        everything: dict[str, Any] = {
            "_id": self.object_id,
            "id": self.id,
            "private": self.private,
            "pipeline_tag": self.pipeline_tag,
            "library_name": self.library_name,
            "tags": self.all_tags(),
            "downloads": self.downloads,
            "downloadsAllTime": self.downloads,
            "likes": self.likes,
            "trendingScore": self.trending_score,
            "modelId": self.id,
            "author": self.author,
            "sha": self.sha,
            "lastModified": self.last_modified,
            "gated": self.gated,
            "disabled": self.disabled,
            "model-index": None,
            "config": self.config,
            "cardData": self.card_data(),
            "siblings": self.siblings(blobs=blobs),
            "spaces": [],
            "createdAt": self.created_at,
            "safetensors": safetensors and {"parameters": safetensors, "total": sum(safetensors.values())},
            "usedStorage": sum(size for filename, size in self.files.items() if self.is_lfs(filename)),
            "baseModels": None,
            "childrenModelCount": 0,
            "xetEnabled": True,
        }
        return {key: value for key, value in everything.items() if value is not None or key == "model-index"}

    def model_info(self, *, blobs: bool = False, expand: Collection[str] = ()) -> dict[str, Any]:
        """The body of /api/models/{id}."""
        if expand:
            return _only(self.properties(), ("_id", "id", *expand))
        return {key: value for key, value in self.properties(blobs=blobs).items() if key not in ONLY_EXPANDED}

    def list_entry(self, *, expand: Collection[str] = ()) -> dict[str, Any]:
        """The repo as one element of /api/models; sizes are never there."""
        return _only(self.properties(), ("_id", "id", *expand) if expand else LIST_KEYS)

    def folders(self) -> set[str]:
        return {str(folder) for path in self.files for folder in PurePosixPath(path).parents[:-1]}

    def tree_entries(self, *, recursive: bool = False) -> list[dict[str, Any]]:
        """The entries of /api/models/{id}/tree/{revision}, folders first."""
        paths = [*sorted(self.folders()), *sorted(self.files)]
        return [self._tree_entry(path) for path in paths if recursive or "/" not in path]

    def _tree_entry(self, path: str) -> dict[str, Any]:
        if path not in self.files:
            return {"type": "directory", "oid": digest(self.sha, path), "size": 0, "path": path}
        entry: dict[str, Any] = {"type": "file", "oid": self.blob_id(path), "size": self.files[path]}
        if self.is_lfs(path):
            pointer_size = len(self.lfs_pointer(path))
            entry["lfs"] = {"oid": self.sha256(path), "size": self.files[path], "pointerSize": pointer_size}
        return entry | {"path": path}


def timm_repo(
    name_or_id: str,
    params: int,
    *,
    dtype: str = "F32",
    header: int = 44_980,
    extra: Mapping[str, int] | None = None,
    without: Collection[str] = (),
    **fields: Any,
) -> Repo:
    """A repo as timm pushes it: `params` elements of `dtype` in model.safetensors, and pytorch_model.bin beside it.

    `header` is what the safetensors file holds beside its elements; `extra` adds files and `without` leaves some out;
    `fields` are those of `Repo` and win.
    """
    repo_id = name_or_id if "/" in name_or_id else f"timm/{name_or_id}"
    checkpoint = params * DTYPE_BYTES[dtype] + header
    files = {
        ".gitattributes": 1477,
        "README.md": 4500,
        "config.json": 590,
        "model.safetensors": checkpoint,
        "pytorch_model.bin": checkpoint + 115_513,
        **(extra or {}),
    }
    usual: dict[str, Any] = {
        "files": {filename: size for filename, size in files.items() if filename not in without},
        "license": "apache-2.0",
        # The Hub reads this from the safetensors file, so it is missing with it.
        "safetensors": None if "model.safetensors" in without else {dtype: params},
        "library_name": "timm",
        "pipeline_tag": "image-classification",
        "config": {"architecture": repo_id.rpartition("/")[2].partition(".")[0]},
        "card": {"tags": ["image-classification", "timm"], "datasets": ["imagenet-1k"]},
    }
    return Repo(repo_id, **{**usual, **fields})


def _only(properties: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: properties[key] for key in keys if key in properties}
