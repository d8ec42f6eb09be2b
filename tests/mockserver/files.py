"""The routes outside the API: the HTML page of a repo's files; a file is only counted."""

from __future__ import annotations

from .access import repo_for, revision_of
from .answers import NO_SUCH_PAGE, Answer, error_answer, html_answer, text_answer
from .behaviour import Behaviour
from .call import Call, split_repo_id
from .repos import WEIGHT_SUFFIXES
from .store import Store
from .tree_page import tree_page


def counts_as_download(path: str) -> bool:
    """Whether the Hub would count a request for this path, GET or HEAD, as a download of the model."""
    return "/resolve/" in path and path.endswith(WEIGHT_SUFFIXES)


def page_or_file_answer(call: Call, store: Store, behaviour: Behaviour) -> Answer:
    """The answer of /{id}/tree/… and /{id}/resolve/…."""
    repo_id, rest = split_repo_id(call.segments)
    match rest:
        case ["tree", revision]:
            repo = revision_of(call, store, repo_for(call, store, repo_id, prefix="/"), revision)
            return html_answer(tree_page(repo, revision, entries=behaviour.page_entries))
        case ["resolve", revision, *_]:
            return text_answer(revision_of(call, store, repo_for(call, store, repo_id, prefix="/"), revision).id)
        case _:
            return error_answer(404, NO_SUCH_PAGE, api=True)
