"""The data files against the models that timm builds; skipped where timm and torch are not installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec

import pytest

from timm_sizes.names.catalogue import TIMM_VERSION
from timm_sizes.names.generate.data_files import read_rows

IS_INSTALLED = find_spec("timm") is not None and find_spec("torch") is not None
needs_timm = pytest.mark.skipif(not IS_INSTALLED, reason="timm and torch are not installed")

# Of eight families, each with something of its own: BatchNorm, attention biases, windows, standardised weights, dropped
# paths, squeeze and excitation, a mask of three dimensions, attention of five.
SMALL = [
    ("resnet18", 224),
    ("levit_128s", 224),
    ("swin_tiny_patch4_window7_224", 224),
    ("resnetv2_50x1_bit", 224),
    ("convnext_atto", 224),
    ("efficientnet_b0", 224),
    ("tiny_vit_5m_224", 224),
    ("hiera_tiny_224", 224),
]


@needs_timm
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "img_size"), SMALL)
def test_a_built_model_has_the_weights_peaks_and_kept_tensors_of_the_data(name: str, img_size: int) -> None:
    from timm_sizes.names.generate.memory import memory_row

    if version("timm") != TIMM_VERSION:
        pytest.skip(f"the data is of timm {TIMM_VERSION}")
    rows = {(row["architecture"], row["img_size"]): row for row in read_rows("memory.csv")}
    assert memory_row(name, img_size) == rows[name, str(img_size)]


@needs_timm
@pytest.mark.filterwarnings("ignore")
def test_the_catalogues_rows_are_those_that_timm_gives() -> None:
    import timm

    from timm_sizes.names.generate.checkpoints import checkpoint_rows, name_rows

    if version("timm") != TIMM_VERSION:
        pytest.skip(f"the data is of timm {TIMM_VERSION}")
    models = timm.list_pretrained()
    assert sorted(name_rows(set(models)), key=lambda row: row["name"]) == read_rows("names.csv")
    some = [model for model in models if model.partition(".")[0] in dict(SMALL)]
    rows = {row["model"]: row for row in read_rows("checkpoints.csv")}
    assert list(checkpoint_rows(some)) == [rows[model] for model in some]


@pytest.mark.skipif(IS_INSTALLED, reason="timm and torch are installed")
def test_without_torch_the_generator_says_what_to_install() -> None:
    command = [sys.executable, "-m", "timm_sizes.names.generate"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "timm is not installed: pip install torch timm\n")
