"""The choice of a repo's file that timm loads as the checkpoint, and the dtypes of what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# What timm loads from a Hub repo (load_state_dict_from_hf in timm/models/_hub.py): safetensors, else the pickle.
HUB_FILENAMES = ("model.safetensors", "pytorch_model.bin")
# What it looks for in a local folder (load_state_dict_from_path there): these names, then any file of these endings.
_FOLDER_FILENAMES = (
    *HUB_FILENAMES,
    "pytorch_model.pth",
    "model.pth",
    "open_clip_model.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
)
_FOLDER_SUFFIXES = (".safetensors", ".pth", ".pth.tar", ".bin")

# Bytes an element takes, by the dtype names of the safetensors format.
DTYPE_BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
DTYPE_BYTES |= {"F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1}
# Of weights as they are trained. Of packed ones the Hub counts logical parameters, up to eight to a U32.
FLOAT_DTYPES = frozenset(dtype for dtype in DTYPE_BYTES if dtype.startswith(("F", "BF")))


def choose_checkpoint(filenames: Iterable[str]) -> str | None:
    """Return which of *filenames*, those of a Hub repo, timm would load, or None.

    Only whole names at the top level count: ``open_clip_pytorch_model.bin`` or ``onnx/model.onnx`` is another model,
    ``model.safetensors.index.json`` is no weights, and shards are never added up because timm loads single files.
    """
    present = set(filenames)
    return next((name for name in HUB_FILENAMES if name in present), None)


def choose_local_checkpoint(filenames: Iterable[str]) -> str | None:
    """Return which of *filenames*, those of a local folder, timm would load, or None; of several alike, the first."""
    present = sorted(filenames)
    named = [name for name in _FOLDER_FILENAMES if name in present]
    alike = [name for suffix in _FOLDER_SUFFIXES for name in present if name.endswith(suffix)]
    return next(iter([*named, *alike]), None)


def main_dtype(elements: Mapping[str, int]) -> str:
    """Return the dtype that most *elements* have ("F32"; the I64 batch counters are few), or "" if none is known."""
    return max(elements, key=lambda dtype: (elements[dtype], dtype), default="")
