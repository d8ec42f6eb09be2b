"""A benchmark's model name → where its checkpoint is: a Hub repo, a local file, or the reason why there is none.

The forms are those that timm.create_model takes (timm/models/_factory.py), plus ``timm/NAME``, which people write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from timm_sizes.hub.endpoints import is_repo_id, is_revision
from timm_sizes.items import Status
from timm_sizes.names.catalogue import TIMM_VERSION, aliases, checkpoints
from timm_sizes.names.near import near, plain

CHECKPOINT_PREFIX = "checkpoint:"  # our own, for a row whose checkpoint column names a local file
_FOLDER_SOURCE = "local-dir"
_HUB_SOURCES = ("hf-hub", "hf_hub")
_ADDRESS = re.compile(r"https?://[^/]*/", re.ASCII | re.IGNORECASE)
_ALIKE = 3  # letters


@dataclass(frozen=True)
class Target:
    """Where a name's checkpoint is: a ``repo_id`` (at ``revision``, "" for main), a local ``path``, or a ``status``."""

    repo_id: str = ""
    revision: str = ""
    path: str = ""
    status: Status | None = None
    reason: str = ""


@lru_cache(4096)  # the tables of a merge share most of their names
def resolve(name: str) -> Target:
    """Return where the checkpoint of *name* is; a name that means nothing gets ``unknown_name`` and never a request."""
    text = name.strip()
    if text.startswith(CHECKPOINT_PREFIX):
        return Target(path=text.removeprefix(CHECKPOINT_PREFIX))
    source, _, rest = text.partition(":")
    if source.lower() == _FOLDER_SOURCE:
        return Target(path=rest) if rest else Target(status=Status.NOT_FOUND, reason="no path after local-dir:")
    if source.lower() in _HUB_SOURCES:
        return _hub_target(rest)
    if text.startswith("timm/"):
        return _timm_target(text.removeprefix("timm/"))
    return _registry_target(text)


def name_of(repo_id: str) -> str:
    """Return the name that timm.create_model takes for *repo_id*: bare for timm's own, else hf-hub:org/name."""
    bare = repo_id.removeprefix("timm/")
    return bare if resolve(bare).repo_id == repo_id else f"hf-hub:{repo_id}"


def _hub_target(text: str) -> Target:
    repo_id, at, revision = text.partition("@")
    if not is_repo_id(repo_id) or (at and not is_revision(revision)):
        return _unknown("a repo of the Hub is written org/name or org/name@revision")
    return Target(repo_id=repo_id, revision=revision)


def _timm_target(text: str) -> Target:
    name, at, _ = text.partition("@")
    known = _registry_target(name) if not at else None
    return known if known and known.repo_id else _hub_target(f"timm/{text}")


def _registry_target(name: str) -> Target:
    model, alias = name, aliases().get(name)
    if alias is not None:
        model = alias.model
        if not model:
            what = "tag" if alias.kind == "untrained" else "architecture"
            return Target(status=Status.NO_WEIGHTS, reason=f"timm has no pretrained weights for this {what}")
    entry = checkpoints().get(model)
    if entry is not None:
        if not entry.repo_id:
            return Target(status=Status.NO_HUB_REPO, reason="its weights are not on the Hub (GitHub or elsewhere)")
        return Target(repo_id=entry.repo_id)
    if "/" in name:
        repo_id = "/".join(_ADDRESS.sub("", name).split("/")[:2])
        return _unknown(f"a repo of the Hub is written hf-hub:{repo_id if is_repo_id(repo_id) else 'org/name'}")
    if "." in name and is_repo_id(name):
        # A tag that came after the catalogue: by timm's rule the repo is named like the model, so it is requested.
        return Target(repo_id=f"timm/{name}")
    known = f"an architecture or old name of timm {TIMM_VERSION}, and it has no tag to tell the repo by"
    return _unknown(f"not {known if is_repo_id(name) else 'a model name'}{_suggestion(name)}")


def _suggestion(name: str) -> str:
    """Return the architectures that *name* may mean, as the end of a sentence, "" for none.

    They are looked for among those that begin alike: a table may have many names that mean nothing.
    """
    found = near(name, _by_beginning().get(plain(name)[:_ALIKE], ()))
    return f"; did you mean {' or '.join(found)}?" if found else ""


@cache
def _by_beginning() -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for name, alias in aliases().items():
        if alias.kind != "untrained":
            names.setdefault(plain(name)[:_ALIKE], []).append(name)
    return names


def _unknown(reason: str) -> Target:
    return Target(status=Status.UNKNOWN_NAME, reason=reason)
