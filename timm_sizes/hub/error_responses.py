"""What the Hub means by an error response."""

from __future__ import annotations

from collections.abc import Mapping

from timm_sizes.items import Status


def refusal(status: int, headers: Mapping[str, str], route: str) -> tuple[Status, str] | None:
    """Return what an answer with the HTTP *status* 401, 403 or 404 means, or None where it says nothing of the repo.

    *headers* are the Hub's ``X-Error-Code`` and ``X-Error-Message`` by lower-case name. An anonymous 401 without a
    code is how the Hub answers for a repo that is missing or private; with a token it is 404 RepoNotFound. A page
    carries no code.
    """
    code, message = headers.get("x-error-code", ""), headers.get("x-error-message", "")
    if code == "GatedRepo":
        return Status.GATED, "access to this repo has to be asked for on the Hub"
    if status == 403 and "disabled" in message:
        return Status.GATED, "the Hub has disabled access to this repo"
    if code == "RevisionNotFound":
        return Status.NOT_FOUND, "the repo has no such revision"
    if code == "RepoNotFound" or (status == 401 and not code) or (status == 404 and route == "page"):
        return Status.NOT_FOUND, "no such repo on the Hub, or a private one"
    return None
