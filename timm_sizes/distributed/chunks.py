"""Repos → chunks of names, each the work of one job, and what a job is told; nothing here knows of RQ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import Any

from timm_sizes.spiders.plan import WantedRepo
from timm_sizes.spiders.seeds import Seeds

# Each chunk walks its organisations' lists anew, 1,000 repos a request: with so many chunks at the most that is 2 % of
# the requests that an organisation's repos cost.
MOST_OF_AN_ORGANISATION = 20


@dataclass(frozen=True)
class Chunk:
    """Names for one job, and the crawl's ``arguments`` that a worker has to know, fit for JSON."""

    names: tuple[str, ...]
    arguments: dict[str, Any]

    @property
    def job_id(self) -> str:
        """An id that two chunks share only if they are about the same names in the same way."""
        text = json.dumps([self.names, self.arguments], sort_keys=True)
        return f"sizes-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def cut(repos: Iterable[WantedRepo], size: int, *, by_list: bool) -> Iterator[list[str]]:
    """Yield the names of *repos* in chunks of at most *size* repos, in the order of the organisations.

    An organisation is cut only where it has more repos than that: then into larger chunks if there would be more than
    MOST_OF_AN_ORGANISATION of them, and not at all *by_list*, where its lists are all that is requested.
    """
    groups: dict[str, list[WantedRepo]] = {}
    for repo in sorted(repos, key=lambda repo: (repo.organisation, repo.repo_id, repo.revision)):
        groups.setdefault(repo.organisation, []).append(repo)
    chunk: list[WantedRepo] = []
    for group in groups.values():
        pieces = 1 if by_list else MOST_OF_AN_ORGANISATION
        if len(group) > size:
            step = max(size, ceil(len(group) / pieces))
            yield from (_names(group[start : start + step]) for start in range(0, len(group), step))
            continue
        if len(chunk) + len(group) > size:
            yield _names(chunk)
            chunk = []
        chunk += group
    if chunk:
        yield _names(chunk)


def _names(repos: Iterable[WantedRepo]) -> list[str]:
    return list(chain.from_iterable(repo.models for repo in repos))


def arguments_of(seeds: Seeds) -> dict[str, Any]:
    """Return what a worker has to know of the client's arguments, fit for JSON."""
    return {"route": seeds.route, "refresh": seeds.refresh, "endpoint": seeds.endpoint}
