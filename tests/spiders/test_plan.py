"""The plan of a crawl without a network: how a list is walked, when a server is no Hub, what a dry run says."""

from __future__ import annotations

from itertools import count

import pytest

from timm_sizes.spiders.plan import MOST_PAGES, ListWalk, Trial, WantedRepo, describe, make_plan


def wanted(*names: str) -> tuple[WantedRepo, ...]:
    return tuple(WantedRepo(f"me/{name}", "", [name]) for name in names)


@pytest.mark.parametrize(
    ("walk", "page", "has_next", "goes_on"),
    [
        (ListWalk("me", wanted("a", "b", "c")), "a", True, True),
        (ListWalk("me", wanted("a", "b", "c")), "ab", True, False),  # one request either way
        (ListWalk("me", wanted("a", "b", "c")), "a", False, False),
        (ListWalk("me", wanted("a", "b", "c"), seen=frozenset({"me/x"})), "x", True, False),
        (ListWalk("me", wanted("a", "b"), by_list=True), "a", True, True),
        (ListWalk("me", wanted("a", "b"), by_list=True), "ab", True, False),
        (ListWalk("me", wanted("a", "b"), by_list=True), "", True, False),
        (ListWalk("me", takes_all=True), "x", True, True),
        (ListWalk("me", takes_all=True), "x", False, False),
        (ListWalk("me", takes_all=True, pages=MOST_PAGES - 1), "x", True, False),
    ],
)
def test_list_is_walked_while_a_page_can_save_requests(
    walk: ListWalk, page: str, has_next: bool, goes_on: bool
) -> None:
    after, next_url = walk.after([f"me/{name}" for name in page], "next" if has_next else None)
    assert next_url == ("next" if goes_on else None)
    assert [repo.repo_id for repo in after.repos] == [
        repo.repo_id for repo in walk.repos if repo.repo_id not in [f"me/{name}" for name in page]
    ]


@pytest.mark.parametrize("walk", [ListWalk("me", takes_all=True), ListWalk("me", wanted("a", "b", "c"))])
@pytest.mark.parametrize("owner", ["me", "others"])
def test_endless_list_ends(walk: ListWalk, owner: str) -> None:
    for page in count():
        walk, next_url = walk.after([f"{owner}/net{page}"], "next")
        if next_url is None:
            break
    assert walk.pages == (MOST_PAGES if owner == "me" else 1)


def test_errors_of_twenty_repos_fail_the_trial_whatever_they_are() -> None:
    trial = Trial(errors={f"me/net{number}": f"HTTP {400 + number % 2}" for number in range(19)})
    assert not trial.is_failed
    assert trial.why_nothing(has_lists=True) == "HTTP 400; HTTP 401"
    trial.errors["me/more"] = "timed out"
    assert trial.is_failed
    trial.is_passed = True
    assert (trial.is_failed, trial.why_nothing(has_lists=False)) == (False, "")
    missing = Trial(missing={f"me/net{number}": "no such repo" for number in range(30)})
    assert not missing.is_failed
    assert [missing.why_nothing(has_lists=has_lists) for has_lists in (False, True)] == ["no such repo", ""]


def test_dry_run_says_what_an_organisation_and_a_table_at_a_url_cost() -> None:
    lines = list(describe(make_plan([]), ["https://host/t.csv"], ["timm"], by_list=False))
    assert lines == [
        "https://host/t.csv: a request, and those of its names",
        "timm: a request for each 1,000 of its repos, at least one, and one for each repo of theirs",
    ]
