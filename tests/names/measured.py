"""Sets the memory that was measured on devices (measured_memory.csv) beside what the package computes.

``python -m tests.names.measured`` writes how far the two are apart: names/data/memory_errors.csv.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from statistics import median

from timm_sizes.names.catalogue import entry_of
from timm_sizes.names.generate.data_files import write_rows
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


def expected_errors(measured: list[Row]) -> list[Row]:
    """Return, for each figure, number of images and device, how far the computed figures are off.

    ``median`` and ``lowest`` to ``highest`` are of computed / measured.
    """
    ratios: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in measured:
        key = row["figure"], row["images"], row["source"].partition(",")[0]
        ratios[key].append(computed(row) / int(row["measured_bytes"]))
    return [
        {
            "figure": figure,
            "images": images,
            "device": device,
            "models": str(len(found)),
            **{
                name: f"{value:.3f}"
                for name, value in (("median", median(found)), ("lowest", min(found)), ("highest", max(found)))
            },
        }
        for (figure, images, device), found in sorted(ratios.items())
    ]


def write_errors() -> None:
    """Write the expected errors where the package has them."""
    found = expected_errors(rows())
    write_rows("memory_errors.csv", list(found[0]), found)


if __name__ == "__main__":
    write_errors()
