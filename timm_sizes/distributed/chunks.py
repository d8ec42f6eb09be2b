"""Repos → chunks of names, each the work of one job, and the arguments of a job; nothing here knows of RQ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
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
    chunks: list[list[WantedRepo]] = [[]]
    ordered = sorted(repos, key=lambda repo: (repo.organisation, repo.repo_id, repo.revision))
    for _, of_owner in groupby(ordered, key=lambda repo: repo.organisation):
        group = list(of_owner)
        if len(group) > size:
            step = max(size, ceil(len(group) / (1 if by_list else MOST_OF_AN_ORGANISATION)))
            # The last chunk is still open to those that follow.
            chunks[-1:-1] = [group[start : start + step] for start in range(0, len(group), step)]
        elif len(chunks[-1]) + len(group) > size:
            chunks.append(group)
        else:
            chunks[-1] += group
    yield from ([name for repo in chunk for name in repo.models] for chunk in chunks if chunk)


def arguments_of(seeds: Seeds) -> dict[str, Any]:
    """Return what a worker has to know of the client's arguments, fit for JSON."""
    return {"route": seeds.route, "refresh": seeds.refresh, "endpoint": seeds.endpoint}
