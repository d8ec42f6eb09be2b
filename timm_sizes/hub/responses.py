"""A response of the Hub in one trip: status, headers and body in; what it says, or an ErrorResponse, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from timm_sizes.errors import PayloadError
from timm_sizes.hub.endpoints import HUB, Address, Kind, address_of, next_page_url
from timm_sizes.hub.payloads import RepoFile, RepoInfo, load_json, parse_model_info, parse_model_list, parse_tree
from timm_sizes.hub.tree_page import parse_tree_page
from timm_sizes.items import Status

# The statuses that say something of a repo or of the request; others are left to retries.
TELLING_STATUSES = (400, 401, 403, 404, 422)
# The headers that are read here.
HEADERS = ("content-type", "date", "link", "x-error-code", "x-error-message")


@dataclass(frozen=True)
class HubResponse:
    """A response as it came: the address that answered, the HTTP status, HEADERS by name, and the body."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    had_token: bool = False

    @property
    def is_html(self) -> bool:
        """Whether the body is a page for people."""
        return self.headers.get("content-type", "").startswith("text/html")


@dataclass(frozen=True)
class ModelList:
    """A page of an organisation's list: what it says of each repo, by id, and the address of the next page."""

    repos: dict[str, RepoInfo]
    next_url: str | None


@dataclass(frozen=True)
class RepoTree:
    """A page of a repo's files, by path, and the address of the next page."""

    files: dict[str, RepoFile]
    next_url: str | None


@dataclass(frozen=True)
class ErrorResponse:
    """A response without the facts that were requested: the ``status`` of its names, and why, in words."""

    status: Status
    reason: str
    answered_at: str = ""
    # Worth another request: the response was damaged, or made no sense.
    may_pass: bool = False
    # A server that answers, but not to a request of this form: another form may do, which huggingface.co never needs.
    is_of_form: bool = False
    # The token is not valid: what comes next would be answered likewise, or wrongly.
    rejects_token: bool = False
    # There is no such revision, but perhaps the repo.
    is_of_revision: bool = False


Answer = RepoInfo | RepoTree | ModelList | ErrorResponse


def read_response(response: HubResponse, endpoint: str) -> Answer:
    """Return what *response* says, by the kind of the address of *endpoint* that gave it.

    A RepoInfo without sizes comes from a mirror that leaves them out. A response about another repo or commit than the
    address says is damaged.
    """
    address, at = address_of(response.url, endpoint), answered_at(response.headers)
    if response.status != 200:
        return replace(_error(response, address), answered_at=at)
    origin = "" if endpoint == HUB else endpoint
    try:
        kind = address.kind if address else None
        if response.is_html and kind is not Kind.PAGE:
            raise PayloadError("an HTML page where the API was requested")
        next_url = next_page_url(response.url, response.headers.get("link", ""))
        if kind is Kind.TREE:
            return RepoTree(parse_tree(load_json(response.body)), next_url)
        if kind is Kind.LIST:
            repos = parse_model_list(response.body).items()
            return ModelList({name: replace(repo, answered_at=at, endpoint=origin) for name, repo in repos}, next_url)
        if address is None or kind not in (Kind.REPO, Kind.PAGE):
            raise PayloadError("not from an address that was requested")
        info = parse_model_info(response.body) if kind is Kind.REPO else parse_tree_page(response.body)
        if info.repo_id.lower() != address.repo_id.lower():
            raise PayloadError("about another repo")
        # A self-hosted Hub may cut a commit of 64 digits to 40; a page without its data names none.
        if info.sha and not info.sha.startswith(address.commit) and not address.commit.startswith(info.sha):
            raise PayloadError("about another commit")
    except PayloadError as error:
        return ErrorResponse(Status.ERROR, f"invalid response: {error}", at, may_pass=True)
    return replace(info, sha=info.sha or address.commit, answered_at=at, endpoint=origin)


def answered_at(headers: Mapping[str, str]) -> str:
    """Return when the Hub answered, to the second: its Date header, which a cached answer keeps; else now.

    A date that is still to come is not believed: nothing said later would count as newer.
    """
    now = datetime.now(UTC)
    try:
        moment = parsedate_to_datetime(headers.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        moment = now
    if moment > now + timedelta(days=1):
        moment = now
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _error(response: HubResponse, address: Address | None) -> ErrorResponse:
    """Return what a response with an HTTP status that is not 200 means.

    An anonymous 401 without ``X-Error-Code`` is how the Hub's API answers, in JSON, for a repo that is missing or
    private; with a valid token it is 404 RepoNotFound, whatever the repo, so that a bare 401 to a token is about the
    token. A page carries no code.
    """
    status, code = response.status, response.headers.get("x-error-code", "")
    is_page = address is not None and address.kind is Kind.PAGE
    is_bare = status == 401 and not code and (is_page or not response.is_html)
    is_of_form = status in (400, 404, 422) and not is_page
    error = ErrorResponse(Status.ERROR, f"HTTP {status}", is_of_form=is_of_form)
    if code == "GatedRepo":
        error = ErrorResponse(Status.GATED, "access to this repo has to be requested on the Hub")
    elif status == 403 and "disabled" in response.headers.get("x-error-message", ""):
        error = ErrorResponse(Status.GATED, "the Hub has disabled access to this repo")
    elif code == "RevisionNotFound":
        error = replace(error, status=Status.NOT_FOUND, reason="the repo has no such revision", is_of_revision=True)
    elif is_bare and response.had_token:
        error = ErrorResponse(Status.ERROR, "the Hub does not accept the token", rejects_token=True)
    elif code == "RepoNotFound" or is_bare or (status == 404 and is_page and response.is_html):
        error = replace(error, status=Status.NOT_FOUND, reason="no such repo on the Hub, or a private one")
    elif status == 404 and is_page:
        error = replace(error, reason="HTTP 404: this server has no pages to read, only an API (route=api)")
    return error
