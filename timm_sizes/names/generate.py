"""Make checkpoints.csv and names.csv from the timm that is installed: ``python -m timm_sizes.names.generate``.

It needs torch and timm, which nothing else here does. No weights are downloaded: the models are built without memory
for their tensors, and the size of a checkpoint follows from the names and shapes in its state dict.
"""

from __future__ import annotations

import csv
import json
import sys
import warnings
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

try:
    import timm  # type: ignore[import-not-found, unused-ignore]
    import torch  # type: ignore[import-not-found, unused-ignore]
    from timm.models import get_deprecated_models  # type: ignore[import-not-found, unused-ignore]
except ImportError as missing:
    if __name__ != "__main__":
        raise
    print(f"generate.py needs torch and timm (pip install torch timm): {missing}", file=sys.stderr)
    sys.exit(2)

DATA = Path(__file__).parent / "data"
CHECKPOINT_COLUMNS = ("model", "repo_id", "license", "params", "dtype", "size_bytes", "size_basis")
NAME_COLUMNS = ("name", "model", "kind")

# The safetensors names of the dtypes that timm's state dicts hold.
DTYPE_NAMES = {torch.float32: "F32", torch.int64: "I64"}
HEADER_ALIGNMENT = 8

DISPLAY_UNITS = {"kB": 10**3, "MB": 10**6, "GB": 10**9}
# Under this a difference may be the pickle's own overhead and the three digits; above it other tensors were published.
DISPLAY_TOLERANCE = Decimal("0.02")


def main() -> int:
    """Write both files and return the exit status."""
    warnings.filterwarnings("ignore", module="timm")
    models = timm.list_pretrained()
    write_table("checkpoints.csv", CHECKPOINT_COLUMNS, checkpoint_rows(models))
    write_table("names.csv", NAME_COLUMNS, name_rows(set(models)))
    return 0


def checkpoint_rows(models: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the catalogue's row of each model; one that cannot be built keeps its row of the last run."""
    previous = {row["model"]: row for row in read_table("checkpoints.csv")}
    displayed = {row["model"]: display_bytes(row["displayed_size"]) for row in read_table("displayed_2024_03.csv")}
    for model in models:
        try:
            yield checkpoint_row(model, displayed.get(model))
        except Exception as error:  # noqa: BLE001 - whatever a model's constructor may raise
            kept = previous.get(model)
            print(f"{model}: {'keeps its previous row' if kept else 'left out'}, {error!r}", file=sys.stderr)
            if kept:
                yield kept


def checkpoint_row(model: str, displayed: int | None) -> dict[str, str]:
    """Return the row of *model*, whose pytorch_model.bin the Hub displayed with *displayed* bytes (None: not known)."""
    tensors = state_dict(model)
    parameters = [tensor for tensor in tensors.values() if isinstance(tensor, torch.nn.Parameter)]
    size, basis = choose_size(safetensors_bytes(tensors), displayed)
    return {
        "model": model,
        "repo_id": timm.get_pretrained_cfg_value(model, "hf_hub_id") or "",
        "license": timm.get_pretrained_cfg_value(model, "license") or "",
        "params": str(sum(parameter.numel() for parameter in parameters)),
        "dtype": DTYPE_NAMES[parameters[0].dtype],
        "size_bytes": str(size),
        "size_basis": basis,
    }


def state_dict(model: str) -> dict[str, torch.Tensor]:
    """Return the tensors that a checkpoint of *model* holds, each once, without their data wherever that works.

    ``create_model`` takes the number of classes and the input channels from the pretrained cfg, as for loading.
    """
    try:
        with torch.device("meta"):
            module = timm.create_model(model, pretrained=False)
    except (NotImplementedError, RuntimeError):  # a constructor that reads a tensor's values
        module = timm.create_model(model, pretrained=False)
    unique: dict[int, tuple[str, torch.Tensor]] = {}
    # keep_vars: without it every entry is a new object, and shared tensors could not be told.
    for name, tensor in sorted(module.state_dict(keep_vars=True).items()):
        unique.setdefault(id(tensor), (name, tensor))
    return dict(unique.values())


def safetensors_bytes(tensors: dict[str, torch.Tensor]) -> int:
    """Return the bytes of a safetensors file with *tensors*: 8 for the header's length, the header, the data.

    Layout of the safetensors library (``prepare`` in safetensors/src/tensor.rs): the larger dtypes come first, then the
    order of the names; the header is compact JSON, padded with spaces to a multiple of 8. It has no ``__metadata__``:
    timm saves without (``save_for_hf`` in timm/models/_hub.py), and so does every file of theirs that we know.
    """
    header: dict[str, object] = {}
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])):
        start, end = end, end + tensor.numel() * tensor.dtype.itemsize
        header[name] = {"dtype": DTYPE_NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [start, end]}
    length = len(json.dumps(header, separators=(",", ":")))
    return 8 + length + -length % HEADER_ALIGNMENT + end


def display_bytes(text: str) -> int:
    """Return the bytes that the Hub's display means: ``1.22 GB`` is 1 220 000 000, decimal and three digits."""
    number, unit = text.split()
    return int(Decimal(number) * DISPLAY_UNITS[unit])


def choose_size(computed: int, displayed: int | None) -> tuple[int, str]:
    """Return the better estimate in bytes, and its basis: what the Hub displayed wins where the two really differ.

    They do where the published checkpoint has other tensors than today's model definition (some swin, swinv2, beit and
    flexivit); the display has three digits, so elsewhere the computed figure is the finer one.
    """
    if displayed is not None and abs(displayed - computed) > DISPLAY_TOLERANCE * computed:
        return displayed, "displayed"
    return computed, "computed"


def name_rows(models: set[str]) -> Iterator[dict[str, str]]:
    """Yield what each architecture and each deprecated name stands for among *models*; "" where that is nothing.

    ``list_models`` leaves the deprecated names out, and registering a deprecation removes an architecture of the same
    name (timm/models/_registry.py), so no name comes twice.
    """
    defaults = {architecture: default_model(architecture, models) for architecture in timm.list_models()}
    for architecture, model in defaults.items():
        yield {"name": architecture, "model": model, "kind": "default"}
    for old_name, current in get_deprecated_models().items():
        model = defaults.get(current, current) if current else ""
        yield {"name": old_name, "model": completed(model, models), "kind": "deprecated"}


def default_model(architecture: str, models: set[str]) -> str:
    """Return the pretrained name that ``create_model(architecture, pretrained=True)`` loads, or "" for none."""
    cfg = timm.get_pretrained_cfg(architecture)
    model = f"{architecture}.{cfg.tag}" if cfg and cfg.tag else architecture
    return model if model in models else ""


def completed(model: str, models: set[str]) -> str:
    """Return *model* with the end of its tag, which timm 1.0.31 lacks in two deprecations (.sam for .sam_in1k)."""
    longer = [candidate for candidate in models if candidate.startswith(f"{model}_")]
    return longer[0] if model and model not in models and len(longer) == 1 else model


def read_table(filename: str) -> list[dict[str, str]]:
    """Return the rows of one of our files, none if it is not there yet."""
    path = DATA / filename
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_table(filename: str, columns: tuple[str, ...], rows: Iterable[dict[str, str]]) -> None:
    """Write *rows*, sorted by the first column, and put the file in place only when it is whole."""
    path = DATA / filename
    temporary = path.with_suffix(".tmp")
    ordered = sorted(rows, key=lambda row: row[columns[0]])
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(ordered)
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
