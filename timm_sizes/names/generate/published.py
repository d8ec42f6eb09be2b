"""Derives what a timm model's checkpoint holds and weighs from the model's definition alone.

For most models the published file holds today's state dict. What differs in the files of early 2023 is written down
here; it was found by comparison with sizes that were recorded in public, and each rule gives them to the byte or, where
only the Hub's display is known, to its three digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import timm
import torch

Tensors = Mapping[str, torch.Tensor]

# The safetensors names of the dtypes that timm's state dicts hold.
DTYPE_NAMES = {torch.float32: "F32", torch.int64: "I64"}

# Buffers that timm saved until spring 2023 and leaves out today, by the module that defines the model.
_SAVED_BUFFERS = {
    "timm.models.beit": ("relative_position_index",),
    "timm.models.swin_transformer": ("relative_position_index", "attn_mask"),
    "timm.models.swin_transformer_v2": ("attn_mask",),
}
# FlexiViT is resized to the patch size asked for; its files hold the sizes it was trained at.
_FLEXIVIT_PATCH = 32
_FLEXIVIT_GRID = 7

# Releases of safetensors as far as their headers differ, by the first of each kind.
UNPADDED, MISPADDED, PADDED = "0.2.0", "0.3.0", "0.3.1"
_ALIGNMENT = 8
# The one file that we know to be older than 0.3.0, and to have the metadata of the Hub's converted files.
_CONVERTED = ("mobilenetv3_large_100.ra_in1k",)


def build(model: str, **arguments: Any) -> torch.nn.Module:
    """Return *model* without weights, and without memory for its tensors wherever that works.

    ``create_model`` takes the number of classes and the input channels from the pretrained cfg, as for loading.
    """
    try:
        with torch.device("meta"):
            return timm.create_model(model, **arguments)
    except (NotImplementedError, RuntimeError):  # a constructor that reads a tensor's values
        return timm.create_model(model, **arguments).to("meta")


def state_dict(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return the tensors that timm would save of *module* today, each once."""
    unique: dict[int, tuple[str, torch.Tensor]] = {}
    # keep_vars: without it every entry is a new object, and shared tensors could not be told.
    for name, tensor in sorted(module.state_dict(keep_vars=True).items()):
        unique.setdefault(id(tensor), (name, tensor))
    return dict(unique.values())


def early_state_dict(model: str, module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return the tensors in the file of *model*, built as *module*, if it was published by May 2023."""
    saved = _SAVED_BUFFERS.get(type(module).__module__, ())
    buffers = {name: buffer for name, buffer in module.named_buffers() if name.rpartition(".")[2] in saved}
    tensors = state_dict(module) | buffers
    # The two of a fixed patch size are ordinary ViTs.
    if model.startswith("flexivit_") and ".patch" not in model:
        width, channels = tensors["patch_embed.proj.weight"].shape[:2]
        patch = torch.empty(width, channels, _FLEXIVIT_PATCH, _FLEXIVIT_PATCH, device="meta")
        tensors |= {
            "patch_embed.proj.weight": patch,
            "pos_embed": torch.empty(1, _FLEXIVIT_GRID**2, width, device="meta"),
        }
    return tensors


def written_by(model: str, *, early: bool) -> str:
    """Return the release of safetensors that wrote the file of *model*; *early*: published by May 2023."""
    if model in _CONVERTED:
        return UNPADDED
    return MISPADDED if early else PADDED


def header_bytes(tensors: Tensors, release: str) -> int:
    """Return the length of the header, padding included, that safetensors gives *tensors*.

    The header is compact JSON. From 0.3.0 on the larger dtypes come first, then the order of the names (``prepare`` in
    safetensors/src/tensor.rs), and spaces follow: 0.3.0 took the remainder by 8 for the padding to a multiple of 8.
    timm saves without ``__metadata__`` (``save_for_hf`` in timm/models/_hub.py).
    """
    header: dict[str, object] = {"__metadata__": {"format": "pt"}} if release == UNPADDED else {}
    order = (lambda name: name) if release == UNPADDED else (lambda name: (-tensors[name].dtype.itemsize, name))
    end = 0
    for name in sorted(tensors, key=order):
        tensor = tensors[name]
        start, end = end, end + tensor.numel() * tensor.dtype.itemsize
        header[name] = {"dtype": DTYPE_NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    length = len(json.dumps(header, separators=(",", ":")))
    padding = {UNPADDED: 0, MISPADDED: length % _ALIGNMENT, PADDED: -length % _ALIGNMENT}
    return length + padding[release]


def elements(tensors: Tensors, dtype: torch.dtype) -> int:
    """Return how many elements of *dtype* are in *tensors*."""
    return sum(tensor.numel() for tensor in tensors.values() if tensor.dtype == dtype)
