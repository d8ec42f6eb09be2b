"""Five repos that many tests host, and what was asked of the stand-in Hub about them."""

from __future__ import annotations

from tests.hub import StandInHub, timm_repo

RESNETS = ["resnet18.a1_in1k", "resnet34.a1_in1k", "resnet50.a1_in1k", "resnet101.a1h_in1k", "resnet152.a1h_in1k"]


def put_resnets(hub: StandInHub) -> None:
    """Host the repos of RESNETS, the first with a million parameters, the next with two …"""
    hub.put(*(timm_repo(name, 1_000_000 * (number + 1)) for number, name in enumerate(RESNETS)))


def list_paths(hub: StandInHub) -> list[str]:
    """Return the list pages that were asked for, in order."""
    return [request.path for request in hub.requests("/api/models?")]


def repo_paths(hub: StandInHub) -> list[str]:
    """Return all else that was asked for, in order."""
    return [request.path for request in hub.requests() if not request.path.startswith("/api/models?")]
