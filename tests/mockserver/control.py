"""What a test may tell a running mock Hub, under a path that no Hub has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .repos import Repo

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import MockServer

PREFIX = "/__mock__/"


def obey(hub: MockServer, target: str, order: dict[str, Any]) -> Any:
    """Carry out one order and return what it is answered with, or what has to be awaited for that."""
    verb = target.removeprefix(PREFIX)
    if verb in QUESTIONS:
        return QUESTIONS[verb](hub, **order)
    if verb not in ORDERS:
        raise ValueError(f"no such order: {verb}")
    result = ORDERS[verb](hub, **order)
    hub.forget_answers()
    return result


def _put(hub: MockServer, *, repos: list[dict[str, Any]]) -> None:
    for repo in repos:
        hub.store.put(Repo(**repo))


def _behave(hub: MockServer, **options: Any) -> None:
    hub.behave(options)


QUESTIONS: dict[str, Callable[..., Any]] = {
    "wait_for": lambda hub, *, count, at_most: hub.log.wait_for(count, at_most),
    "requests": lambda hub, *, path_prefix: hub.log.transcript(path_prefix),
    "downloads": lambda hub: hub.downloads,
}
# What may change the answers that the server keeps ready.
ORDERS: dict[str, Callable[..., Any]] = {
    "put": _put,
    "remove": lambda hub, *, repo_id: hub.store.remove(repo_id),
    "rename": lambda hub, *, old_id, new_id: hub.store.rename(old_id, new_id),
    "commit": lambda hub, *, repo_id, changes: hub.store.commit(repo_id, changes),
    "behave": _behave,
    "behave_reset": lambda hub: hub.reset_behaviour(),
    "clear": lambda hub: hub.clear(),
    "forget": lambda hub: hub.forget_requests(),
}
