"""What the names of timm's tables say of their figures."""

from __future__ import annotations

import pytest

from timm_sizes.tables.measured_on import accuracy_set, speed_source

# The names in pytorch-image-models, results/, but for their common beginning and end.
BENCHMARKS = {
    "infer-amp-nchw-pt113-cu117-rtx3090": "RTX 3090, AMP, channels first, PyTorch 1.13, CUDA 11.7",
    "infer-amp-nchw-pt210-cu121-rtx3090": "RTX 3090, AMP, channels first, PyTorch 2.1.0, CUDA 12.1",
    "infer-amp-nchw-pt240-cu124-rtx3090": "RTX 3090, AMP, channels first, PyTorch 2.4.0, CUDA 12.4",
    "infer-amp-nchw-pt240-cu124-rtx4090-dynamo": (
        "RTX 4090, AMP, channels first, PyTorch 2.4.0, CUDA 12.4, torch.compile"
    ),
    "infer-amp-nchw-pt240-cu124-rtx4090": "RTX 4090, AMP, channels first, PyTorch 2.4.0, CUDA 12.4",
    "infer-amp-nchw-pt291-cu128-4090-dynamo": "RTX 4090, AMP, channels first, PyTorch 2.9.1, CUDA 12.8, torch.compile",
    "infer-amp-nchw-pt291-cu128-4090": "RTX 4090, AMP, channels first, PyTorch 2.9.1, CUDA 12.8",
    "infer-amp-nchw-pt291-cu130-5090-dynamo": "RTX 5090, AMP, channels first, PyTorch 2.9.1, CUDA 13.0, torch.compile",
    "infer-amp-nchw-pt291-cu130-5090": "RTX 5090, AMP, channels first, PyTorch 2.9.1, CUDA 13.0",
    "infer-amp-nchw-pt291-cu130-pro6000maxq-dynamo": (
        "RTX PRO 6000 Max-Q, AMP, channels first, PyTorch 2.9.1, CUDA 13.0, torch.compile"
    ),
    "infer-amp-nchw-pt291-cu130-pro6000maxq": "RTX PRO 6000 Max-Q, AMP, channels first, PyTorch 2.9.1, CUDA 13.0",
    "infer-amp-nhwc-pt113-cu117-rtx3090": "RTX 3090, AMP, channels last, PyTorch 1.13, CUDA 11.7",
    "infer-amp-nhwc-pt210-cu121-rtx3090": "RTX 3090, AMP, channels last, PyTorch 2.1.0, CUDA 12.1",
    "infer-amp-nhwc-pt240-cu124-rtx3090": "RTX 3090, AMP, channels last, PyTorch 2.4.0, CUDA 12.4",
    "infer-amp-nhwc-pt240-cu124-rtx4090": "RTX 4090, AMP, channels last, PyTorch 2.4.0, CUDA 12.4",
    "infer-amp_bf16-nchw-pt291-cu130-pro6000maxq-dynamo": (
        "RTX PRO 6000 Max-Q, AMP bfloat16, channels first, PyTorch 2.9.1, CUDA 13.0, torch.compile"
    ),
    "infer-bf16-nchw-pt291-cu130-pro6000maxq-dynamo": (
        "RTX PRO 6000 Max-Q, bfloat16, channels first, PyTorch 2.9.1, CUDA 13.0, torch.compile"
    ),
    "infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo": (
        "Core i9-10940X, float32, channels first, PyTorch 2.2.1, torch.compile"
    ),
    "infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo": (
        "Core i7-12700H, float32, channels first, PyTorch 2.4.0, torch.compile"
    ),
    "infer-fp32-nchw-pt240-cpu-i9_10940x-dynamo": (
        "Core i9-10940X, float32, channels first, PyTorch 2.4.0, torch.compile"
    ),
    "train-amp-nchw-pt112-cu113-rtx3090": "training on RTX 3090, AMP, channels first, PyTorch 1.12, CUDA 11.3",
    "train-amp-nhwc-pt112-cu113-rtx3090": "training on RTX 3090, AMP, channels last, PyTorch 1.12, CUDA 11.3",
}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmarks_name_says_what_it_was_measured_on(name: str) -> None:
    assert speed_source(f"results/benchmark-{name}.csv") == BENCHMARKS[name]


def test_another_name_is_shown_as_it_is() -> None:
    assert speed_source("my/phone-2026.csv") == "phone-2026"
    assert speed_source("benchmark-infer-amp-nchw-pt291-npu9-x.csv") == "benchmark-infer-amp-nchw-pt291-npu9-x"


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("results-imagenet.csv", "ImageNet"),
        ("output/results-imagenet-real.csv", "ImageNet-ReaL"),
        ("results-imagenetv2-matched-frequency.csv", "ImageNetV2"),
        ("results-imagenet-a.csv", "ImageNet-A"),
        ("results-imagenet-a-clean.csv", "ImageNet-A clean (ImageNet's own images of its classes)"),
        ("results-imagenet-r.csv", "ImageNet-R"),
        ("results-imagenet-r-clean.csv", "ImageNet-R clean (ImageNet's own images of its classes)"),
        ("results-sketch.csv", "ImageNet-Sketch"),
        ("real.csv", ""),
        ("my-results.csv", ""),
        ("standard input", ""),
    ],
)
def test_a_results_tables_name_says_which_images(name: str, images: str) -> None:
    assert accuracy_set(name) == images
