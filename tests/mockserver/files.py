"""The routes outside the API: the HTML page of a repo's files, and the files themselves."""

from __future__ import annotations

from itertools import cycle, islice
from urllib.parse import quote

from .access import entry_not_found, repo_for, revision_of
from .answers import NO_SUCH_PAGE, TEXT, Answer, RefusedError, error_answer, html_answer, redirect_answer
from .behaviour import Behaviour
from .call import Call, split_repo_id
from .repos import WEIGHT_SUFFIXES, Repo
from .store import Store
from .tree_page import tree_page

# A name that never resolves, so that a client that follows is seen to fail instead of reaching a real CDN.
CDN = "https://cdn.mock-hub.invalid/xet-bridge-us"


def counts_as_download(path: str) -> bool:
    """Whether the Hub would count a request for this path, GET or HEAD, as a download of the model."""
    return "/resolve/" in path and path.endswith(WEIGHT_SUFFIXES)


def page_or_file_answer(call: Call, store: Store, behaviour: Behaviour) -> Answer:
    """The answer of /{id}/tree/… and /{id}/resolve/…."""
    repo_id, rest = split_repo_id(call.segments)
    match rest:
        case ["tree", revision, *folders]:
            repo = revision_of(call, store, repo_for(call, store, repo_id, prefix="/"), revision)
            folder = "/".join(filter(None, folders))
            if folder and folder not in repo.folders():
                raise entry_not_found(call, repo)
            return html_answer(tree_page(repo, revision, folder=folder, entries=behaviour.page_entries))
        case ["resolve", revision, *path]:
            repo = repo_for(call, store, repo_id, prefix="/")
            _check_access(call, repo)
            return _file(call, revision_of(call, store, repo, revision), "/".join(path))
        case _:
            return error_answer(404, NO_SUCH_PAGE, api=True)


def cached_file_answer(call: Call, store: Store) -> Answer:
    """The answer of /api/resolve-cache/models/{id}/{sha}/{file}: a small file, filled up to its size."""
    repo_id, rest = split_repo_id(call.segments[3:])
    repo = repo_for(call, store, repo_id, prefix="/api/resolve-cache/models/")
    _check_access(call, repo)
    repo = revision_of(call, store, repo, rest[0] if rest else "")
    path = "/".join(rest[1:])
    if path not in repo.files or repo.is_lfs(path):
        raise entry_not_found(call, repo)
    content = bytes(islice(cycle(f"{path} of {repo.object_id}\n".encode()), repo.files[path]))
    return Answer(200, content, TEXT, (("ETag", f'"{repo.blob_id(path)}"'), ("X-Repo-Commit", repo.sha)))


def _check_access(call: Call, repo: Repo) -> None:
    if repo.disabled:
        raise RefusedError(error_answer(403, "Access to this resource is disabled.", api=False))
    if repo.gated and not call.has_token:
        message = (
            f"Access to model {repo.id} is restricted. You must have access to it and be authenticated to access it. "
            "Please log in."
        )
        raise RefusedError(error_answer(401, message, api=False, code="GatedRepo"))
    if repo.gated:
        message = (
            f"Access to model {repo.id} is restricted and you are not in the authorized list. "
            f"Visit https://huggingface.co/{repo.id} to ask for access."
        )
        raise RefusedError(error_answer(403, message, api=False, code="GatedRepo"))


def _file(call: Call, repo: Repo, path: str) -> Answer:
    if path not in repo.files:
        raise entry_not_found(call, repo)
    commit = (("X-Repo-Commit", repo.sha), ("Accept-Ranges", "bytes"))
    if not repo.is_lfs(path):
        blob_id = repo.blob_id(path)
        cached = f"/api/resolve-cache/models/{repo.id}/{repo.sha}/{quote(path)}"
        location = f"{cached}?{quote(call.path, safe='')}=&etag=%22{blob_id}%22"
        return redirect_answer(location, headers=(*commit, ("X-Linked-Etag", f'"{blob_id}"')))
    xet_hash = repo.xet_hash(path)
    location = f"{CDN}/{repo.object_id}/{xet_hash}?X-Xet-Cas-Uid=public&Signature=none"
    headers = (
        ("Location", location),
        *commit,
        ("X-Linked-Size", str(repo.files[path])),
        ("X-Linked-ETag", f'"{repo.sha256(path)}"'),
        ("X-Xet-Hash", xet_hash),
        ("Link", f'<http://{call.host}/api/models/{repo.id}/xet-read-token/{repo.sha}>; rel="xet-auth"'),
        ("Cache-Control", "no-store"),
    )
    return Answer(302, f"Found. Redirecting to {location}".encode(), TEXT, headers, vary="Origin, Accept")
