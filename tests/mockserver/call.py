"""One request, taken apart as the routes need it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, quote, unquote

REPO_VERBS = frozenset({"revision", "tree", "paths-info", "treesize", "scan", "commits", "refs", "resolve", "blob"})


@dataclass(frozen=True)
class Call:
    """What was asked, where, and whether with a token the Hub knows."""

    method: str
    target: str
    host: str
    has_token: bool

    @cached_property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @cached_property
    def segments(self) -> list[str]:
        """The decoded path segments; an encoded slash does not separate them."""
        return [unquote(segment) for segment in self.path.split("/")[1:]]

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    def param(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return dict(self.query).get(name, default)

    def flag(self, name: str) -> bool:
        return self.param(name).lower() in {"true", "1"}

    @property
    def is_api(self) -> bool:
        return self.segments[0] == "api"

    def with_repo_id(self, prefix: str, old_id: str, new_id: str) -> str:
        """The same target for another repo, relative and with its query, as the Hub redirects to it."""
        after = self.path.split("/")[prefix.count("/") + old_id.count("/") + 1 :]
        _, mark, query = self.target.partition("?")
        return "/".join([prefix + quote(new_id), *after]) + mark + query


def split_repo_id(segments: list[str]) -> tuple[str, list[str]]:
    """The repo id that leads these segments, with or without a namespace, and what follows it."""
    namespaced = len(segments) > 1 and not (segments[1] in REPO_VERBS and len(segments) > 2)
    length = 2 if namespaced else 1
    return "/".join(segments[:length]), segments[length:]
