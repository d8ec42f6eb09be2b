"""Finding the repo and the revision a call is about, or the Hub's way of refusing: 307, 401, 404."""

from __future__ import annotations

from .answers import ASK_FOR_LOGIN, Answer, RefusedError, error_answer, redirect_answer
from .call import Call
from .repos import Repo
from .store import Store


def repo_for(call: Call, store: Store, repo_id: str, *, prefix: str) -> Repo:
    """The repo this caller may see under exactly this id; `prefix` is what precedes the id in the path."""
    repo = store.find(repo_id)
    if repo is None:
        new_id = store.new_id(repo_id)
        if new_id is None:
            raise RefusedError(_unknown_repo(call))
        raise RefusedError(redirect_answer(call.with_repo_id(prefix, repo_id, new_id)))
    if repo.private and not call.has_token:
        raise RefusedError(_unknown_repo(call))
    if repo.id != repo_id:
        raise RefusedError(redirect_answer(call.with_repo_id(prefix, repo_id, repo.id)))
    return repo


def revision_of(call: Call, store: Store, repo: Repo, revision: str) -> Repo:
    """The repo as it was at this revision."""
    found = store.at(repo, revision)
    if found is None:
        raise RefusedError(error_answer(404, f"Invalid rev id: {revision}", api=call.is_api, code="RevisionNotFound"))
    return found


def _unknown_repo(call: Call) -> Answer:
    # Whoever is not logged in is not told whether a repo is private or does not exist.
    if call.has_token:
        return error_answer(404, "Repository not found", api=call.is_api, code="RepoNotFound")
    return error_answer(401, ASK_FOR_LOGIN, api=call.is_api)
