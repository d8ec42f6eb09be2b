"""Reads off a timm table's file name what it was measured on: images for an accuracy, a device for a speed.

The names are those of pytorch-image-models, results/: results-imagenet-real.csv,
benchmark-infer-amp-nchw-pt291-cu130-pro6000maxq.csv.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from math import nan
from pathlib import Path

from timm_sizes.files import few

_RESULTS = re.compile(r"results-(?:imagenet-)?(?:imagenet(?P<version>v\d+)\b.*|(?P<name>.+))", re.DOTALL)
_SETS = {
    "imagenet": "ImageNet",
    "real": "ImageNet-ReaL",
    "v2": "ImageNetV2",
    "a": "ImageNet-A",
    "a-clean": "ImageNet-A clean (ImageNet's own images of its classes)",
    "r": "ImageNet-R",
    "r-clean": "ImageNet-R clean (ImageNet's own images of its classes)",
    "sketch": "ImageNet-Sketch",
}
_REPARAMETERISED = ("mobileone", "repvgg", "repvit", "ghostnetv3")
_REWRITTEN_ON = re.compile(r"PyTorch 2\.9|RTX 5090|RTX PRO 6000")
# A benchmark's model with so many times the row's parameters, or the row's so many times its, is another one: a name
# like ecaresnext50t_32x4d has stood for two architectures, tiny_vit_5m_224 is measured with a head of 21,841 classes.
_ANOTHER = 1.5
_REMARK = "; of "
_BENCHMARK = re.compile(
    r"benchmark-(?P<what>infer|train)-(?P<precision>\w+)-(?P<layout>nchw|nhwc)"
    r"-pt(?P<torch>\d{3,4})-(?P<backend>cu\d{3}|cpu)-(?P<device>\w+)(?P<compiled>-dynamo)?",
    re.ASCII,
)
_PRECISIONS = {"amp": "AMP", "amp_bf16": "AMP bfloat16", "bf16": "bfloat16", "fp32": "float32", "fp16": "float16"}
_LAYOUTS = {"nchw": "channels first", "nhwc": "channels last"}
_GEFORCE = re.compile(r"(?:rtx)?(\d{4})", re.ASCII)
_CORE = re.compile(r"(i\d)_(\w+)", re.ASCII)
_DEVICES = {"pro6000maxq": "RTX PRO 6000 Max-Q"}


def results_name(path: str) -> str:
    """Return what follows results- in the name of the results table at *path* ("real", "v2", "a-clean"); "" for others.

    The second ImageNet test set's table is named by its sampling too (imagenetv2-matched-frequency): "v2" alone.
    """
    match = _RESULTS.fullmatch(Path(path).stem)
    return match["version"] or match["name"] if match else ""


def accuracy_set(path: str) -> str:
    """Return the set of images that the accuracies in the table at *path* are of, "" where its name does not say."""
    return _SETS.get(results_name(path), "")


def joined_set(name: str) -> str:
    """Return the set of images that a joined accuracy, the column top1_*name*, is of: its own name if no set has it."""
    return _SETS.get(name.replace("_", "-"), name.replace("_", " "))


def compared_with(images: str) -> str:
    """Return what timm's differences in a table of accuracies on *images* (of accuracy_set) are differences to."""
    return f"{images} clean" if images in (_SETS["a"], _SETS["r"]) else _SETS["imagenet"]


def measured_on(source: str, family: str, parameters: float = nan, expected: float = nan) -> str:
    """Return *source*, of speed_source, with a remark where a model of *family* was not measured as it is published.

    timm's benchmarks of PyTorch 2.9.1, the only ones on some devices, rewrite some families for inference. Else the one
    measured is another if its *parameters* (in millions) are far from those *expected*; NaN where not known.
    """
    if family in _REPARAMETERISED and _REWRITTEN_ON.search(source):
        return f"{source}{_REMARK}the reparameterised model"
    ratio = parameters / expected
    is_another = ratio < 1 / _ANOTHER or ratio > _ANOTHER
    return f"{source}{_REMARK}a model with {parameters:g} M parameters" if source and is_another else source


def device_of(source: str) -> str:
    """Return *source*, of measured_on, without its remark."""
    return source.partition(_REMARK)[0]


def remarks(figure: str, sources: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a line on each remark in *sources* (a model's name, and where its *figure* was measured)."""
    names: dict[str, list[str]] = {}
    for name, source in sources:
        names.setdefault(source.partition(_REMARK)[2], []).append(name)
    yield from (f"{figure} of {few(models)} is of {remark}" for remark, models in names.items() if remark)


def speed_source(path: str) -> str:
    """Return the device, precision, layout and software that the benchmark at *path* was run with, in words.

    A name of another form is shown as it is, without its ending.
    """
    stem = Path(path).stem
    match = _BENCHMARK.fullmatch(stem)
    if match is None:
        return stem
    parts = [_device(match["device"]), _PRECISIONS.get(match["precision"], match["precision"])]
    parts += [_LAYOUTS[match["layout"]], f"PyTorch {_torch_version(match['torch'])}"]
    if match["backend"] != "cpu":
        digits = match["backend"].removeprefix("cu")
        parts.append(f"CUDA {digits[:-1]}.{digits[-1]}")
    if match["compiled"]:
        parts.append("torch.compile")
    return ", ".join(["training on " * (match["what"] == "train") + parts[0], *parts[1:]])


def _device(text: str) -> str:
    if geforce := _GEFORCE.fullmatch(text):
        return f"RTX {geforce[1]}"
    if core := _CORE.fullmatch(text):
        return f"Core {core[1]}-{core[2].upper()}"
    return _DEVICES.get(text, text)


def _torch_version(digits: str) -> str:
    """Return 1.13 of "113" and 2.9.1 of "291": PyTorch 1 came to minor versions of two digits, without patches here."""
    return f"1.{digits[1:]}" if digits.startswith("1") else ".".join([digits[0], digits[1:-1], digits[-1]])
