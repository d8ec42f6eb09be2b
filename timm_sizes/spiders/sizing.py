"""From what a source says to the item: the Hub's answer, its refusal, the shipped catalogue, or a file on disk."""

from __future__ import annotations

from pathlib import Path

from timm_sizes.hub.checkpoint import (
    DTYPE_BYTES,
    HUB_FILENAMES,
    choose_checkpoint,
    choose_local_checkpoint,
    main_dtype,
)
from timm_sizes.hub.payloads import ListedRepo, RepoInfo
from timm_sizes.items import ModelSize, Status
from timm_sizes.names.architecture import architecture
from timm_sizes.names.catalogue import TIMM_VERSION, CatalogueEntry, architectures, by_repo_id
from timm_sizes.names.resolve import Target

_NO_CHECKPOINT = "the repo has no single file that timm loads (model.safetensors or pytorch_model.bin)"
_BASIS = {
    "computed": f"computed from timm {TIMM_VERSION}'s model definition",
    "displayed": "the Hub's page in March 2024, rounded to three digits",
}


def from_repo(model: str, info: RepoInfo, source: str) -> ModelSize:
    """Return *model*'s item from its repo's files, which the Hub gave by the route *source*."""
    item = _about(model, info, source)
    filename = choose_checkpoint(info.files)
    if filename is None:
        item.status, item.reason = Status.NO_WEIGHTS, _NO_CHECKPOINT
        return item
    checkpoint = info.files[filename]
    item.filename = filename
    item.size_bytes = checkpoint.size
    item.sha256 = checkpoint.sha256
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


def from_list(model: str, repo: ListedRepo) -> ModelSize:
    """Return *model*'s estimate from what a list says of its repo: elements × width, and the header if it is known.

    Where the elements are the catalogue's, so is the file: the catalogue's size is the answer, header included.
    """
    item = _about(model, repo, "list")
    filename = choose_checkpoint(repo.filenames)
    if filename is None and repo.filenames:
        item.status, item.reason = Status.NO_WEIGHTS, _NO_CHECKPOINT
        return item
    elements = repo.params_by_dtype
    if filename != HUB_FILENAMES[0] or not elements or not elements.keys() <= DTYPE_BYTES.keys():
        item.status = Status.ERROR
        what = f"element counts of {filename}" if filename else "file names of this repo"
        item.reason = f"the list has no {what}; exact sizes: without route=list"
        return item
    item.status = Status.ESTIMATED
    item.filename = filename
    item.params, item.dtype = sum(elements.values()), main_dtype(elements)
    entry = by_repo_id().get(repo.repo_id)
    header = 8 + entry.header_bytes if entry else 0
    item.size_bytes = header + sum(count * DTYPE_BYTES[dtype] for dtype, count in elements.items())
    item.reason = "elements by dtype from the Hub's list" + ("" if header else ", without the file's header")
    return item


def not_listed(model: str, repo_id: str, owner: str) -> ModelSize:
    """Return the item of a *model* whose repo the list of its *owner* does not show: what else is known, and why."""
    item = from_catalogue(model, repo_id)
    item.reason = f"not in the list of {owner}; {item.reason}"
    return item


def from_catalogue(model: str, repo_id: str) -> ModelSize:
    """Return *model*'s estimate from the shipped catalogue: what its checkpoint should weigh, not what the Hub says."""
    entry = by_repo_id().get(repo_id)
    if entry is None:
        reason = "the catalogue does not have this repo"
        return unsized(model, Status.ERROR, reason, repo_id, source="catalogue")
    return _estimate(model, entry, _BASIS[entry.size_basis], repo_id)


def from_disk(model: str, path: str) -> ModelSize:
    """Return *model*'s item from the file at *path*, or from the file that timm would load from a folder there."""
    place = Path(path)
    try:
        if place.is_dir():
            filename = choose_local_checkpoint(entry.name for entry in place.iterdir())
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
    if target.status is Status.NO_WEIGHTS and (entry := architectures().get(architecture(model))):
        return _estimate(model, entry, "no published weights; computed from the architecture")
    if target.status is not None:
        return unsized(model, target.status, target.reason)
    return from_disk(model, target.path)


def _about(model: str, repo: RepoInfo | ListedRepo, source: str) -> ModelSize:
    return ModelSize(
        model=model,
        repo_id=repo.repo_id,
        sha=repo.sha,
        last_modified=repo.last_modified,
        license=repo.license,
        gated=repo.gated,
        source=source,
        fetched_at=repo.answered_at,
    )


def _estimate(model: str, entry: CatalogueEntry, reason: str, repo_id: str = "") -> ModelSize:
    return ModelSize(
        model=model,
        repo_id=repo_id,
        status=Status.ESTIMATED,
        reason=reason,
        size_bytes=entry.size_bytes,
        params=sum(entry.elements.values()),
        dtype=entry.dtype,
        license=entry.license,
        source="catalogue",
    )
