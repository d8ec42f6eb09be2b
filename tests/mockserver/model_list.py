"""The list route /api/models: filters, sort order and keyset paging."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from .answers import Answer, RefusedError, error_answer, json_answer
from .api import expanded, page_limit
from .behaviour import Behaviour
from .call import Call
from .repos import EXPANDABLE_IN_LISTS, Repo
from .store import Store

SORT_KEYS: dict[str, Callable[[Repo], Any]] = {
    "trendingScore": lambda repo: repo.trending_score,
    "createdAt": lambda repo: repo.created_at,
}
# How many entries of the page before come again when rows are said to move between pages.
REPEATS = 3


def list_answer(call: Call, store: Store, behaviour: Behaviour) -> Answer:
    """One page of models, with the Link to the next."""
    if behaviour.list_missing:
        return error_answer(behaviour.list_missing, "Repository not found", api=True, code="RepoNotFound")
    if not behaviour.list_has_order and call.param("sort"):
        return json_answer({"detail": [{"loc": ["query", "sort"], "msg": "unexpected value"}]}, status=422)
    expand = expanded(call, EXPANDABLE_IN_LISTS)
    limit = page_limit(call, behaviour.list_page_size)
    sort = call.param("sort", "trendingScore")
    if sort not in SORT_KEYS:
        raise RefusedError(error_answer(400, "✖ Invalid input\n  → at sort", api=True))
    repos = _sorted(_listed(call, store), sort)
    start = _after_cursor(call.param("cursor"), repos, sort)
    # A page of one has to move on, or the list would never end.
    start -= min(REPEATS, limit - 1, start) if behaviour.list_repeats else 0
    page = repos[start : start + limit]
    entries = [repo.list_entry(expand=expand) for repo in page]
    if start + limit >= len(repos):
        return json_answer(entries)
    return json_answer(entries, headers=(("Link", _next_link(call, page[-1], sort)),))


def _listed(call: Call, store: Store) -> list[Repo]:
    author = call.param("author")
    return [
        repo
        for repo in store.all()
        if (not author or repo.author == author) and (call.has_token or not (repo.private or repo.disabled))
    ]


def _sorted(repos: list[Repo], sort: str) -> list[Repo]:
    by_id = sorted(repos, key=lambda repo: repo.object_id)
    return sorted(by_id, key=SORT_KEYS[sort], reverse=True)


def _next_link(call: Call, last: Repo, sort: str) -> str:
    value = SORT_KEYS[sort](last)
    predicate = {"$or": [{sort: value, "_id": {"$gt": last.object_id}}, {sort: {"$lt": value}}]}
    cursor = base64.b64encode(json.dumps(predicate, separators=(",", ":")).encode()).decode()
    kept = [(name, value) for name, value in call.query if name != "cursor"]
    return f'<http://{call.host}{call.path}?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'


def _after_cursor(cursor: str, repos: list[Repo], sort: str) -> int:
    """Where the page after this cursor starts; the row it names may have gone, as keyset paging allows."""
    if not cursor:
        return 0
    try:
        same_value = json.loads(base64.b64decode(cursor))["$or"][0]
        value, last_id = same_value[sort], same_value["_id"]["$gt"]
    except (ValueError, KeyError, TypeError):
        raise RefusedError(error_answer(400, "✖ Invalid cursor\n  → at cursor", api=True)) from None

    def is_shown(repo: Repo) -> bool:
        own = SORT_KEYS[sort](repo)
        return bool(own > value) or (own == value and repo.object_id <= last_id)

    return sum(1 for repo in repos if is_shown(repo))
