"""The item of a name, from what the Hub says, the shipped catalogue, or a file on disk."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from timm_sizes.hub.checkpoint import (
    DTYPE_BYTES,
    FLOAT_DTYPES,
    HUB_FILENAMES,
    choose_checkpoint,
    choose_local_checkpoint,
    main_dtype,
)
from timm_sizes.hub.payloads import RepoInfo
from timm_sizes.items import ModelSize, Status
from timm_sizes.names.architecture import architecture
from timm_sizes.names.catalogue import TIMM_VERSION, CatalogueEntry, architectures, by_repo_id
from timm_sizes.names.resolve import Target, resolve

_NO_CHECKPOINT = "the repo has no single file that timm loads (model.safetensors or pytorch_model.bin)"
_TRAINING = "a training checkpoint, larger than the model: save its weights alone"
_LONGEST_PICKLE = 2**24
_BASIS = {
    "computed": f"computed from timm {TIMM_VERSION}'s model definition",
    "displayed": "the Hub's page in March 2024, rounded to three digits",
}


def exact_row(rows: Iterable[ModelSize], info: RepoInfo) -> ModelSize | None:
    """Return which of the *rows* of SIZES_FILE is exact at the commit of *info*, and so the answer already.

    A row at a named revision speaks for that name alone. One that names no endpoint is from huggingface.co, and what a
    mirror has at the same commit is the same.
    """
    for row in rows:
        is_exact = row.status is Status.OK and row.source in ("api", "page") and row.sha == info.sha
        if is_exact and row.endpoint in ("", info.endpoint) and not resolve(row.model).revision:
            return row
    return None


def from_repo(model: str, info: RepoInfo, source: str) -> ModelSize:
    """Return *model*'s item from its repo's files, which the Hub gave by the route *source*."""
    item = _about(model, info, source)
    filename = choose_checkpoint(info.files)
    if filename is None:
        return item
    checkpoint = info.files[filename]
    item.status, item.reason, item.filename = Status.OK, "", filename
    item.size_bytes, item.sha256 = checkpoint.size, checkpoint.sha256
    # Of packed weights the Hub counts logical parameters, more than the file's bytes can be.
    if (
        filename == HUB_FILENAMES[0]
        and isinstance(checkpoint.size, int)
        and _bytes_of(info.elements) <= checkpoint.size
    ):
        item.params, item.dtype = sum(info.elements.values()) or None, main_dtype(info.elements)
    if isinstance(checkpoint.size, str):
        item.status = Status.ESTIMATED
        item.reason = f"the page shows {checkpoint.size}, rounded to three digits"
    return item


def from_list(model: str, info: RepoInfo) -> ModelSize:
    """Return *model*'s estimate from what a list says of its repo: elements × width, and what else the file holds.

    That, its header and its integer buffers, is known of repos in the catalogue. What the list cannot size has the
    catalogue's estimate.
    """
    filename, elements = choose_checkpoint(info.files), info.elements
    if filename is None and info.files:
        return _about(model, info, "list")
    if why := _why_not_sized(filename, elements):
        return from_catalogue(model, info.repo_id, why)
    entry = by_repo_id().get(info.repo_id)
    rest = 0
    if entry is not None:
        buffers = {dtype: count for dtype, count in entry.elements.items() if dtype not in FLOAT_DTYPES}
        rest = 8 + entry.header_bytes + _bytes_of(buffers)
    item = _about(model, info, "list")
    item.status, item.filename, item.size_bytes = Status.ESTIMATED, filename or "", rest + _bytes_of(elements)
    item.params, item.dtype = sum(elements.values()), main_dtype(elements)
    item.reason = "elements by dtype from the Hub's list" + ("" if rest else ", without the file's header")
    return item


def unsized(model: str, status: Status, reason: str, repo_id: str = "", source: str = "", at: str = "") -> ModelSize:
    """Return the item of a name that ends without a size; *at* is when the Hub said so, if it did."""
    return ModelSize(model=model, repo_id=repo_id, status=status, reason=reason, source=source, fetched_at=at)


def from_catalogue(model: str, repo_id: str, why: str = "") -> ModelSize:
    """Return *model*'s estimate from the shipped catalogue: what its checkpoint should weigh, not what the Hub says.

    *why* is the reason in words for not having more than that.
    """
    entry = by_repo_id().get(repo_id)
    if entry is not None:
        return _estimate(model, entry, "; ".join(filter(None, [why, _BASIS[entry.size_basis]])), repo_id)
    if why:
        return unsized(model, Status.ERROR, f"{why}; exact sizes: without route=list", repo_id, source="catalogue")
    return unsized(model, Status.NOT_ASKED, "the catalogue does not have this repo", repo_id, source="catalogue")


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
        if not place.stat().st_size:
            return unsized(model, Status.NO_WEIGHTS, "the file is empty", source="local")
        if _is_training(place):
            return unsized(model, Status.NO_WEIGHTS, _TRAINING, source="local")
        return ModelSize(model=model, filename=place.name, size_bytes=place.stat().st_size, source="local")
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a path"
        return unsized(model, Status.NOT_FOUND, reason.lower(), source="local")


class _Inert(dict[object, object]):
    """Takes the place of every class that a pickle names: of what is in it, nothing runs."""

    def __init__(self, *_: object, **__: object) -> None:
        super().__init__()

    def __setstate__(self, state: object) -> None:
        """Do without the *state*."""


class _KeysUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str, /) -> type[_Inert]:
        return _Inert

    def persistent_load(self, pid: object) -> None:
        """Do without the tensor's elements."""


