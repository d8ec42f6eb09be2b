"""Says what is known of every column: its kind, unit, decimals, which way is better, and its words for people.

An entry of COLUMNS is all that a new axis of the report, a column of pick's list or a limit of pick needs. Columns that
timm's tables and the joins name by a rule (infer_samples_per_sec, top1_real) have none: column_of knows the rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isnan
from typing import Literal, Self

from timm_sizes.tables.measured_on import joined_set

Better = Literal["smaller", "larger", ""]


class Kind(StrEnum):
    """What a column holds, and with it which way is better and how many decimals are shown.

    The report rounds a kind to ``report_decimals``: its figures are compared at a glance, pick's to the last digit.
    """

    better: Better
    decimals: int
    report_decimals: int

    def __new__(cls, value: str, better: Better = "", decimals: int = 3, report_decimals: int | None = None) -> Self:
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.better = better
        kind.decimals = decimals
        kind.report_decimals = decimals if report_decimals is None else report_decimals
        return kind

    TEXT = "text"  # never becomes a number, even where it looks like one
    SIZE = "size", "smaller", 2
    BYTES = "bytes", "smaller", 0
    MEMORY = "memory", "smaller", 2
    ACCURACY = "accuracy", "larger", 3, 2
    ERROR = "error", "smaller"
    SPEED = "speed", "larger", 1, 0
    TIME = "time", "smaller", 3, 1
    COMPUTE = "compute", "smaller", 2
    COUNT = "count", "smaller", 2
    # Neither is better: a larger image costs more and is seen better.
    IMAGE_SIZE = "image size", "", 0
    OTHER = "other"  # not known: numbers where all of it is numbers


# What people choose by, after which of a model's rows it is.
_DECIDING = (Kind.IMAGE_SIZE, Kind.SIZE, Kind.MEMORY, Kind.ACCURACY, Kind.SPEED, Kind.TIME)


LIST, AXIS = ("list",), ("axis",)
BOTH = (*LIST, *AXIS)


@dataclass(frozen=True)
class Column:
    """A column as people read it."""

    name: str
    kind: Kind
    label: str
    unit: str = ""
    # Where it is shown unless told otherwise: in pick's list, on an axis of the report.
    shown: tuple[str, ...] = ()
    # What pick's option that limits it ends with, and what its help says after "the largest" or "the least".
    limit: str = ""
    limited: str = ""
    # The columns of a table that this one is read from: the first of them that the table has.
    read_from: tuple[str, ...] = ()
    # The column of text that says what its figures are of: images, a device, a data type.
    basis: str = ""

    @property
    def header(self) -> str:
        """The label with its unit: Size (MB)."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def place(self) -> int:
        """Its place in a row, by how much it decides: the order of the report, and of what a narrow terminal keeps."""
        return _DECIDING.index(self.kind) if self.decides else len(_DECIDING) + (self.kind is not Kind.TEXT)

    @property
    def decides(self) -> bool:
        """Whether people choose a model by it."""
        return self.kind in _DECIDING

    @property
    def smaller_is_better(self) -> bool:
        """Whether less is better; False also where neither is."""
        return self.kind.better == "smaller"

    @property
    def option(self) -> str:
        """The option of pick that limits it, "" without ``limit``: --max-mb, --min-top1."""
        return f"--{'max' if self.smaller_is_better else 'min'}-{self.limit}" if self.limit else ""

    def text(self, value: float) -> str:
        """Return *value* as the report shows it, "" where it is not known."""
        return "" if isnan(value) else f"{value:,.{self.kind.report_decimals}f}"


# What timm's benchmark.py measures, as <pass>_<figure>, most useful first: what is deployed is inference.
PASSES = {"infer": "inference", "train": "training"}
BENCHMARK_COLUMNS = {
    name: tuple(f"{name}_{figure}" for figure in ("samples_per_sec", "batch_size", "gmacs", "macts")) for name in PASSES
}
SIZE_COLUMN = "model_size_in_mb"
DETAIL_COLUMNS = ("size_bytes", "size_mib", "size_file", "size_status", "hub_repo", "hub_revision", "dtype", "license")
MEMORY_COLUMNS = ("weights_mb", "activations_mb", "memory_mb", "memory_dtype", "memory_batch")
TRAINING_COLUMNS = ("training_memory_mb", "training_optimizer")
MAX_BATCH = "max_batch"
OF_MEMORY = (*MEMORY_COLUMNS, *TRAINING_COLUMNS, MAX_BATCH)  # they are of one wish, and go together
LATENCY_SOURCE = "latency_source"
LATENCY_COLUMNS = ("latency_ms", LATENCY_SOURCE)
ADDED_BY = {  # options of merge
    "--details": DETAIL_COLUMNS,
    "--memory": MEMORY_COLUMNS,
    "--training": TRAINING_COLUMNS,
    "--device-memory": (MAX_BATCH,),
    "--latency BENCHMARK": LATENCY_COLUMNS,
    "--speed BENCHMARK": ("speed_source", *BENCHMARK_COLUMNS["infer"], *BENCHMARK_COLUMNS["train"]),
}
PUBLISHED = frozenset(["size_mb", "status", "repo_id", "revision"])
PARAM_COUNT = "param_count"  # in millions
ACCURACY = "top1"
ACCURACY_SET, SPEED_SOURCE = "top1_set", "speed_source"
ACCURACY_PREFIX = f"{ACCURACY}_"

