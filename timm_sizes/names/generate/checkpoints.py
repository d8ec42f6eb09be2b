"""Computes what timm's names stand for and what each checkpoint weighs: names.csv, architectures.csv, checkpoints.csv.

No weights are downloaded: the models are built without memory for their tensors, and the size of a checkpoint follows
from the names and shapes in its state dict. What was recorded of the Hub is read: published_2023_05.csv (the repos that
timm 0.9.2 names) and displayed_2024_03.csv.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import timm
import torch
from timm.models import get_deprecated_models

from timm_sizes.names.generate import published
from timm_sizes.names.generate.data_files import read_rows, write_rows
from timm_sizes.units import parse_size

SIZE_COLUMNS = ("params", "dtype", "f32", "i64", "header_bytes", "size_bytes")
CHECKPOINT_COLUMNS = ("model", "repo_id", "license", *SIZE_COLUMNS, "size_basis")
ARCHITECTURE_COLUMNS = ("model", *SIZE_COLUMNS)
NAME_COLUMNS = ("name", "model", "kind")

# Deprecated names that timm's own table has wrong (32x8d for all of them) or lacks: names of timm 0.6 and before, for
# weights that are still published. "" stands for weights that are not.
CORRECTIONS = {
    "ig_resnext101_32x16d": "resnext101_32x16d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x32d": "resnext101_32x32d.fb_wsl_ig1b_ft_in1k",
    "ig_resnext101_32x48d": "",
    "beit_base_patch16_224_in22k": "beit_base_patch16_224.in22k_ft_in22k",
    "beit_large_patch16_224_in22k": "beit_large_patch16_224.in22k_ft_in22k",
    "beitv2_base_patch16_224_in22k": "beitv2_base_patch16_224.in1k_ft_in22k",
    "beitv2_large_patch16_224_in22k": "beitv2_large_patch16_224.in1k_ft_in22k",
    "gluon_xception65": "xception65.tf_in1k",
    "vit_base_patch16_sam_224": "vit_base_patch16_224.sam_in1k",
    "vit_base_patch32_sam_224": "vit_base_patch32_224.sam_in1k",
}

# Bytes that pytorch_model.bin holds for each tensor beside its data: the least and the most that the displays imply.
PICKLED_TENSOR = 280, 420


def write_catalogue() -> None:
    """Write the three files."""
    models = timm.list_pretrained()
    names = list(name_rows(set(models)))
    without = [row["name"] for row in names if row["kind"] == "default" and not row["model"]]
    write_rows("names.csv", NAME_COLUMNS, names)
    write_rows("architectures.csv", ARCHITECTURE_COLUMNS, architecture_rows(without))
    write_rows("checkpoints.csv", CHECKPOINT_COLUMNS, checkpoint_rows(models))


def checkpoint_rows(models: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the catalogue's row of each model; one that cannot be built keeps its row of the last run."""
    previous = {row["model"]: row for row in read_rows("checkpoints.csv")}
    displayed = {row["model"]: row["displayed_size"] for row in read_rows("displayed_2024_03.csv")}
    early = {row["repo_id"] for row in read_rows("published_2023_05.csv")}
    for model in models:
        repo_id = timm.get_pretrained_cfg_value(model, "hf_hub_id") or ""
        try:
            yield checkpoint_row(model, repo_id, displayed.get(model), early=repo_id in early)
        except Exception as error:  # noqa: BLE001 - whatever a model's constructor may raise
            kept = previous.get(model)
            print(f"{model}: {'keeps its previous row' if kept else 'left out'}, {error!r}", file=sys.stderr)
            if kept:
                yield kept


def checkpoint_row(model: str, repo_id: str, displayed: str | None, *, early: bool) -> dict[str, str]:
    """Return the row of *model*, whose pytorch_model.bin the Hub *displayed* so ("43.2 MB"; None: not known).

    *early*: its file is of May 2023 or before. Where the display disagrees, what was published has other tensors than
    we know of, and the display is the better estimate.
    """
    module = published.build(model)
    tensors = published.early_state_dict(model, module) if early else published.state_dict(module)
    row = {
        "model": model,
        "repo_id": repo_id,
        "license": timm.get_pretrained_cfg_value(model, "license") or "",
        **size_columns(module, tensors, published.written_by(model, early=early)),
        "size_basis": "computed",
    }
    if displayed and not agrees(displayed, tensors):
        row |= {"size_bytes": str(parse_size(displayed)), "size_basis": "displayed"}
    return row


def architecture_rows(architectures: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the row of each architecture that has no weights: what its file would weigh if it were saved today."""
    for architecture in architectures:
        module = published.build(architecture)
        yield {"model": architecture, **size_columns(module, published.state_dict(module), published.PADDED)}


def size_columns(module: torch.nn.Module, tensors: published.Tensors, release: str) -> dict[str, str]:
    """Return the SIZE_COLUMNS of a file of *tensors* that *release* of safetensors writes, for the model *module*.

    A file is 8 bytes for the header's length, the header, and the data.
    """
    f32, i64 = (published.elements(tensors, dtype) for dtype in (torch.float32, torch.int64))
    header = published.header_bytes(tensors, release)
    return {
        "params": str(sum(parameter.numel() for parameter in module.parameters())),
        "dtype": published.DTYPE_NAMES[next(module.parameters()).dtype],
        "f32": str(f32),
        "i64": str(i64),
        "header_bytes": str(header),
        "size_bytes": str(8 + header + 4 * f32 + 8 * i64),
    }


def agrees(displayed: str, tensors: published.Tensors) -> bool:
    """Return whether a pytorch_model.bin of *tensors* can have the *displayed* size, to its third digit."""
    data: int = sum(tensor.numel() * tensor.dtype.itemsize for tensor in tensors.values())
    low, high = (data + overhead * len(tensors) for overhead in PICKLED_TENSOR)
    size = parse_size(displayed)
    half_digit: int = 10 ** (len(str(size)) - 3) // 2
    return low - half_digit <= size <= high + half_digit


def name_rows(models: set[str]) -> Iterator[dict[str, str]]:
    """Yield what each architecture, tag without weights and deprecated name stands for among *models*, "" for nothing.

    ``list_models`` leaves the deprecated names out, and registering a deprecation removes an architecture of the same
    name (timm/models/_registry.py), so no name comes twice.
    """
    defaults = {architecture: default_model(architecture, models) for architecture in timm.list_models()}
    for architecture, model in defaults.items():
        yield {"name": architecture, "model": model, "kind": "default"}
    for model in timm.list_models(include_tags=True):
        if "." in model and model not in models:
            yield {"name": model, "model": "", "kind": "untrained"}
    for old_name, current in (get_deprecated_models() | CORRECTIONS).items():
        model = defaults.get(current, current) if current else ""
        yield {"name": old_name, "model": completed(model, models), "kind": "deprecated"}


def default_model(architecture: str, models: set[str]) -> str:
    """Return the pretrained name that ``create_model(architecture, pretrained=True)`` loads, or "" for none."""
    cfg = timm.get_pretrained_cfg(architecture)
    model = f"{architecture}.{cfg.tag}" if cfg and cfg.tag else architecture
    return model if model in models else ""


def completed(model: str, models: set[str]) -> str:
    """Return *model* with the end of its tag, which timm 1.0.31 lacks in two deprecations (.sam for .sam_in1k)."""
    longer = [candidate for candidate in models if candidate.startswith(f"{model}_")]
    return longer[0] if model and model not in models and len(longer) == 1 else model
