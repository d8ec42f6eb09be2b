"""The HTML page of a repo's files, reduced to the structure that a reader of sizes can rely on."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote

from .repos import Repo

UNITS = ("Bytes", "kB", "MB", "GB", "TB")


def displayed_size(size: int) -> str:
    """A size as the Hub shows it: decimal units, three significant digits, no trailing zeros."""
    scaled, power = float(size), 0
    while scaled >= 1000 and power < len(UNITS) - 1:
        scaled /= 1000
        power += 1
    return f"{float(f'{scaled:.3g}'):g} {UNITS[power]}"


def tree_page(repo: Repo, revision: str, *, entries: bool = True) -> str:
    """The page /{id}/tree/{revision}; without `entries` only the displayed sizes are left."""
    shown = repo.tree_entries()
    listing: dict[str, Any] = {
        "context": {
            "rev": revision,
            "repo": {"_id": repo.object_id, "type": "model", "name": repo.id},
            "commit": {"id": repo.sha, "subject": "Add model", "parentIds": []},
        },
        "entries": shown,
        "nextURL": None,
        "query": {},
    }
    if not entries:
        del listing["entries"]
    rows = "\n".join(_row(repo, quote(revision, safe=""), entry) for entry in shown)
    return f"""<!DOCTYPE html>
<html class="">
<head>
<meta charset="utf-8"/>
<title>{escape(repo.id)} at {escape(revision)}</title>
</head>
<body class="flex flex-col min-h-dvh bg-white dark:bg-gray-950 text-black ViewerIndexPage">
{_island("MainHeader", {"classNames": "", "isWide": False, "isZh": False})}
{_island("SSOBanner", {}, quoted='"')}
{_island("ModelHeader", _header(repo), quoted='"')}
{_island("BranchSelector", {"repoName": repo.id, "repoType": "model", "rev": revision, "view": "tree"})}
{_island("UnsafeBanner", {"repoId": repo.id, "revision": revision, "isUnsafe": False, "infectedFiles": []})}
{_island("LastCommit", {"commitLast": {"date": repo.last_modified, "commit": {"id": repo.sha}}})}
{_island("ViewerIndexTreeList", listing, content=f'<ul class="mb-8 rounded-b-lg border">{rows}</ul>')}
</body>
</html>
"""


def _header(repo: Repo) -> dict[str, Any]:
    shown = ("author", "cardData", "config", "downloads", "downloadsAllTime", "id", "lastModified", "likes",
             "pipeline_tag", "library_name", "model-index", "private", "gated", "tags", "safetensors")  # fmt: skip
    properties = repo.properties()
    model = {key: properties[key] for key in shown if key in properties}
    model |= {"cardExists": "README.md" in repo.files, "repoType": "model"}
    return {"activeTab": "files", "author": {"name": repo.author, "type": "org"}, "model": model}


def _island(target: str, props: dict[str, Any], *, quoted: str = "'", content: str = "") -> str:
    # The Hub quotes the attribute either way and escapes only the quote it uses; a reader has to cope with both.
    text = json.dumps(props, ensure_ascii=False, separators=(",", ":"))
    attribute = escape(text, quote=False).replace(quoted, "&#39;" if quoted == "'" else "&quot;")
    hydrater = f'<div class="SVELTE_HYDRATER contents" data-props={quoted}{attribute}{quoted} data-target="{target}">'
    return f"{hydrater}\n{content}</div>"


def _row(repo: Repo, revision: str, entry: dict[str, Any]) -> str:
    path = quote(entry["path"])
    name = escape(entry["path"].rpartition("/")[2])
    label = f'<svg class="flex-none mr-2"></svg>\n<span class="truncate group-hover:underline">{name}</span>'
    if entry["type"] == "directory":
        return f'<li class="grid h-10"><a class="group" href="/{repo.id}/tree/{revision}/{path}">{label}</a></li>'
    return f"""<li class="grid h-10 grid-cols-12 place-content-center gap-x-3 border-t px-3">
<a class="group flex items-center truncate" href="/{repo.id}/blob/{revision}/{path}">{label}</a>
<a class="group col-span-4 font-mono" download href="/{repo.id}/resolve/{revision}/{path}?download=true" \
title="Download file">{displayed_size(entry["size"])}
<div class="ml-2 flex"><svg class="" focusable="false"></svg></div></a>
<a class="col-span-4 hidden" href="/{repo.id}/commit/{repo.sha}">Add model</a></li>"""
