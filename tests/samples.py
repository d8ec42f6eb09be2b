"""Samples that many tests share: five repos to host, small tables, rows of a sizes file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.mockserver import MockHub, timm_repo
from timm_sizes.items import ModelSize, Status
from timm_sizes.sizes_file import Sizes, update_sizes

RESNETS = ["resnet18.a1_in1k", "resnet34.a1_in1k", "resnet50.a1_in1k", "resnet101.a1h_in1k", "resnet152.a1h_in1k"]
RESULTS = """\
model,img_size,top1,param_count
resnet50.a1_in1k,224,80.200,25.56
resnet50.a1_in1k,288,81.200,25.56
resnet18.a1_in1k,224,71.500,11.69
convnext_atto.d2_in1k,224,75.700,3.70
convnextv2_atto.fcmae_ft_in1k,224,76.600,3.71
mobileone_s0.apple_in1k,224,71.400,5.29
"""
SPEED = """\
model,infer_img_size,infer_samples_per_sec,infer_step_time,infer_batch_size,param_count,infer_gmacs,infer_macts
resnet50,224,5000.50,20.0,1024,25.56,4.11,11.11
resnet50,288,3000.00,34.0,1024,25.56,6.80,18.37
resnet18,224,"12,000.0",8.50,1024,11.69,1.82,2.48
convnext_atto,224,9000.25,11.0,1024,3.70,0.55,3.81
convnextv2_atto,224,7000,14.0,1024,3.71,0.55,3.81
"""
MB_OF = {"resnet50.a1_in1k": 102.55, "resnet18.a1_in1k": 46.83, "convnext_atto.d2_in1k": 14.83}
ESTIMATED_MB_OF = {"convnextv2_atto.fcmae_ft_in1k": 14.88}
LICENSE_OF = {"resnet50.a1_in1k": "apache-2.0", "resnet18.a1_in1k": "mit", "convnext_atto.d2_in1k": "cc-by-nc-4.0"}


def size_item(model: str, status: str, mb: float | None = None, licence: str | None = None) -> ModelSize:
    """Return a model's item; without *mb* one that has no size."""
    item = ModelSize(
        model,
        repo_id=f"timm/{model}",
        status=Status(status),
        source="catalogue" if status == "estimated" else "api",
        license=LICENSE_OF.get(model, "") if licence is None else licence,
    )
    if mb is not None:
        item.size_bytes, item.filename, item.dtype = round(mb * 1e6), "model.safetensors", "F32"
    return item


def sizes() -> Sizes:
    """Return a sizes file's rows: three sizes of the Hub, an estimate, and a name without a size."""
    items = [size_item(model, "ok", mb) for model, mb in MB_OF.items()]
    items += [size_item(model, "estimated", mb) for model, mb in ESTIMATED_MB_OF.items()]
    items.append(size_item("mobileone_s0.apple_in1k", "gated"))
    return Sizes.of(items)


def write_sizes(path: Path, items: Iterable[ModelSize]) -> None:
    """Write a sizes file of these *items* to *path*, in place of what is there."""
    path.unlink(missing_ok=True)
    update_sizes(path, items)


def write(path: Path, text: str) -> str:
    """Write *text* to *path* as it is and return the path as text."""
    path.write_bytes(text.encode())
    return str(path)


def put_resnets(hub: MockHub) -> None:
    """Host the repos of RESNETS, the first with a million parameters, the next with two …"""
    hub.put(*(timm_repo(name, 1_000_000 * (number + 1)) for number, name in enumerate(RESNETS)))


def list_paths(hub: MockHub) -> list[str]:
    """Return the list pages that were asked for, in order."""
    return [request.path for request in hub.requests("/api/models?")]


def repo_paths(hub: MockHub) -> list[str]:
    """Return all else that was asked for, in order."""
    return [request.path for request in hub.requests() if not request.path.startswith("/api/models?")]
