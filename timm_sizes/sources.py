"""From what a source says to the item: the Hub's answer, its refusal, the shipped catalogue, or a file on disk."""

from __future__ import annotations

from pathlib import Path

from timm_sizes.hub.checkpoint import FOLDER_FILENAMES, choose_checkpoint, is_weights, main_dtype
from timm_sizes.hub.payloads import RepoInfo
from timm_sizes.items import ModelSize, Status
from timm_sizes.names.catalogue import TIMM_VERSION, by_repo_id
from timm_sizes.names.resolve import Target

_BASIS = {
    "computed": f"computed from timm {TIMM_VERSION}'s model definition",
    "displayed": "the Hub's page in March 2024, rounded to three digits",
}


def from_repo(model: str, info: RepoInfo, source: str, fetched_at: str) -> ModelSize:
    """Return *model*'s item from its repo's files; *fetched_at* is when the Hub answered."""
    item = ModelSize(
        model=model,
        repo_id=info.repo_id,
        sha=info.sha,
        last_modified=info.last_modified,
        license=info.license,
        gated=info.gated,
        source=source,
        fetched_at=fetched_at,
        other_weights={name: file.size for name, file in info.files.items() if is_weights(name)},
    )
    filename = choose_checkpoint(info.files)
    if filename is None:
        item.status = Status.NO_WEIGHTS
        item.reason = "the repo has no single file that timm loads (model.safetensors or pytorch_model.bin)"
        return item
    checkpoint = info.files[filename]
    item.filename = filename
    item.size_bytes = checkpoint.size
    item.sha256 = checkpoint.sha256
    item.other_weights.pop(filename, None)
    if filename.endswith(".safetensors"):
        item.params = sum(info.params_by_dtype.values()) or None
        item.dtype = main_dtype(info.params_by_dtype)
    if isinstance(checkpoint.size, str):
        item.status = Status.ESTIMATED
        item.reason = f"the page shows {checkpoint.size}, rounded to three digits"
    return item


def unsized(model: str, status: Status, reason: str, repo_id: str = "", source: str = "", at: str = "") -> ModelSize:
    """Return the item of a name that ends without a size; *at* is when the Hub said so, if it did."""
    return ModelSize(model=model, repo_id=repo_id, status=status, reason=reason, source=source, fetched_at=at)


def from_catalogue(model: str, repo_id: str) -> ModelSize:
    """Return *model*'s estimate from the shipped catalogue: what its checkpoint should weigh, not what the Hub says."""
    entry = by_repo_id().get(repo_id)
    if entry is None:
        reason = "offline, and the catalogue does not have this repo"
        return unsized(model, Status.ERROR, reason, repo_id, source="catalogue")
    return ModelSize(
        model=model,
        repo_id=repo_id,
        status=Status.ESTIMATED,
        reason=_BASIS[entry.size_basis],
        size_bytes=entry.size_bytes,
        params=entry.params,
        dtype=entry.dtype,
        license=entry.license,
        source="catalogue",
    )


def from_disk(model: str, path: str) -> ModelSize:
    """Return *model*'s item from the file at *path*, or from the file that timm would load from a folder there."""
    place = Path(path)
    try:
        if place.is_dir():
            filename = choose_checkpoint((entry.name for entry in place.iterdir()), FOLDER_FILENAMES)
            if filename is None:
                return unsized(model, Status.NO_WEIGHTS, "no checkpoint in this folder", source="local")
            place = place / filename
        if not place.is_file():
            return unsized(model, Status.NOT_FOUND, "no such file", source="local")
        return ModelSize(model=model, filename=place.name, size_bytes=place.stat().st_size, source="local")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        return unsized(model, Status.NOT_FOUND, reason.lower(), source="local")


def from_target(model: str, target: Target) -> ModelSize:
    """Return the item of a name whose target is no repo: a local file, or a reason."""
    if target.status is not None:
        return unsized(model, target.status, target.reason)
    return from_disk(model, target.path)
