"""The second route to the sizes: a repo's HTML tree page (``/{repo_id}/tree/{rev}``).

Up to 2024 at least the page carried the tree's JSON, exact bytes included, in an attribute; where it does not, the
displayed sizes ("1.22 GB": decimal, three digits) are all there is.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote, urlsplit

from parsel import Selector

from timm_sizes.errors import PayloadError
from timm_sizes.hub.checkpoint import choose_checkpoint
from timm_sizes.hub.endpoints import is_commit, is_repo_id
from timm_sizes.hub.payloads import (
    RepoFile,
    RepoInfo,
    is_file,
    is_filename,
    read_gated,
    read_license,
    read_timestamp,
    sound_files,
)


def parse_tree_page(text: str) -> RepoInfo:
    """Read a tree page; PayloadError when it is another page (a challenge, a login, a new layout).

    The sizes are whole bytes where the page embeds its entries, and the displayed text otherwise.
    """
    page = Selector(text=text, type="html")
    props = {target: _props(page, target) for target in ("ViewerIndexTreeList", "ModelHeader")}
    tree, model = props["ViewerIndexTreeList"], props["ModelHeader"].get("model")
    model = model if isinstance(model, dict) else {}
    context = tree.get("context")
    context = context if isinstance(context, dict) else {}
    commit = context.get("commit")
    commit = commit if isinstance(commit, dict) else {}
    author = commit.get("author")

    repo_id = _repo_id(page, context)
    sha = commit.get("id")
    files = _entries(tree["entries"]) if "entries" in tree else _displayed(page, repo_id)
    if not files:
        raise PayloadError("tree page without files")
    checkpoint = choose_checkpoint(files)
    if checkpoint is None and tree.get("nextURL"):
        raise PayloadError("tree page with the first files only, and no checkpoint among them")
    if checkpoint is not None and files[checkpoint].size == "0 Bytes":
        raise PayloadError(f"{checkpoint}: a size of 0")
    return RepoInfo(
        repo_id=repo_id,
        sha=sha if isinstance(sha, str) and is_commit(sha) else "",
        files=files,
        last_modified=read_timestamp(author.get("date")) if isinstance(author, dict) else "",
        license=read_license(model.get("cardData"), model.get("tags")),
        gated=read_gated(model.get("gated")),
    )


def _props(page: Selector, target: str) -> dict[str, Any]:
    raw = page.css(f'[data-target="{target}"]::attr(data-props)').get()
    try:
        data = json.loads(raw or "{}")
    except (ValueError, RecursionError) as error:
        raise PayloadError("tree page with broken data") from error
    return data if isinstance(data, dict) else {}


def _repo_id(page: Selector, context: dict[str, Any]) -> str:
    repo = context.get("repo")
    name = repo.get("name") if isinstance(repo, dict) else None
    if name is None:
        address = page.css('meta[property="og:url"]::attr(content)').get() or ""
        name = urlsplit(address).path.partition("/tree/")[0].lstrip("/")
    if not isinstance(name, str) or not is_repo_id(name):
        raise PayloadError("tree page without a repo id")
    return name


def _entries(entries: object) -> dict[str, RepoFile]:
    if not isinstance(entries, list):
        raise PayloadError("tree page without a list of files")
    return sound_files([entry for entry in entries if is_file(entry)], "path", "oid")


def _displayed(page: Selector, repo_id: str) -> dict[str, RepoFile]:
    files = {}
    for link in page.css("a[download][href]"):
        path = urlsplit(link.attrib["href"]).path
        prefix, _, filename = path.partition("/resolve/")
        shown = " ".join(link.css("::text").getall()).strip()
        name = unquote(filename.partition("/")[2])
        if prefix.strip("/") == repo_id and shown and is_filename(name):
            files[name] = RepoFile(shown)
    return files
