"""Sets the memory that was measured on devices (measured_memory.csv) beside what the package computes.

``python -m tests.names.measured`` prints how far the two are apart, as timm_sizes/README.md has it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from statistics import median

from timm_sizes.names.catalogue import entry_of
from timm_sizes.tables.memory import Memory, memory_of

FILE = Path(__file__).with_name("measured_memory.csv")
Row = dict[str, str]


def rows() -> list[Row]:
    """Return the measurements."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def computed(row: Row) -> int:
    """Return the bytes that the package computes for the figure in *row*.

    Training was measured with the gradients, and without an optimizer; on the CPU without the weights, by others on a
    GPU with the weights and without the gradients.
    """
    wanted = Memory(batch=int(row["images"]), optimizer="none")
    footprint = memory_of(row["architecture"], int(row["img_size"]), None, wanted)
    entry = entry_of(row["architecture"])
    assert entry is not None
    assert footprint.weights is not None
    assert footprint.activations is not None
    assert footprint.training_total is not None
    return {
        "weights": footprint.weights,
        "activations": footprint.activations,
        "inference": footprint.weights + footprint.activations,
        "training": footprint.training_total - footprint.weights,
        "kept and weights": footprint.training_total - 4 * entry.params,
    }[row["figure"]]


def errors() -> str:
    """Return, for each figure, number of images and device, how far the computed figures are off, as Markdown rows.

    The median, the lowest and the highest are of computed / measured.
    """
    ratios: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows():
        key = row["figure"], row["images"], row["source"].partition(",")[0]
        ratios[key].append(computed(row) / int(row["measured_bytes"]))
    return "\n".join(
        f"| {' | '.join(key)} | {len(found)} | {median(found):.3f} | {min(found):.3f} | {max(found):.3f} |"
        for key, found in sorted(ratios.items())
    )


if __name__ == "__main__":
    print(errors())
