"""Names → what has to be requested: each repo once however many names share it, and what needs no request at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from timm_sizes.files import printable
from timm_sizes.names.resolve import Target, resolve

# Pages of an organisation's list, 1,000 repos each, where it is more than one.
_LIST_PAGES = {"timm": 2}


@dataclass(frozen=True)
class WantedRepo:
    """A repo whose files are wanted, at ``revision`` if the names carry one, on behalf of ``models``."""

    repo_id: str
    revision: str
    models: list[str] = field(default_factory=list)

    @property
    def organisation(self) -> str:
        """The owner in the repo id, "" for the Hub's few ids without one."""
        owner, slash, _ = self.repo_id.partition("/")
        return owner if slash else ""


@dataclass(frozen=True)
class ListWalk:
    """A walk along an owner's list: the ``repos`` still to be found in it, or all there are; ``seen`` are its pages."""

    owner: str
    repos: tuple[WantedRepo, ...] = ()
    takes_all: bool = False
    is_sorted: bool = True
    seen: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What a crawl requests: ``settled`` names need no repo, ``listed`` repos get their commit from a list first."""

    settled: dict[str, Target]
    direct: list[WantedRepo]
    listed: dict[str, list[WantedRepo]]  # by organisation

    @property
    def repos(self) -> list[WantedRepo]:
        """All repos that are wanted."""
        return [*self.direct, *(repo for group in self.listed.values() for repo in group)]


def make_plan(names: Iterable[str], *, by_list: bool = False) -> Plan:
    """Return the plan for *names*; repos are requested in the order in which their names come.

    Lists are walked where that is cheaper in the end, or for every repo that can be in one: *by_list*.
    """
    settled: dict[str, Target] = {}
    wanted: dict[tuple[str, str], WantedRepo] = {}
    for name in names:
        target = resolve(name)
        if target.repo_id:
            key = target.repo_id, target.revision
            wanted.setdefault(key, WantedRepo(*key)).models.append(name)
        else:
            settled[name] = target
    groups: dict[str, list[WantedRepo]] = {}
    for repo in wanted.values():
        if repo.organisation and not repo.revision:
            groups.setdefault(repo.organisation, []).append(repo)
    listed = {owner: group for owner, group in groups.items() if by_list or _list_pays(owner, len(group))}
    direct = [repo for repo in wanted.values() if repo.revision or repo.organisation not in listed]
    return Plan(settled, direct, listed)


def _list_pays(owner: str, repos: int) -> bool:
    """Tell whether it is cheaper to request *owner*'s list first, so that answers can be kept at their commits.

    With a list of p pages, a crawl and one refresh of n repos cost p + n + p requests; without it they cost 2 n.
    """
    return repos > 2 * _LIST_PAGES.get(owner, 1)


def describe(plan: Plan) -> Iterable[str]:
    """Yield the lines of a dry run: each name with its repo, then how many requests the crawl would send."""
    for repo in plan.repos:
        at = f"@{repo.revision}" if repo.revision else ""
        yield from (f"{printable(model)} → {repo.repo_id}{at}" for model in repo.models)
    for name, target in plan.settled.items():
        yield printable(f"{name} → {target.path or f'{target.status}: {target.reason}'}")
    names = len(plan.settled) + sum(len(repo.models) for repo in plan.repos)
    lists = f", after the list of {', '.join(plan.listed)} for the commits" if plan.listed else ""
    yield f"{names} names, {len(plan.repos)} repos: {len(plan.repos)} requests at the most{lists}"
