"""A response of the Hub in one trip: status, headers and body in; what it says, or an ErrorResponse, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from timm_sizes.errors import PayloadError
from timm_sizes.hub.endpoints import commit_of, next_list_url, next_tree_url, repo_of
from timm_sizes.hub.error_responses import ErrorResponse, error_response
from timm_sizes.hub.payloads import ListedRepo, RepoFile, RepoInfo, parse_model_info, parse_model_list, parse_tree
from timm_sizes.hub.tree_page import parse_tree_page
from timm_sizes.items import Status


@dataclass(frozen=True)
class HubResponse:
    """A response as it came: the address that answered, the HTTP status, headers by lower-case name, and the body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    had_token: bool = False


@dataclass(frozen=True)
class ModelList:
    """A page of an organisation's list: what it says of each repo, by id, and the address of the next page."""

    repos: dict[str, ListedRepo]
    next_url: str | None


@dataclass(frozen=True)
class RepoTree:
    """A page of a repo's files, by path, and the address of the next page."""

    files: dict[str, RepoFile]
    next_url: str | None


def read_repo(response: HubResponse, endpoint: str, route: str, *, named_revision: bool) -> RepoInfo | ErrorResponse:
    """Return the repo that *response* is about, asked for by *route* ("api" or "page") at model_info_url or
    tree_page_url of *endpoint*.

    A RepoInfo without files comes from a mirror that leaves out sizes. A response about another repo or commit than
    the address says is damaged.
    """
    at = answered_at(response.headers)
    if response.status != 200:
        error = _error(response, route, named_revision=named_revision)
        return replace(error, answered_at=at)
    try:
        info = _parse(response, route)
        if info.repo_id.lower() != repo_of(response.url, endpoint).lower():
            raise PayloadError("the answer is about another repo")
        commit = commit_of(response.url)
        # A self-hosted Hub may cut a commit of 64 digits to 40; a page without its data names none.
        if info.sha and not info.sha.startswith(commit) and not commit.startswith(info.sha):
            raise PayloadError("the answer is about another commit")
    except PayloadError as error:
        return ErrorResponse(Status.ERROR, f"no sound answer: {error}", may_pass=True)
    return replace(info, sha=info.sha or commit, answered_at=at)


def read_tree(response: HubResponse) -> RepoTree | ErrorResponse:
    """Return a page of a repo's files from a *response* at tree_url."""
    if response.status != 200:
        return replace(_error(response, "api", named_revision=False), answered_at=answered_at(response.headers))
    try:
        files = parse_tree(response.body)
    except PayloadError as error:
        return ErrorResponse(Status.ERROR, f"no sound answer: {error}", may_pass=True)
    return RepoTree(files, next_tree_url(response.url, response.headers.get("link", "")))


def read_list(response: HubResponse, endpoint: str) -> ModelList | ErrorResponse:
    """Return a page of an organisation's list from a *response* at list_url of *endpoint*."""
    if response.status != 200:
        return _error(response, "api", named_revision=False)
    at = answered_at(response.headers)
    try:
        repos = {name: replace(repo, answered_at=at) for name, repo in parse_model_list(response.body).items()}
    except PayloadError as error:
        return ErrorResponse(Status.ERROR, f"no sound answer: {error}", may_pass=True)
    return ModelList(repos, next_list_url(endpoint, response.headers.get("link", "")))


def answered_at(headers: Mapping[str, str]) -> str:
    """Return when the Hub answered, to the second: its Date header, which a cached answer keeps; else now."""
    try:
        moment = parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = datetime.now(UTC)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _error(response: HubResponse, route: str, *, named_revision: bool) -> ErrorResponse:
    return error_response(
        response.status, response.headers, route=route, had_token=response.had_token, named_revision=named_revision
    )


def _parse(response: HubResponse, route: str) -> RepoInfo:
    if route == "api":
        return parse_model_info(response.body)
    try:
        return parse_tree_page(response.body.decode("utf-8"))
    except UnicodeDecodeError:
        raise PayloadError("not a page") from None
