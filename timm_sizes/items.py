"""The one record that travels, what is known of a model's checkpoint, and the statuses in which a name can end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Status(StrEnum):
    """Outcome of looking up a model's checkpoint size; ``meaning`` says it in words."""

    meaning: str

    def __new__(cls, value: str, meaning: str = "") -> Self:
        status = str.__new__(cls, value)
        status._value_ = value
        status.meaning = meaning
        return status

    OK = "ok", "the size that the Hub (or the local disk) says, to the byte"
    ESTIMATED = "estimated", "computed from the model definition, or rounded on a page; not to the byte"
    NO_HUB_REPO = "no_hub_repo", "the weights are not on the Hub"
    NOT_FOUND = "not_found", "the Hub has no such repository, or it is private; or there is no such local file"
    GATED = "gated", "the files are shown only to those who were granted access"
    NO_WEIGHTS = "no_weights", "there are no pretrained weights, or no file that timm loads"
    UNKNOWN_NAME = "unknown_name", "neither timm nor the Hub knows the name"
    ERROR = "error", "the Hub gave no valid response"
    NOT_ASKED = "not_asked", "no crawl has requested it yet"
    MISMATCH = "mismatch", "the checkpoint has another number of parameters than the row"  # merge says so, of a row


SIZED = frozenset({Status.OK, Status.ESTIMATED})
UNANSWERED = frozenset({Status.ERROR, Status.NOT_ASKED})  # to be requested again
_ESTIMATES = ("catalogue", "page", "list")  # sources of an estimate, the better the later


@dataclass
class ModelSize:
    """A model's checkpoint, as far as it is known. The fields are the columns of SIZES_FILE.

    The sizes are what the source said when the spider yields the item (bytes, or a page's "1.22 GB"), and whole
    bytes after the NormaliseUnits pipeline.
    """

    model: str  # the name as the table has it
    repo_id: str = ""  # the Hub's id in the end, after redirects
    status: Status = Status.OK
    reason: str = ""  # in words, where the status is not ok
    filename: str = ""  # the file that timm loads
    size_bytes: int | str | None = None
    params: int | None = None  # elements in the checkpoint, buffers included
    dtype: str = ""  # of most elements, as safetensors names it: F32, F16, BF16
    sha: str = ""  # the repo's commit
    sha256: str = ""  # the checkpoint's
    last_modified: str = ""  # of the repo, UTC
    license: str = ""
    gated: str = ""  # auto or manual where access to the files has to be requested
    source: str = ""  # api, list, page, catalogue or local
    fetched_at: str = ""  # UTC: when the Hub answered
    endpoint: str = ""  # the address of the Hub that answered, where it is not huggingface.co


def worth(item: ModelSize) -> int:
    """Return how much *item* says of its checkpoint, in the one order there is; more is better.

    Exact, estimated (from the list, from a page, from the catalogue), a reason why there is no size, no answer at all.
    """
    if item.status == Status.OK:
        return 5
    if item.status == Status.ESTIMATED:
        return 2 + _ESTIMATES.index(item.source) if item.source in _ESTIMATES else 2
    return 0 if item.status in UNANSWERED else 1
