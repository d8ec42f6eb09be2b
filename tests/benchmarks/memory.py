"""Measures on this CPU the memory that timm_sizes computes: ``python -m tests.benchmarks.memory [FIGURE …]``.

It needs torch and timm on top of requirements.txt (pip install torch timm) and measures every row of
tests/names/measured_memory.csv that is of a CPU and of FIGURE again, all of them in some 10 minutes: the weights of a
model as it is built, its activations in a forward pass in eval mode, or its gradients with a forward and a backward
pass in train mode that adds to them. A line without measured_bytes is a model to be measured.

Each model has random weights and does its first pass; PyTorch's profiler reports what was allocated and freed in it.
Convolutions take workspaces on a CPU: oneDNN's hold weights and activations in another order, those of PyTorch's own
kernels the input's columns. They are told from tensors by who took them, and are in ``with_workspaces_bytes`` only.

Where computed and measured figures differ: convnext_xxlarge (0.81) has 75 MB of a convolution's weights copied into the
order of its input, which PyTorch does before oneDNN and so counts as a tensor. In training the peak is the backward
pass's, whose own tensors are not computed, and no kernel for CPUs takes an attention bias that is trained (beit).
"""

from __future__ import annotations

import csv
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # before torch: else its profiler logs every start

import timm
import torch
from torch._C._profiler import _EventType
from torch.profiler import ProfilerActivity, profile

from tests.names.measured import FILE as DATA_FILE
from tests.names.measured import errors
from timm_sizes.files import write_atomically
from timm_sizes.names.generate.memory import build_at

CPU = "CPU, PyTorch's profiler"


def main() -> None:
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    figures = sys.argv[1:] or ["weights", "activations", "training"]
    with DATA_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["source"] == CPU and row["figure"] in figures:
            measured, with_workspaces = measure(row["figure"], row["architecture"], *sizes(row))
            row |= {"measured_bytes": str(measured), "with_workspaces_bytes": str(with_workspaces)}
            print(f"{row['figure']} of {row['architecture']}: {measured / 10**6:.2f} MB", flush=True)
            write(rows)
    print(errors())


def sizes(row: dict[str, str]) -> tuple[int, int]:
    """Return the image size in *row*, and how many images a pass has."""
    return int(row["img_size"]), int(row["images"])


def write(rows: list[dict[str, str]]) -> None:
    """Put *rows* in place."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(DATA_FILE, [text.getvalue()])


def measure(figure: str, name: str, img_size: int, images: int) -> tuple[int, int]:
    """Return the bytes that *figure* of the model *name* took: in tensors, and in all."""
    if figure == "weights":
        # Kept, so that nothing of it is freed before the profile ends.
        models: list[torch.nn.Module] = []
        events = profiled(lambda: models.append(build_at(name, img_size, timm.create_model)))
        held = sum(event.extra_fields.alloc_size for event in events)
        return held, held
    model = build_at(name, img_size, timm.create_model)
    if figure == "activations":
        model.eval()
        with torch.no_grad():
            events = profiled(lambda: model(torch.rand(images, 3, img_size, img_size)))
    else:
        model.train()

        def step() -> None:
            for parameter in model.parameters():
                parameter.grad = torch.zeros_like(parameter)
            model(torch.rand(images, 3, img_size, img_size)).sum().backward()

        events = profiled(step)
    return peak(event for event in events if not is_workspace(event)), peak(events)


def profiled(work: Callable[[], Any]) -> list[Any]:
    """Return what *work* allocated and freed, in order; what was freed has a size below 0."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiling:
        work()
    # The tree is not among the documented ways to read a profile; it alone says which operator took the memory.
    events = walk(profiling.profiler.kineto_results.experimental_event_tree())
    return sorted(events, key=lambda event: event.start_time_ns)


def walk(events: Iterable[Any]) -> Iterator[Any]:
    """Yield what was allocated and freed below *events*."""
    for event in events:
        if event.tag == _EventType.Allocation:
            yield event
        yield from walk(event.children)


def is_workspace(event: Any) -> bool:
    """Return whether a convolution took it for itself: oneDNN directly, PyTorch's own for the input's columns."""
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
