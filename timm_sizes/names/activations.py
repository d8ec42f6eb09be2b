"""Make data/activations.csv from the timm that is installed: ``python -m timm_sizes.names.activations TABLE…``.

It needs torch and timm, which nothing else here does. For every architecture and image size of the benchmark tables
(CSV) it computes the memory that one forward pass takes beside the weights: the peak of the live tensors, the input
among them, at batch size 1, in float32, in eval mode and without gradients. The passes run on the meta device, where
tensors have shapes and no data: a fraction of a second each, and no weights are downloaded. The file is saved every
now and then, and the next run goes on from there. timm 1.0.31 and torch 2.14 made the one that is committed.

Counted is what the operators return. What a library takes inside of one is not: reordered weights, the columns of a
convolution's input, cuDNN's workspaces. tests/benchmarks/memory.py measures the same on a real device.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import warnings
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from timm_sizes.files import write_atomically
from timm_sizes.names.architecture import architecture

try:
    import timm  # type: ignore[import-not-found, unused-ignore]
    import torch  # type: ignore[import-not-found, unused-ignore]
    from torch._prims_common import suggest_memory_format  # type: ignore[import-not-found, unused-ignore]
    from torch.nn.functional import (  # type: ignore[import-not-found, unused-ignore]
        linear,
        scaled_dot_product_attention,
    )
    from torch.overrides import TorchFunctionMode  # type: ignore[import-not-found, unused-ignore]
    from torch.utils._python_dispatch import TorchDispatchMode  # type: ignore[import-not-found, unused-ignore]
    from torch.utils._pytree import tree_leaves  # type: ignore[import-not-found, unused-ignore]
except ImportError as missing:
    if __name__ != "__main__":
        raise
    print(f"activations.py needs torch and timm (pip install torch timm): {missing}", file=sys.stderr)
    sys.exit(2)

DATA_FILE = Path(__file__).parent / "data" / "activations.csv"
COLUMNS = ("architecture", "img_size", "activation_bytes")
SIZE_COLUMNS = ("img_size", "infer_img_size", "train_img_size")
SAVE_EVERY = 50

# What these operators copy first on a real device, a CPU as well as CUDA: an input that is laid out in another way.
LAYOUTS: dict[Any, Callable[[torch.Tensor], torch.memory_format]] = {
    torch.ops.aten._softmax.default: lambda _: torch.contiguous_format,
    torch.ops.aten.native_layer_norm.default: lambda _: torch.contiguous_format,
    torch.ops.aten.convolution.default: suggest_memory_format,
    torch.ops.aten.max_pool2d_with_indices.default: suggest_memory_format,
}

Pair = tuple[str, int]


def main() -> int:
    """Compute what DATA_FILE lacks, save it every now and then, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m timm_sizes.names.activations", description=main.__doc__)
    parser.add_argument("tables", nargs="+", type=Path, metavar="TABLE", help="a benchmark table, CSV")
    parser.add_argument("--all", action="store_true", help="compute again what the file has")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    wanted = {pair for table in arguments.tables for pair in pairs(table)}
    unknown = {name for name, _ in wanted if not timm.is_model(name)}
    print(f"Not among the models of timm {timm.__version__}: {', '.join(sorted(unknown)) or 'none'}", flush=True)
    figures = {} if arguments.all else read_figures()
    todo = sorted(pair for pair in wanted - figures.keys() if pair[0] not in unknown)
    left_out = 0
    for number, (name, img_size) in enumerate(todo, start=1):
        try:
            figures[name, img_size] = activation_bytes(name, img_size)
        except Exception as error:  # noqa: BLE001 - whatever a model may raise
            left_out += 1
            reason = str(error).partition("\n")[0]
            print(f"{name} at {img_size} is left out: {type(error).__name__}: {reason}", file=sys.stderr, flush=True)
        if number % SAVE_EVERY == 0 or number == len(todo):
            write_figures(figures)
            print(f"{number} of {len(todo)} done", flush=True)
    print(f"{DATA_FILE.name} has {len(figures)} figures; {left_out} are left out")
    return 0


