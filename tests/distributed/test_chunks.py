"""Repos are cut into chunks so that no name is lost and few lists are requested twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from timm_sizes.distributed.chunks import MOST_OF_AN_ORGANISATION, Chunk, arguments_of, cut
from timm_sizes.spiders.plan import WantedRepo
from timm_sizes.spiders.seeds import Seeds

SEEDS = Seeds(sizes_file=Path("sizes.csv"), names=(), route="api", endpoint="https://hub.example")
ORGANISATIONS = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 60), max_size=12)


def repos_of(organisations: dict[str, int]) -> list[WantedRepo]:
    """Return repos of so many an organisation, the last of each under two names."""
    repos = [
        WantedRepo(f"{owner}/net{number}", "", [f"hf-hub:{owner}/net{number}"])
        for owner, count in organisations.items()
        for number in range(count)
    ]
    for repo in repos[-1:]:
        repo.models.append("another name")
    return repos


@given(ORGANISATIONS, st.integers(1, 30), st.booleans())
def test_every_name_is_in_one_chunk(organisations: dict[str, int], size: int, by_list: bool) -> None:
    repos = repos_of(organisations)
    chunks = list(cut(repos, size, by_list=by_list))
    assert sorted(name for chunk in chunks for name in chunk) == sorted(name for repo in repos for name in repo.models)
    assert all(chunks)


@given(ORGANISATIONS, st.integers(1, 30))
def test_organisation_is_cut_only_if_it_is_large_and_into_few_pieces(organisations: dict[str, int], size: int) -> None:
    pieces: Counter[str] = Counter()
    for chunk in cut(repos_of(organisations), size, by_list=False):
        pieces.update({name.partition(":")[2].partition("/")[0] for name in chunk if name != "another name"})
    for owner, count in organisations.items():
        assert pieces[owner] <= MOST_OF_AN_ORGANISATION
        assert pieces[owner] == 1 or count > size


@given(ORGANISATIONS, st.integers(1, 30))
def test_lists_are_never_cut_where_they_are_all_that_is_requested(organisations: dict[str, int], size: int) -> None:
    owners = [
        owner
        for chunk in cut(repos_of(organisations), size, by_list=True)
        for owner in {name.partition(":")[2].partition("/")[0] for name in chunk if name != "another name"}
    ]
    assert sorted(owners) == sorted(organisations)


def test_order_of_the_names_changes_no_chunk() -> None:
    repos = repos_of({"a": 3, "b": 40, "c": 5})
    assert list(cut(repos, 10, by_list=False)) == list(cut(reversed(repos), 10, by_list=False))


def test_job_id_tells_what_is_open_in_the_chunk_and_how_it_is_requested() -> None:
    chunk = Chunk(("a", "b"), arguments_of(SEEDS))
    assert chunk.job_id == Chunk(("a", "b"), arguments_of(SEEDS)).job_id
    others = [Chunk(("a",), chunk.arguments), Chunk(("a", "b"), {**chunk.arguments, "refresh": True})]
    assert chunk.job_id not in {other.job_id for other in others}
