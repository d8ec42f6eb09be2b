"""Answers as the Hub words them: bodies, ETags and the headers that come with every one of them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"

AUTHENTICATE = ("WWW-Authenticate", 'Bearer realm="Authentication required", charset="UTF-8"')
ASK_FOR_LOGIN = "Invalid username or password."
BAD_CREDENTIALS = "Invalid credentials in Authorization header"
NO_SUCH_PAGE = "Sorry, we can't find the page you are looking for."

# Below this Express' compression is not worth its while.
SMALLEST_GZIPPED = 1024

EXPOSED = (
    "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,"
    "Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash"
)
HUB_HEADERS = (
    ("X-Powered-By", "huggingface-moon"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Access-Control-Max-Age", "86400"),
    ("Access-Control-Allow-Origin", "https://huggingface.co"),
    ("Access-Control-Expose-Headers", EXPOSED),
)
EDGE_HEADERS = (("Via", "1.1 mock.cloudfront.net (CloudFront)"), ("X-Amz-Cf-Pop", "IAD55-P8"))

Headers = tuple[tuple[str, str], ...]


def express_etag(body: bytes) -> str:
    """The weak ETag that Express computes; the Hub's are equal to it, over the body before gzip."""
    sha1 = base64.b64encode(hashlib.sha1(body).digest()).decode()[:27]
    return f'W/"{len(body):x}-{sha1}"'


@dataclass(frozen=True)
class Answer:
    """One answer, before the headers that differ from request to request."""

    status: int
    body: bytes
    content_type: str
    headers: Headers = ()
    vary: str = "Origin"
    # Given by the CDN in front of the Hub, which knows nothing of the Hub's headers.
    from_edge: bool = False
    # Sent exactly as it stands, for canned answers.
    bare: bool = False

    @cached_property
    def gzipped(self) -> bytes:
        return gzip.compress(self.body, mtime=0)

    @cached_property
    def etag(self) -> str | None:
        given = next((value for name, value in self.headers if name.lower() == "etag"), None)
        is_express = not (self.from_edge or self.bare or 300 <= self.status < 400)
        return given or (express_etag(self.body) if is_express else None)

    @cached_property
    def constant_headers(self) -> CIMultiDict[str]:
        if self.bare:
            return CIMultiDict(self.headers)
        cache = ("X-Cache", "Error from cloudfront" if self.status >= 400 else "Miss from cloudfront")
        headers = CIMultiDict([("Content-Type", self.content_type), *self.headers, cache, *EDGE_HEADERS])
        if not self.from_edge:
            headers.extend([("Vary", self.vary), *HUB_HEADERS])
            if self.etag:
                headers["ETag"] = self.etag
        return headers

    def to_response(self, request_headers: Mapping[str, str], own_headers: Headers) -> web.Response:
        """The response to one request; `own_headers` are those that no other request gets."""
        headers = self.constant_headers.copy()
        headers.extend(own_headers)
        if self._is_gzipped_for(request_headers):
            headers["Content-Encoding"] = "gzip"
            headers.add("Vary", "Accept-Encoding")
            response = web.Response(status=self.status, body=self.gzipped, headers=headers)
            response.enable_chunked_encoding()
            return response
        return web.Response(status=self.status, body=self.body, headers=headers)

    def _is_gzipped_for(self, request_headers: Mapping[str, str]) -> bool:
        if self.bare or self.from_edge or len(self.body) < SMALLEST_GZIPPED:
            return False
        return "gzip" in request_headers.get("Accept-Encoding", "")


class RefusedError(Exception):
    """Ends the making of an answer with another one, an error or a redirect."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(payload: Any, *, status: int = 200, headers: Headers = ()) -> Answer:
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, JSON, headers)


def text_answer(text: str, *, status: int = 200, headers: Headers = ()) -> Answer:
    return Answer(status, text.encode(), TEXT, headers)


def html_answer(html: str, *, status: int = 200, headers: Headers = ()) -> Answer:
    return Answer(status, html.encode(), HTML, headers)


def error_answer(status: int, message: str, *, api: bool, code: str | None = None, headers: Headers = ()) -> Answer:
    """A refusal: JSON on the API and bare text elsewhere, with the same message in X-Error-Message."""
    in_header = " ".join(message.encode("ascii", "ignore").decode().split())
    headers = (("X-Error-Message", in_header), *headers)
    if code:
        headers = (("X-Error-Code", code), *headers)
    if status == 401:
        headers = (*headers, AUTHENTICATE)
    if api:
        return json_answer({"error": message}, status=status, headers=headers)
    return text_answer(message, status=status, headers=headers)


def redirect_answer(location: str, *, headers: Headers = ()) -> Answer:
    text = f"Temporary Redirect. Redirecting to {location}".encode()
    return Answer(307, text, TEXT, (("Location", location), *headers), vary="Origin, Accept")


def edge_answer(status: int, title: str, *, headers: Headers = ()) -> Answer:
    """An error of the CDN: HTML, and none of the Hub's own headers."""
    page = (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{status} {title}</h1></body></html>\n"
    )
    return Answer(status, page.encode(), HTML, headers, from_edge=True)
