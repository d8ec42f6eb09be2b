"""The ways in which a name can end: each gets exactly one status, and a reason in words where it is not ``ok``."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How the question after a model's checkpoint size ended."""

    OK = "ok"  # the size that the Hub (or the local disk) says, to the byte
    ESTIMATED = "estimated"  # computed from the model definition, or rounded on a page; not to the byte
    NO_HUB_REPO = "no_hub_repo"  # timm's weights for it are not on the Hub
    NOT_FOUND = "not_found"  # the Hub has no such repo, or it is private; or no such local file
    GATED = "gated"  # the repo is there, but its files are not shown to us
    NO_WEIGHTS = "no_weights"  # no pretrained weights, or a repo without a file that timm loads
    UNKNOWN_NAME = "unknown_name"  # not a name that timm or the Hub could know
    MISMATCH = "mismatch"  # the checkpoint cannot be the row's model: decided by merge, row by row
    ERROR = "error"  # no answer this time; the next crawl asks again


FAILURE_STAT = "timm_sizes/failure"  # in words, why a crawl as a whole did not do what it was asked to

SIZED = frozenset({Status.OK, Status.ESTIMATED})