_IMAGE_SIZES = ("img_size", *(f"{name}_img_size" for name in PASSES))
_DTYPE = "memory_dtype"
_SPEEDS, _, _GMACS, _ = zip(*BENCHMARK_COLUMNS.values(), strict=True)

_SPEED_LIMIT = "speed in images a second on the device of speed_source (in models.csv a GPU; on its CPU: --max-latency)"

# In the order of pick's list, of its options, and of the report's axes.
COLUMNS = (
    Column("model", Kind.TEXT, "Model", shown=LIST),
    Column("size_mb", Kind.SIZE, "Size", "MB", BOTH, "mb", "size in MB (10^6 bytes)", basis="size_dtype"),
    Column(ACCURACY, Kind.ACCURACY, "Top-1", "%", LIST, "top1", "top-1 accuracy in percent", basis=ACCURACY_SET),
    Column("img_size", Kind.IMAGE_SIZE, "Input", "px", LIST, read_from=_IMAGE_SIZES),
    Column(PARAM_COUNT, Kind.COUNT, "Parameters", "M", BOTH, "params", "number of parameters in millions"),
    Column("gmacs", Kind.COMPUTE, "Compute", "GMACs", BOTH, "gmacs", "number of GMACs an image", ("gmacs", *_GMACS)),
    Column("speed", Kind.SPEED, "Speed", "images/s", BOTH, "speed", _SPEED_LIMIT, _SPEEDS, SPEED_SOURCE),
    Column("memory_mb", Kind.MEMORY, "Memory", "MB", AXIS, "memory", "weights and activations in MB", (), _DTYPE),
    Column("latency_ms", Kind.TIME, "Latency", "ms", BOTH, "latency", "time of one image in ms", basis=LATENCY_SOURCE),
    Column("weights_mb", Kind.MEMORY, "Weights", "MB"),
    Column("activations_mb", Kind.MEMORY, "Activations", "MB", AXIS),
    Column("license", Kind.TEXT, "Licence", shown=LIST),
    Column("status", Kind.TEXT, "Status"),
    Column("repo_id", Kind.TEXT, "Repo"),
    Column("revision", Kind.TEXT, "Commit"),
    Column("family", Kind.TEXT, "Family"),
    Column("checkpoint", Kind.TEXT, "Checkpoint"),
    Column("interpolation", Kind.TEXT, "Interpolation"),
    Column(SIZE_COLUMN, Kind.SIZE, "Size", "MB"),
    Column("size_bytes", Kind.BYTES, "Size", "bytes"),
    Column("size_mib", Kind.SIZE, "Size", "MiB"),
    Column("size_file", Kind.TEXT, "File"),
    Column("size_status", Kind.TEXT, "Status"),
    Column("hub_repo", Kind.TEXT, "Repo"),
    Column("hub_revision", Kind.TEXT, "Commit"),
    Column("dtype", Kind.TEXT, "Data type"),
    Column("best_under", Kind.TEXT, "Best under"),
    Column("size_dtype", Kind.TEXT, "Size for"),
    Column(_DTYPE, Kind.TEXT, "Memory for"),
    Column("memory_batch", Kind.OTHER, "Images"),
    Column("training_memory_mb", Kind.MEMORY, "Training memory", "MB", basis="training_optimizer"),
    Column("training_optimizer", Kind.TEXT, "Optimizer"),
    Column(MAX_BATCH, Kind.OTHER, "Largest batch", "images"),
    Column(ACCURACY_SET, Kind.TEXT, "Accuracy on"),
    Column(SPEED_SOURCE, Kind.TEXT, "Speed on"),
    Column(LATENCY_SOURCE, Kind.TEXT, "Latency on"),
    Column("crop_pct", Kind.OTHER, "Crop"),
    # The columns of SIZES_FILE that no table has: not shown as columns.
    Column("params", Kind.BYTES, "Elements"),
    *(Column(name, Kind.TEXT, name) for name in ("reason", "filename", "sha", "sha256", "source", "endpoint")),
    *(Column(name, Kind.TEXT, name) for name in ("last_modified", "gated", "fetched_at")),
)
_BY_NAME = {column.name: column for column in COLUMNS}
SIZE, SPEED, IMAGE_SIZE = _BY_NAME["size_mb"], _BY_NAME["speed"], _BY_NAME["img_size"]
LISTED = tuple(column for column in COLUMNS if "list" in column.shown)
AXES = tuple(column for column in COLUMNS if "axis" in column.shown)
LIMITS = {column.option: column for column in COLUMNS if column.limit}

