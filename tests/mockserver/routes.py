"""Which answer a call gets from a Hub in order: from the call, the repos and the behaviour alone."""

from __future__ import annotations

from .answers import NO_SUCH_PAGE, Answer, RefusedError, error_answer, json_answer
from .api import repo_answer
from .behaviour import Behaviour
from .call import Call
from .files import page_or_file_answer
from .model_list import list_answer
from .store import Store

READING = frozenset({"GET", "HEAD"})


def route(call: Call, store: Store, behaviour: Behaviour) -> Answer:
    """The Hub's answer to this call."""
    try:
        return _route(call, store, behaviour)
    except RefusedError as refused:
        return refused.answer


def _route(call: Call, store: Store, behaviour: Behaviour) -> Answer:
    if call.is_api:
        return _api_route(call, store, behaviour)
    if call.method not in READING:
        return error_answer(404, NO_SUCH_PAGE, api=True)
    if not behaviour.has_pages:
        return json_answer({"detail": "Not Found"}, status=404)
    return page_or_file_answer(call, store, behaviour)


def _api_route(call: Call, store: Store, behaviour: Behaviour) -> Answer:
    match [call.method in READING, *call.segments[1:]]:
        case [True, "models"]:
            return list_answer(call, store, behaviour)
        case [_, "models", _, *_]:
            return repo_answer(call, store, behaviour)
        case _:
            return error_answer(404, NO_SUCH_PAGE, api=True)