def pairs(table: Path) -> set[Pair]:
    """Return each architecture in *table* with each of its image sizes; a table without sizes has none."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        (architecture(row["model"]), int(float(size)))
        for row in rows
        for column in SIZE_COLUMNS
        if (size := row.get(column))
    }


def activation_bytes(name: str, img_size: int) -> int:
    """Return the peak of live tensors in one forward pass of the architecture *name*, without its weights."""
    model = build(name, img_size, create_on_meta).eval()
    live = LiveTensors([*model.parameters(), *model.buffers()])
    with torch.no_grad(), AsOnDevice(), live:
        model(torch.empty(1, 3, img_size, img_size, device="meta"))
    return live.peak


def build(name: str, img_size: int, create: Callable[..., Any]) -> Any:
    """Return the model *name* from *create*, with as many classes as its default configuration has.

    Some are made for one image size and have to be told it; the others know no such argument.
    """
    try:
        return create(name, img_size=img_size)
    except TypeError as error:
        if "img_size" not in str(error):
            raise
        return create(name)


def create_on_meta(name: str, **arguments: Any) -> Any:
    """Return the model *name*, built without memory for its tensors wherever that works."""
    try:
        with torch.device("meta"):
            return timm.create_model(name, **arguments)
    except (NotImplementedError, RuntimeError):  # a constructor that reads a tensor's values
        return timm.create_model(name, **arguments).to("meta")


class LiveTensors(TorchDispatchMode):  # type: ignore[misc, no-untyped-call, unused-ignore]
    """Counts the bytes of the storages that operators make, each once and until it dies; ``peak`` is the most."""

    def __init__(self, weights: Iterable[torch.Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.peak = 0
        self._live = 0
        # A storage's address: a view of the weights shares theirs, and is none of the activations.
        self._known = {tensor.untyped_storage()._cdata for tensor in weights}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operator and count what it returns."""
        if func in LAYOUTS:
            laid_out = args[0].contiguous(memory_format=LAYOUTS[func](args[0]))
            self._count(laid_out)
            args = (laid_out, *args[1:])
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self._count(leaf)
        self.peak = max(self.peak, self._live)
        return result

    def _count(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        address, size = storage._cdata, storage.nbytes()
        if address not in self._known:
            self._known.add(address)
            self._live += size
            weakref.finalize(storage, self._discount, address, size)

    def _discount(self, address: int, size: int) -> None:
        self._known.discard(address)
        self._live -= size


class AsOnDevice(TorchFunctionMode):  # type: ignore[misc, no-untyped-call, unused-ignore]
    """Does two functions as a real device does them; the meta device, or a mode that looks on, takes another way."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Stand in for ``scaled_dot_product_attention`` and ``linear``, and call anything else."""
        if func is scaled_dot_product_attention and is_fused(*args[:3]):
            query = args[0]
            *batch, heads, length, width = query.shape
            # The kernels lay their result out with the heads inside, so what follows need not copy it.
            return query.new_empty(*batch, length, heads, width).transpose(-2, -3)
        if func is linear and len(args) == 3 and args[2] is not None:
            return linear(*args[:2]).add_(args[2])  # under a mode the bias would be added out of place
        return func(*args, **(kwargs or {}))


def is_fused(query: torch.Tensor, _: torch.Tensor, value: torch.Tensor) -> bool:
    """Tell whether a kernel does this attention; where none does, PyTorch holds the N × N matrix.

    Those for CPUs and CUDA take heads of one size and four dimensions at most; hiera has five.
    """
    return query.dim() in {3, 4} and query.shape[-1] == value.shape[-1]


def read_figures() -> dict[Pair, int]:
    """Return the figures that DATA_FILE has, none if it is not there yet."""
    if not DATA_FILE.exists():
        return {}
    with DATA_FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["architecture"], int(row["img_size"])): int(row["activation_bytes"]) for row in rows}


def write_figures(figures: dict[Pair, int]) -> None:
    """Put *figures* in place, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((*pair, size) for pair, size in sorted(figures.items()))
    write_atomically(DATA_FILE, [text.getvalue()])


if __name__ == "__main__":
    sys.exit(main())
