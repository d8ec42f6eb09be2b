"""What the benchmarks ask after: names that stand for repos of the mock Hub, as many as wanted."""

from __future__ import annotations

from tests.mockserver import MockHub, timm_repo

# A results table of timm: 1,266 models, of which 15 share the repo of another one; the Hub lists timm on two pages.
TABLE_NAMES, TABLE_REPOS = 1_266, 1_251
_REPOS_OF_AN_ORGANISATION = 1_000
_PUT_AT_ONCE = 5_000


def table_names() -> list[str]:
    """Return the names of a full results table."""
    repos = [f"net_{number:05}.bench" for number in range(TABLE_REPOS)]
    return [*repos, *(f"timm/{name}" for name in repos[: TABLE_NAMES - TABLE_REPOS])]


def table_repo_ids() -> list[str]:
    """Return the repos that the names of a full results table stand for."""
    return [f"timm/{name}" for name in table_names()[:TABLE_REPOS]]


def many_repo_ids(count: int) -> list[str]:
    """Return *count* repos in organisations of a thousand, so that one list page an organisation is enough."""
    return [f"bench{number // _REPOS_OF_AN_ORGANISATION:03}/net_{number:06}" for number in range(count)]


def host(hub: MockHub, repo_ids: list[str]) -> None:
    """Put these repos on the mock Hub, without a quota and with an empty log."""
    for start in range(0, len(repo_ids), _PUT_AT_ONCE):
        chunk = repo_ids[start : start + _PUT_AT_ONCE]
        hub.put(*(timm_repo(repo_id, 1_000_000 + start + offset) for offset, repo_id in enumerate(chunk)))
    hub.behave(quota=None, token_quota=None, latency=0.0)
    hub.forget()
