"""What the Hub means by a response that is not what was asked for: what a name gets by it, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from timm_sizes.items import Status

# The statuses that say something of a repo or of the request; others are left to retries.
TELLING_STATUSES = (400, 401, 403, 404, 422)


@dataclass(frozen=True)
class ErrorResponse:
    """A response without the facts that were asked for: the ``status`` of its names, and why, in words."""

    status: Status
    reason: str
    answered_at: str = ""
    # Worth another request: the response was damaged, or made no sense.
    may_pass: bool = False
    # The token is not valid: what comes next would be answered likewise, or wrongly.
    rejects_token: bool = False


def error_response(
    status: int, headers: Mapping[str, str], *, route: str, had_token: bool, named_revision: bool
) -> ErrorResponse:
    """Return what a response with the HTTP *status* (not 200) and *headers* (names in lower case) means.

    An anonymous 401 without ``X-Error-Code`` is how the Hub answers for a repo that is missing or private; with a
    valid token it is 404 RepoNotFound, whatever the repo, so that a bare 401 to a token is about the token. A page
    carries no code. *named_revision*: the revision was the user's own, not a commit from a list that has gone since.
    """
    code, message = headers.get("x-error-code", ""), headers.get("x-error-message", "")
    missing_page = status == 404 and route == "page" and not code
    is_page = headers.get("content-type", "").startswith("text/html")
    result = ErrorResponse(Status.ERROR, f"HTTP {status}")
    if code == "GatedRepo":
        result = ErrorResponse(Status.GATED, "access to this repo has to be asked for on the Hub")
    elif status == 403 and "disabled" in message:
        result = ErrorResponse(Status.GATED, "the Hub has disabled access to this repo")
    elif code == "RevisionNotFound" and named_revision:
        result = ErrorResponse(Status.NOT_FOUND, "the repo has no such revision")
    elif code == "RepoNotFound" or (status == 401 and not code and not had_token) or (missing_page and is_page):
        result = ErrorResponse(Status.NOT_FOUND, "no such repo on the Hub, or a private one")
    elif status == 401 and had_token:
        result = ErrorResponse(Status.ERROR, "the Hub does not accept the token", rejects_token=True)
    elif missing_page:
        result = ErrorResponse(Status.ERROR, "HTTP 404: this server has no pages to read, only an API (route=api)")
    return result