# Columns of any other prefix, by their endings; those that an entry describes already, as it does.
_BY_ENDING = {
    "samples_per_sec": SPEED,
    "batch_size": Column("", Kind.OTHER, "Batch", "images"),
    "step_time": Column("", Kind.TIME, "Step time", "ms"),
    "gmacs": _BY_NAME["gmacs"],
    "macts": Column("", Kind.COMPUTE, "Activations", "M"),
    "img_size": IMAGE_SIZE,
    "param_count": _BY_NAME["param_count"],
    "size_mb": SIZE,
    "size_in_mb": SIZE,
    "size_mib": _BY_NAME["size_mib"],
    "size_in_mib": _BY_NAME["size_mib"],
    "size_bytes": _BY_NAME["size_bytes"],
}
# No more than letters, digits and a few signs: these names end up in headers and axis labels.
_ACCURACIES = re.compile(r"top([15])(?:_([A-Za-z0-9_.-]+))?", re.ASCII)
_LONGEST_LABEL = 40  # characters


def column_of(name: str) -> Column:
    """Return what is known of the column *name*: its entry, what its name says by a rule, or Kind.OTHER."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    base, _, ending = name.rpartition("_")
    if base and ending == "err":
        return Column(name, Kind.ERROR, f"{_accuracy_label(base) or base} error", "%")
    if base and ending == "diff":  # to ImageNet, of ImageNet-A and -R to the clean table
        return Column(name, Kind.OTHER, f"{_accuracy_label(base) or base} difference")
    if label := _accuracy_label(name):
        return Column(name, Kind.ACCURACY, label, "%")
    for text, column in _BY_ENDING.items():
        if name.endswith(text):
            measured = PASSES.get(name.removesuffix(f"_{text}"))
            label = f"{column.label}, {measured}" if measured else column.label
            return replace(column, name=name, label=label, read_from=(), shown=(), limit="")
    return Column(name, Kind.OTHER, name)


def is_text(name: str) -> bool:
    """Return whether the column *name* is text that never becomes a number, whatever it looks like."""
    return column_of(name).kind is Kind.TEXT


def is_accuracy(name: str) -> bool:
    """Return whether the column *name* is an accuracy: top1, top5, or one that was joined (top1_real)."""
    return column_of(name).kind is Kind.ACCURACY


def own_columns(columns: Sequence[str]) -> Set[str]:
    """Return the names of those of a table's *columns* that are no one's but ours: an earlier merge added them.

    A merged table has SIZE_COLUMN as its second one; the published models.csv has PUBLISHED. The others are told by the
    columns that only a merge writes together, so that a table's own licence, memory or speed (a benchmark has image
    sizes for it) is never among them.
    """
    is_published = {*columns} >= PUBLISHED
    if list(columns[1:2]) != [SIZE_COLUMN] and not is_published:
        return frozenset()
    own = {SIZE_COLUMN, ACCURACY_SET}
    own |= {name for name in columns if name.startswith(ACCURACY_PREFIX) and is_accuracy(name)}
    own |= {*PUBLISHED, "speed", "gmacs"} if is_published else set()
    together = {
        DETAIL_COLUMNS: DETAIL_COLUMNS,
        ("weights_mb", "memory_mb", "memory_dtype"): OF_MEMORY,
        LATENCY_COLUMNS: LATENCY_COLUMNS,
    }
    own |= {name for these, group in together.items() if {*these} <= {*columns} for name in group}
    if SPEED_SOURCE in columns:
        own.add(SPEED_SOURCE)
        for measured in PASSES:
            if f"{measured}_img_size" not in columns:
                # Merges wrote the step time until they wrote the batch size that it is of.
                own |= {*BENCHMARK_COLUMNS[measured], f"{measured}_step_time"}
    return own & {*columns}


def _accuracy_label(name: str) -> str:
    """Return the label of the accuracy *name*, "" if its name is not one's."""
    match = _ACCURACIES.fullmatch(name)
    if match is None:
        return ""
    images = joined_set(match[2]).partition(" (")[0][:_LONGEST_LABEL] if match[2] else ""
    return f"{images} top-{match[1]}" if images else f"Top-{match[1]}"
