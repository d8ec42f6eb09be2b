"""What the mock Hub hosts: repos with their commits, and the redirects that renames leave behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .repos import Repo

SHORTEST_SHA = 4


class Store:
    """Repos by id; ids are found in any case, as on the Hub, but are spelled in one."""

    def __init__(self) -> None:
        self._repos: dict[str, Repo] = {}
        self._commits: dict[str, dict[str, Repo]] = {}
        self._new_ids: dict[str, str] = {}

    def put(self, repo: Repo) -> None:
        """Host this repo, without a past."""
        key = repo.id.lower()
        self._repos[key] = repo
        self._commits[key] = {repo.sha: repo}
        self._new_ids.pop(key, None)

    def remove(self, repo_id: str) -> None:
        key = repo_id.lower()
        del self._repos[key], self._commits[key]

    def rename(self, old_id: str, new_id: str) -> None:
        repo, commits = self._repos[old_id.lower()], self._commits[old_id.lower()]
        self.remove(old_id)
        self.put(replace(repo, id=new_id))
        self._commits[new_id.lower()] = commits
        self._new_ids[old_id.lower()] = new_id

    def commit(self, repo_id: str, changes: dict[str, Any]) -> str:
        """Change the repo; what it was stays answerable under its old sha."""
        key = repo_id.lower()
        changed = self._repos[key].after(changes)
        self._repos[key] = changed
        self._commits[key][changed.sha] = changed
        return changed.sha

    def find(self, repo_id: str) -> Repo | None:
        """The repo of that id or of one that differs in case only."""
        return self._repos.get(repo_id.lower())

    def new_id(self, repo_id: str) -> str | None:
        """Where one rename has moved the repo."""
        return self._new_ids.get(repo_id.lower())

    def all(self) -> list[Repo]:
        return list(self._repos.values())

    def at(self, repo: Repo, revision: str) -> Repo | None:
        """The repo as it was at a branch, a tag or a sha; None when it has no such revision."""
        sha = repo.sha if revision == "main" else repo.refs.get(revision, revision)
        commits = self._commits[repo.id.lower()]
        shas = [known for known in commits if known.startswith(sha)] if len(sha) >= SHORTEST_SHA else []
        if len(shas) != 1:
            return None
        # Access, unlike content, is not versioned.
        return replace(commits[shas[0]], id=repo.id, private=repo.private, gated=repo.gated, disabled=repo.disabled)
