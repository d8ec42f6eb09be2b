"""The second route to the sizes: a repo's HTML tree page (``/{repo_id}/tree/{rev}``).

Up to 2024 at least the page carried the tree's JSON, exact bytes included, in an attribute; where it does not, the
displayed sizes ("1.22 GB": decimal, three digits) are all there is.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from parsel import Selector

from timm_sizes.errors import PayloadError
from timm_sizes.hub.checkpoint import choose_checkpoint
from timm_sizes.hub.payloads import RepoFile, RepoInfo, dig, is_filename, load_json, parse_tree, repo_info


def parse_tree_page(body: bytes) -> RepoInfo:
    """Read a tree page; PayloadError when it is another page (a challenge, a login, a new layout).

    The sizes are whole bytes where the page embeds its entries, and the displayed text otherwise.
    """
    try:
        page = Selector(text=body.decode(), type="html")
    except UnicodeDecodeError:
        raise PayloadError("not a page") from None
    tree = _props(page, "ViewerIndexTreeList")
    model = dig(_props(page, "ModelHeader"), "model")
    entries, commit = dig(tree, "entries"), dig(tree, "context", "commit")
    files = parse_tree(entries) if entries is not None else _displayed(page, _repo_id(page, tree))
    checkpoint = choose_checkpoint(files)
    if checkpoint is None and dig(tree, "nextURL"):
        raise PayloadError("tree page with the first files only, and no checkpoint among them")
    if checkpoint is not None and files[checkpoint].size == "0 Bytes":
        raise PayloadError(f"{checkpoint}: a size of 0")
    about = {name: dig(model, name) for name in ("cardData", "tags", "gated", "private")}
    about |= {"id": _repo_id(page, tree), "sha": dig(commit, "id"), "lastModified": dig(commit, "author", "date")}
    return repo_info(about, files)


def _props(page: Selector, target: str) -> Any:
    return load_json(page.css(f'[data-target="{target}"]::attr(data-props)').get() or "{}")


def _repo_id(page: Selector, tree: object) -> Any:
    name = dig(tree, "context", "repo", "name")
    address = page.css('meta[property="og:url"]::attr(content)').get() or ""
    return name if name is not None else urlsplit(address).path.partition("/tree/")[0].lstrip("/")


def _displayed(page: Selector, repo_id: object) -> dict[str, RepoFile]:
    files = {}
    for link in page.css("a[download][href]"):
        prefix, _, filename = urlsplit(link.attrib["href"]).path.partition("/resolve/")
        shown = " ".join(link.css("::text").getall()).strip()
        name = unquote(filename.partition("/")[2])
        if prefix.strip("/") == repo_id and shown and is_filename(name):
            files[name] = RepoFile(shown)
    if not files:
        raise PayloadError("tree page without files")
    return files
