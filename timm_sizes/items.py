"""The one record that travels: what is known of a model's checkpoint. Its fields are the columns of SIZES_FILE."""

from __future__ import annotations

from dataclasses import dataclass, field

from timm_sizes.statuses import Status


@dataclass
class ModelSize:
    """A model's checkpoint, as far as it is known.

    The sizes are what the source said when the spider yields the item (bytes, or a page's "1.22 GB"), and whole
    bytes after the NormaliseUnits pipeline.
    """

    model: str  # the name as the table has it
    repo_id: str = ""  # the Hub's id in the end, after redirects
    status: Status = Status.OK
    reason: str = ""  # in words, where the status is not ok
    filename: str = ""  # the file that timm loads
    size_bytes: int | str | None = None
    other_weights: dict[str, int | str] = field(default_factory=dict)  # other weight files of the repo: size in bytes
    params: int | None = None  # elements in the checkpoint, buffers included
    dtype: str = ""  # of most elements, as safetensors names it: F32, F16, BF16
    sha: str = ""  # the repo's commit
    sha256: str = ""  # the checkpoint's
    last_modified: str = ""  # of the repo, UTC
    license: str = ""
    gated: str = ""  # auto or manual where access to the files has to be asked for
    source: str = ""  # api, page, catalogue or local
    fetched_at: str = ""  # UTC: when the Hub answered
