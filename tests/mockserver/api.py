"""The API routes about one repo: its model info and its tree."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from urllib.parse import urlencode

from .access import repo_for, revision_of
from .answers import NO_SUCH_PAGE, Answer, RefusedError, error_answer, json_answer
from .behaviour import Behaviour
from .call import Call, split_repo_id
from .repos import EXPANDABLE, Repo
from .store import Store

PREFIX = "/api/models/"
TREE_PAGE = 1000


def repo_answer(call: Call, store: Store, behaviour: Behaviour) -> Answer:
    """The answer of /api/models/{id} and everything below it."""
    repo_id, rest = split_repo_id(call.segments[2:])
    repo = repo_for(call, store, repo_id, prefix=PREFIX)
    match [call.method, *rest]:
        case ["GET" | "HEAD"]:
            return _model_info(call, repo, behaviour, cut=behaviour.cuts_commits)
        case ["GET" | "HEAD", "revision", revision]:
            return _model_info(call, revision_of(call, store, repo, revision), behaviour)
        case ["GET" | "HEAD", "tree", revision]:
            return _tree(call, revision_of(call, store, repo, revision))
        case _:
            return error_answer(404, NO_SUCH_PAGE, api=True)


def expanded(call: Call, allowed: Collection[str]) -> list[str]:
    """The properties asked for with expand= or expand[]=; the Hub names the first it does not know."""
    wanted = [value for name, value in call.query if name in {"expand", "expand[]"}]
    for position, name in enumerate(wanted):
        if name not in allowed:
            options = "|".join(f'"{option}"' for option in allowed)
            message = f"✖ Invalid option: expected one of {options}\n  → at expand[{position}]"
            raise RefusedError(error_answer(400, message, api=True))
    return wanted


def page_limit(call: Call, largest: int) -> int:
    """The page size asked for, silently clamped."""
    asked = call.param("limit", str(largest))
    if not asked.isdecimal() or int(asked) == 0:
        raise RefusedError(error_answer(400, "✖ Invalid input: expected number to be >0\n  → at limit", api=True))
    return min(int(asked), largest)


def _model_info(call: Call, repo: Repo, behaviour: Behaviour, *, cut: bool = False) -> Answer:
    blobs = call.flag("blobs") and behaviour.siblings_have_sizes
    info = repo.model_info(blobs=blobs, expand=expanded(call, EXPANDABLE))
    return json_answer({**info, "sha": info["sha"][:40]} if cut and "sha" in info else info)


def _tree(call: Call, repo: Repo) -> Answer:
    limit = page_limit(call, TREE_PAGE)
    entries = repo.tree_entries(recursive=call.flag("recursive"))
    shown_before = _shown_before([entry["path"] for entry in entries], call.param("cursor"))
    page, rest = entries[shown_before : shown_before + limit], entries[shown_before + limit :]
    if not rest:
        return json_answer(page)
    cursor = _tree_cursor(page[-1]["path"], page[-1]["oid"], limit)
    query = urlencode({"recursive": call.param("recursive"), "limit": limit, "cursor": cursor})
    return json_answer(page, headers=(("Link", f'<http://{call.host}{call.path}?{query}>; rel="next"'),))


def _tree_cursor(path: str, oid: str, limit: int) -> str:
    last = json.dumps({"file_name": path, "tree_oid": oid}, separators=(",", ":")).encode()
    return base64.b64encode(base64.b64encode(last) + f":{limit}".encode()).decode()


def _shown_before(paths: list[str], cursor: str) -> int:
    if not cursor:
        return 0
    try:
        last = json.loads(base64.b64decode(base64.b64decode(cursor).partition(b":")[0]))
        return paths.index(last["file_name"]) + 1
    except (ValueError, KeyError, TypeError):
        raise RefusedError(error_answer(400, "✖ Invalid cursor\n  → at cursor", api=True)) from None