def _is_training(path: Path) -> bool:
    """Return whether the file at *path* is a training checkpoint of PyTorch, by the keys of the dict in it.

    It has the optimizer's state, or the weights and their moving average, as timm's ``state_dict_ema``. Names of
    weights have a dot.
    """
    if path.suffix == ".safetensors":
        return False
    pickles, keys = BytesIO(_pickles(path)), set[object]()
    # Whatever a file that is no pickle, or not a whole one, makes of it.
    with suppress(Exception):
        # In the older format three others come first: two numbers, and what the machine was.
        for _ in range(4):
            found = _KeysUnpickler(pickles).load()
            keys |= found.keys() if isinstance(found, dict) else set()
    names = {key for key in keys if isinstance(key, str) and "." not in key}
    return any("optim" in name or f"{name}_ema" in names for name in names)


def _pickles(path: Path) -> bytes:
    """Return what is pickled in the file at *path*: an archive's ``data.pkl``, else what the file begins with."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            return file.read(_LONGEST_PICKLE)
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        return archive.open(names[0]).read(_LONGEST_PICKLE) if names else b""


def from_target(model: str, target: Target) -> ModelSize:
    """Return the item of a name whose target is no repo: a local file, or a reason."""
    if target.status is Status.NO_WEIGHTS and (entry := architectures().get(architecture(model))):
        return _estimate(model, entry, "no published weights; computed from the architecture")
    if target.status is not None:
        return unsized(model, target.status, target.reason)
    return from_disk(model, target.path)


def _why_not_sized(filename: str | None, elements: Mapping[str, int]) -> str:
    if filename is None:
        return "the list has no file names of this repo"
    if filename != HUB_FILENAMES[0] or not any(elements.values()):
        return f"the list has no element counts of {filename}"
    packed = sorted(elements.keys() - FLOAT_DTYPES)
    return f"the list counts {packed[0]} elements, of which several may be packed into one" if packed else ""


def _bytes_of(elements: Mapping[str, int]) -> int:
    return sum(count * DTYPE_BYTES.get(dtype, 0) for dtype, count in elements.items())


def _about(model: str, info: RepoInfo, source: str) -> ModelSize:
    """Return the item of a repo without a checkpoint."""
    return ModelSize(
        model=model,
        repo_id=info.repo_id,
        status=Status.NO_WEIGHTS,
        reason=_NO_CHECKPOINT,
        sha=info.sha,
        last_modified=info.last_modified,
        license=info.license,
        gated=info.gated,
        source=source,
        fetched_at=info.answered_at,
        endpoint=info.endpoint,
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
