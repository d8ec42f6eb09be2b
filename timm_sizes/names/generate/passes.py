"""Runs a model's forward pass on the meta device, where tensors have shapes and no data, and counts their bytes.

``live_bytes`` follows the live tensors at inference, ``kept_bytes`` what autograd keeps for the backward pass.
Counted is what the operators return. What a library takes inside of one is not: reordered weights, the columns of a
convolution's input, cuDNN's workspaces. tests/benchmarks/memory.py measures the same on a real device.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch._prims_common import suggest_memory_format
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.functional import linear, scaled_dot_product_attention
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from timm_sizes.names.catalogue import Line

# What these operators copy first on a real device, a CPU as well as CUDA: an input that is laid out in another way.
LAYOUTS: dict[Any, Callable[[torch.Tensor], torch.memory_format]] = {
    torch.ops.aten._softmax.default: lambda _: torch.contiguous_format,
    torch.ops.aten.native_layer_norm.default: lambda _: torch.contiguous_format,
    torch.ops.aten.convolution.default: suggest_memory_format,
    torch.ops.aten.max_pool2d_with_indices.default: suggest_memory_format,
}
# Of unfused attention: it looks for rows that are masked throughout, with a bool for each of its scores.
MASKED_SOFTMAX = torch.ops.aten._safe_softmax.default

# What autocast on CUDA computes in 16 bits and what in 32, by the names of the functions (torch's "CUDA Op-Specific
# Behavior"); every other operator takes what it is given. The meta device has no autocast of its own.
IN_16_BITS = re.compile(
    "conv[123]d|conv_transpose2d|linear|prelu|einsum|matmul|__matmul__|b?mm|addmm|baddbmm|scaled_dot_product_attention"
)
IN_32_BITS = re.compile(
    "(layer|group|rms)_norm|norm|(linalg_)?vector_norm|normalize|(log_)?softmax|softplus|logsumexp|exp|log|pow|__pow__"
    "|rsqrt|reciprocal|sum|prod|cumsum|cosine_similarity|cdist|interpolate"
)


# A prime number of images: bytes that it divides are those of so many images, and others exist once.
MANY = 1009


def live_bytes(model: torch.nn.Module, images: int, img_size: int) -> list[Line]:
    """Return the bytes of the live tensors, without the weights, after each operator of a forward pass in eval mode."""
    # Leaving train mode empties what a model made in its first pass and holds on to, such as attention biases.
    model.train().eval()
    live = LiveTensors(model, images)
    with torch.no_grad(), AsOnDevice(), live:
        model(torch.empty(images, 3, img_size, img_size, device="meta"))
    return live.trace


def kept_bytes(model: torch.nn.Module, img_size: int, *, autocast: bool = False) -> Line:
    """Return the bytes that autograd keeps after a forward pass in train mode, the weights not among them.

    Dropout, stochastic depth and BatchNorm's statistics count as they run; *autocast* computes in 16 bits what CUDA's
    would, and so keeps a copy of the weights that it casts.
    """
    model.train()
    kept = KeptTensors(model)
    with kept, AsOnDevice(), Autocast() if autocast else nullcontext():
        model(torch.empty(MANY, 3, img_size, img_size, device="meta"))
    found = [bytes_of(storage, MANY) for storage in kept.storages.values()]
    return Line(sum(each.once for each in found), sum(each.image for each in found))


def bytes_of(storage: torch.UntypedStorage, images: int) -> Line:
    """Return the bytes of *storage*, in a pass of so many *images*."""
    image, rest = divmod(storage.nbytes(), images)
    return Line(storage.nbytes(), 0) if rest else Line(0, image)


def weight_storages(model: torch.nn.Module) -> set[int]:
    """Return the addresses of the storages of *model*'s weights: a view of them shares theirs, and takes nothing."""
    return {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}


