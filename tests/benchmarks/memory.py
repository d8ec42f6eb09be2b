"""Measures on this CPU the memory that timm_sizes.names.activations computes: ``python -m tests.benchmarks.memory``.

It needs torch and timm on top of requirements.txt (pip install torch timm) and takes some minutes. Each model has
random weights and does one forward pass, its first, at batch size 1; PyTorch's profiler reports what was allocated and
freed in it. The smallest model of every family is measured, and some that are known for large activations.

Convolutions take workspaces on a CPU: oneDNN's hold weights and activations in another order, those of PyTorch's own
kernels the input's columns. They are told from tensors by who took them, and are in ``with_workspaces_bytes`` only.

Where computed and measured figures differ: convnext_xxlarge (0.81) has 75 MB of a convolution's weights copied into the
order of its input, which PyTorch does before oneDNN and so counts as a tensor; tiny_vit (0.88) gives its attention a
mask of three dimensions, which the kernel for CPUs does not take; nest (0.93) has attention of five dimensions, which
no kernel takes, and PyTorch then makes a mask of its own.
"""

from __future__ import annotations

import csv
import io
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from timm_sizes.files import write_atomically
from timm_sizes.names.architecture import family

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # before torch: else its profiler logs every start

try:
    import timm  # type: ignore[import-not-found, unused-ignore]
    import torch  # type: ignore[import-not-found, unused-ignore]
    from torch._C._profiler import _EventType  # type: ignore[import-not-found, unused-ignore]
    from torch.profiler import ProfilerActivity, profile  # type: ignore[import-not-found, unused-ignore]

    from timm_sizes.names.activations import Pair, activation_bytes, build, read_figures
except ImportError as missing:
    if __name__ != "__main__":
        raise
    print(f"memory.py needs torch and timm (pip install torch timm): {missing}", file=sys.stderr)
    sys.exit(2)

DATA_FILE = Path(__file__).parents[1] / "names" / "measured_activations.csv"
COLUMNS = ("architecture", "img_size", "computed_bytes", "measured_bytes", "with_workspaces_bytes")
LARGE: tuple[Pair, ...] = (
    ("beit_base_patch16_384", 384),
    ("coatnet_rmlp_2_rw_384", 384),
    ("convnext_base", 384),
    ("convnext_xxlarge", 256),
    ("deit3_base_patch16_384", 384),
    ("efficientnet_b4", 384),
    ("eva02_large_patch14_448", 448),
    ("maxvit_base_tf_384", 384),
    ("nfnet_f1", 320),
    ("resnet152", 288),
    ("swin_base_patch4_window12_384", 384),
    ("tf_efficientnetv2_m", 480),
    ("vit_base_patch16_384", 384),
    ("vit_large_patch16_rope_mixed_ape_224", 224),
    ("xcit_small_12_p8_384", 384),
)


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    rows = []
    for name, img_size in sorted({*smallest_of_each_family(read_figures()), *LARGE}):
        computed = activation_bytes(name, img_size)
        measured, with_workspaces = measured_bytes(name, img_size)
        rows.append((name, img_size, computed, measured, with_workspaces))
        print(f"{name} at {img_size}: {computed / 10**6:.2f} MB, {computed / measured:.3f} of measured", flush=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    write_atomically(DATA_FILE, [text.getvalue()])
    ratios = sorted((row[2] / row[3] for row in rows), key=lambda ratio: abs(ratio - 1))
    near = sum(abs(ratio - 1) <= 0.15 for ratio in ratios) / len(ratios)
    families = len({family(row[0]) for row in rows})
    print(f"{len(rows)} models of {families} families: median {median(ratios):.3f}, worst {ratios[-1]:.3f}")
    print(f"{near:.1%} of the models are within 15 %")


def smallest_of_each_family(figures: dict[Pair, int]) -> Iterable[Pair]:
    """Return, of each family in *figures*, the architecture and size that take least; timm's own toys are none."""
    smallest: dict[str, Pair] = {}
    for pair in sorted(figures, key=lambda pair: (figures[pair], pair)):
        if not pair[0].startswith("test_"):
            smallest.setdefault(family(pair[0]), pair)
    return smallest.values()


def measured_bytes(name: str, img_size: int) -> tuple[int, int]:
    """Return the peaks of one forward pass without the weights: of the tensors, and of all that was allocated."""
    model = build(name, img_size, timm.create_model).eval()
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        model(torch.rand(1, 3, img_size, img_size))
    # The tree is not among the documented ways to read a profile; it alone says which operator took the memory.
    events = sorted(
        (event for event in walk(profiled.profiler.kineto_results.experimental_event_tree())),
        key=lambda event: event.start_time_ns,
    )
    return peak(event for event in events if not is_workspace(event)), peak(events)


def walk(events: Iterable[Any]) -> Iterator[Any]:
    """Yield the allocations below *events*; what was freed counts as one of a size below 0."""
    for event in events:
        if event.tag == _EventType.Allocation:
            yield event
        yield from walk(event.children)


def is_workspace(event: Any) -> bool:
    """Tell whether a convolution took the memory for itself: oneDNN directly, PyTorch's own for the input's columns."""
    if event.extra_fields.alloc_size < 0 or event.parent is None:
        return False
    taker = event.parent
    if taker.name == "aten::empty" and taker.parent is not None:
        return "slow_conv" in taker.parent.name  # their results come from aten::resize_
    return "mkldnn" in taker.name


def peak(events: Iterable[Any]) -> int:
    """Return the most bytes that were taken at once; what was there before, as the weights, counts nothing."""
    live: dict[int, int] = {}
    total = most = 0
    for event in events:
        address, size = event.extra_fields.ptr, event.extra_fields.alloc_size
        if size > 0:
            live[address] = size
            total += size
            most = max(most, total)
        else:
            total -= live.pop(address, 0)
    return most


if __name__ == "__main__":
    main()
