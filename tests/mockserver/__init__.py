"""A mock of the Hugging Face Hub: a real HTTP server on the loopback interface that misbehaves on demand."""

from __future__ import annotations

from .client import MockHub
from .repos import Repo, timm_repo
from .request_log import SeenRequest

__all__ = ["MockHub", "Repo", "SeenRequest", "timm_repo"]