class LiveTensors(TorchDispatchMode):
    """Counts the bytes of the storages that operators make, each once and until it dies, into ``trace``."""

    def __init__(self, model: torch.nn.Module, images: int) -> None:
        super().__init__()
        self.trace: list[Line] = []
        self._images = images
        self._live = Line(0, 0)
        self._known = weight_storages(model)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operator and count what it returns."""
        if func in LAYOUTS:
            laid_out = args[0].contiguous(memory_format=LAYOUTS[func](args[0]))
            self._count(laid_out)
            args = (laid_out, *args[1:])
        if func is MASKED_SOFTMAX:
            self._count(mask := torch.empty_like(args[0], dtype=torch.bool))  # noqa: F841 - lives until the end
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self._count(leaf)
        self.trace.append(self._live)
        return result

    def _count(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        address, size = storage._cdata, bytes_of(storage, self._images)
        if address not in self._known:
            self._known.add(address)
            self._live = Line(self._live.once + size.once, self._live.image + size.image)
            weakref.finalize(storage, self._discount, address, size)

    def _discount(self, address: int, size: Line) -> None:
        self._known.discard(address)
        self._live = Line(self._live.once - size.once, self._live.image - size.image)


class KeptTensors(saved_tensors_hooks):
    """Gathers the storages that autograd saves for the backward pass, by address: each once, and none of a weight."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__(self._keep, lambda _: None)
        self.storages: dict[int, torch.UntypedStorage] = {}
        self._known = weight_storages(model)

    def _keep(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._known:
            self.storages[storage._cdata] = storage


class AsOnDevice(TorchFunctionMode):
    """Does two functions as a real device does them; the meta device, or a mode that looks on, takes another way."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Stand in for ``scaled_dot_product_attention`` and ``linear``, and call anything else."""
        if func is scaled_dot_product_attention:
            return attention(*args, **(kwargs or {}))
        if func is linear and len(args) == 3 and args[2] is not None:
            return linear(*args[:2]).add_(args[2])  # under a mode the bias would be added out of place
        return func(*args, **(kwargs or {}))


def attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> torch.Tensor:
    """Return what ``scaled_dot_product_attention`` does, with what a kernel keeps where there is one for it."""
    if not is_fused(query, value, attn_mask):
        return scaled_dot_product_attention(query, key, value, attn_mask, dropout_p, is_causal, scale=scale)
    *batch, heads, length, width = query.shape
    if not torch.is_grad_enabled():
        # The kernels lay their result out with the heads inside, so what follows need not copy it.
        return query.new_empty(*batch, length, heads, width).transpose(-2, -3)
    query, key, value = (tensor if tensor.dim() == 4 else tensor.unsqueeze(0) for tensor in (query, key, value))
    if attn_mask is not None:
        attn_mask = attn_mask.to(query.dtype).expand(*query.shape[:3], key.shape[-2])
    # It keeps its inputs, its result and a number for each of its rows.
    result, *_ = torch.ops.aten._scaled_dot_product_efficient_attention(
        query, key, value, attn_mask, True, dropout_p, is_causal, scale=scale
    )
    return result if batch else result.squeeze(0)


def is_fused(query: torch.Tensor, value: torch.Tensor, attn_mask: torch.Tensor | None) -> bool:
    """Return whether a kernel does this attention; where none does, PyTorch holds the N × N matrix.

    Those for CPUs and CUDA take heads of one size and four dimensions at most (hiera has five), those for CPUs no mask
    of three beside them (tiny_vit's).
    """
    takes_mask = attn_mask is None or attn_mask.dim() in {2, query.dim()}
    return query.dim() in {3, 4} and query.shape[-1] == value.shape[-1] and takes_mask


class Autocast(TorchFunctionMode):
    """Casts the arguments of the functions that autocast casts; of a parameter it makes one copy for the whole pass."""

    def __init__(self) -> None:
        super().__init__()
        self._copies: dict[int, torch.Tensor] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call *func* with arguments of the precision that autocast gives them."""
        name = getattr(func, "__name__", "")
        if IN_16_BITS.fullmatch(name):
            args, kwargs = tree_map(self._halved, (args, kwargs or {}))
        elif IN_32_BITS.fullmatch(name):
            args, kwargs = tree_map(_widened, (args, kwargs or {}))
        return func(*args, **(kwargs or {}))

    def _halved(self, leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or leaf.dtype != torch.float32:
            return leaf
        if not (leaf.is_leaf and leaf.requires_grad):
            return leaf.half()
        return self._copies.setdefault(id(leaf), leaf.half())


def _widened(leaf: Any) -> Any:
    return leaf.float() if isinstance(leaf, torch.Tensor) and leaf.dtype == torch.float16 else leaf
