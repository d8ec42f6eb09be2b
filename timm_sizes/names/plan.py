"""Names → what has to be asked: each repo once however many names share it, and what needs no question at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from timm_sizes.names.resolve import Target, resolve

# Pages of an organisation's list, 1,000 repos each, where it is more than one.
_LIST_PAGES = {"timm": 2}


@dataclass(frozen=True)
class RepoQuestion:
    """A repo to ask for its files, at ``revision`` if the name carries one, on behalf of ``models``."""

    repo_id: str
    revision: str
    models: list[str] = field(default_factory=list)

    @property
    def organisation(self) -> str:
        """The owner in the repo id, "" for the Hub's few ids without one."""
        owner, slash, _ = self.repo_id.partition("/")
        return owner if slash else ""


@dataclass(frozen=True)
class Plan:
    """What a crawl asks: ``settled`` names need no repo, ``listed`` repos get their commit from a list first."""

    settled: dict[str, Target]
    direct: list[RepoQuestion]
    listed: dict[str, list[RepoQuestion]]  # by organisation

    @property
    def questions(self) -> list[RepoQuestion]:
        """All repos that are asked."""
        return [*self.direct, *(question for group in self.listed.values() for question in group)]


def make_plan(names: Iterable[str]) -> Plan:
    """Return the plan for *names*; repos are asked in the order in which their names come."""
    settled: dict[str, Target] = {}
    questions: dict[tuple[str, str], RepoQuestion] = {}
    for name in names:
        target = resolve(name)
        if target.repo_id:
            key = target.repo_id, target.revision
            questions.setdefault(key, RepoQuestion(*key)).models.append(name)
        else:
            settled[name] = target
    groups: dict[str, list[RepoQuestion]] = {}
    for question in questions.values():
        if question.organisation and not question.revision:
            groups.setdefault(question.organisation, []).append(question)
    listed = {owner: group for owner, group in groups.items() if _list_pays(owner, len(group))}
    direct = [question for question in questions.values() if question.revision or question.organisation not in listed]
    return Plan(settled, direct, listed)


def _list_pays(owner: str, repos: int) -> bool:
    """Tell whether it is cheaper to ask for *owner*'s list first, so that answers can be kept at their commits.

    With a list of p pages, a crawl and one refresh of n repos cost p + n + p requests; without it they cost 2 n.
    """
    return repos > 2 * _LIST_PAGES.get(owner, 1)


def describe(plan: Plan) -> Iterable[str]:
    """Yield the lines of a dry run: each name with its repo, then how many requests the crawl would send."""
    for question in plan.questions:
        at = f"@{question.revision}" if question.revision else ""
        yield from (f"{model} → {question.repo_id}{at}" for model in question.models)
    for name, target in plan.settled.items():
        yield f"{name} → {target.path or f'{target.status}: {target.reason}'}"
    names = len(plan.settled) + sum(len(question.models) for question in plan.questions)
    lists = f", after the list of {', '.join(plan.listed)} for the commits" if plan.listed else ""
    yield f"{names} names, {len(plan.questions)} repos: {len(plan.questions)} requests at the most{lists}"
