"""A stand-in for the Hugging Face Hub: a real HTTP server on the loopback interface that misbehaves on demand."""

from __future__ import annotations

from .client import StandInHub
from .repos import Repo, timm_repo
from .request_log import SeenRequest

__all__ = ["Repo", "SeenRequest", "StandInHub", "timm_repo"]
