"""Names → what has to be requested: each repo once however many names share it, and what needs no request at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from timm_sizes.files import printable
from timm_sizes.names.resolve import Target, resolve

if TYPE_CHECKING:
    from scrapy import Request

# Pages of an organisation's list, 1,000 repos each, where it is more than one.
_LIST_PAGES = {"timm": 2}
MOST_PAGES = 1000  # a million repos: more than any organisation has
MOST_TREE_PAGES = 100  # of a repo's files, 1,000 each


@dataclass(frozen=True)
class WantedRepo:
    """A repo whose files are wanted, at ``revision`` if the names carry one, on behalf of ``models``."""

    repo_id: str
    revision: str
    models: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The repo id, with the revision if there is one."""
        return f"{self.repo_id}@{self.revision}" if self.revision else self.repo_id

    @property
    def organisation(self) -> str:
        """The owner in the repo id, "" for the Hub's few ids without one."""
        owner, slash, _ = self.repo_id.partition("/")
        return owner if slash else ""


@dataclass(frozen=True)
class ListWalk:
    """A walk along an owner's list: the ``repos`` still to be found in it, and all others there are (``takes_all``).

    ``seen`` are the ids on the pages so far.
    """

    owner: str
    repos: tuple[WantedRepo, ...] = ()
    takes_all: bool = False
    is_sorted: bool = True
    by_list: bool = False  # the list itself gives the sizes
    pages: int = 0
    seen: frozenset[str] = frozenset()

    def own(self, repo_ids: Iterable[str]) -> list[str]:
        """Return those of *repo_ids* that are the owner's, seen for the first time: a mirror may list all it has."""
        prefix = f"{self.owner}/"
        return [repo_id for repo_id in repo_ids if repo_id.startswith(prefix) and repo_id not in self.seen]

    def after(self, repo_ids: Iterable[str], next_url: str | None) -> tuple[ListWalk, str | None]:
        """Return the walk after a page with *repo_ids*, and the *next_url* if it goes on there.

        A further page is requested while it can give a size, or save more requests than the one it costs. Pages that
        bring nothing new end the walk, and so does an endless list of what nobody has.
        """
        new = self.own(repo_ids)
        missing = tuple(repo for repo in self.repos if repo.repo_id not in new)
        walk = replace(self, repos=missing, pages=self.pages + 1, seen=self.seen.union(new))
        pays = self.takes_all or len(missing) > (0 if self.by_list else 1)
        return walk, next_url if pays and new and walk.pages < MOST_PAGES else None


@dataclass
class Trial:
    """The first requests to a server, which show whether it is a Hub at all.

    Few are sent before the first of them gives a repo's files; errors for so many repos, and none that does, mean that
    no request will: a portal, a filter, a redirect of everything elsewhere. That repos are missing is what a Hub says:
    it ends no crawl, but where there is nothing else the server does not have them.
    """

    MOST_ERRORS: ClassVar[int] = 20

    is_passed: bool = False
    # Repos that were not requested yet, and requests that are to be repeated once these were.
    held: deque[WantedRepo | Request] = field(default_factory=deque)
    sent: int = 0
    # Why, by repo or owner of a list, however often each was requested.
    errors: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def admit(self, repos: Iterable[WantedRepo]) -> list[WantedRepo]:
        """Return those of *repos* that may be requested now; the others are held until released."""
        repos = list(repos)
        room = len(repos) if self.is_passed else max(0, self.MOST_ERRORS - self.sent)
        self.held.extend(repos[room:])
        self.sent += len(repos[:room])
        return repos[:room]

    @property
    def is_failed(self) -> bool:
        """Whether so many were refused that the server is no Hub."""
        return not self.is_passed and len(self.errors) >= self.MOST_ERRORS

    def why_nothing(self, *, has_lists: bool) -> str:
        """Return why there was nothing but refusals, "" if there was; with *has_lists* missing repos are none."""
        reasons = dict.fromkeys([*self.errors.values(), *(() if has_lists else self.missing.values())])
        return "" if self.is_passed else "; ".join([*reasons][:3])

    def ended(self) -> list[WantedRepo | Request]:
        """Take in that a request has its answer, no error in the end; return what is held and may be requested now."""
        count = len(self.held) if self.is_passed else min(1, len(self.held))
        return [self.held.popleft() for _ in range(count)]


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


def make_plan(names: Iterable[str], authors: Iterable[str] = (), *, by_list: bool = False) -> Plan:
    """Return the plan for *names*; repos are requested in the order in which their names come.

    Lists are walked where that is cheaper in the end, those of *authors* for all that they have, or for every repo that
    can be in one: *by_list*.
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
    groups: dict[str, list[WantedRepo]] = {author: [] for author in authors}
    for repo in wanted.values():
        if repo.organisation and not repo.revision:
            groups.setdefault(repo.organisation, []).append(repo)
    walked = {owner for owner, group in groups.items() if by_list or _list_pays(owner, len(group))} | {*authors}
    listed = {owner: group for owner, group in groups.items() if owner in walked}
    direct = [repo for repo in wanted.values() if repo.revision or repo.organisation not in listed]
    return Plan(settled, direct, listed)


def _list_pays(owner: str, repos: int) -> bool:
    """Return whether it is cheaper to request *owner*'s list first, so that answers can be kept at their commits.

    With a list of p pages, a crawl and one refresh of n repos cost p + n + p requests; without it they cost 2 n.
    """
    return repos > 2 * _LIST_PAGES.get(owner, 1)


def describe(plan: Plan, tables: Iterable[str] = (), authors: Iterable[str] = (), *, by_list: bool) -> Iterator[str]:
    """Yield the lines of a dry run: each name with its repo, then what requests the crawl would send.

    *tables* are those at a URL, *authors* the organisations: their names are not known yet. *by_list*: the lists give
    the sizes.
    """
    for repo in plan.repos:
        yield from (f"{printable(model)} → {repo.key}" for model in repo.models)
    for name, target in plan.settled.items():
        yield printable(f"{name} → {target.path or f'{target.status}: {target.reason}'}")
    each = "" if by_list else ", and one for each repo of theirs"
    for url in tables:
        yield f"{url}: a request, and those of its names"
    for author in authors:
        yield f"{author}: a request for each 1,000 of its repos, at least one{each}"
    names = len(plan.settled) + sum(len(repo.models) for repo in plan.repos)
    requests = 0 if by_list else len(plan.repos)
    lists = f", after the list of {', '.join(plan.listed)}" if plan.listed else ""
    if names:
        yield f"{names} names, {len(plan.repos)} repos: {requests} requests at the most{lists}"
