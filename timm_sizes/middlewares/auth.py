"""The token, and the login of a proxy, on a request only while it is under way."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response

from timm_sizes.hub.token import may_carry_token, read_token
from timm_sizes.middlewares.messages import TOKEN_META, HubMiddleware, forget_secrets


class HubAuth(HubMiddleware):
    """Puts the user's token on requests to the Hub itself, and takes it off again before anything can keep it.

    So with the login of a proxy, which HttpProxyMiddleware puts on. The token is read from the environment here and
    not from a setting, so that ``scrapy settings`` cannot print it.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._token = read_token(os.environ)

    def process_request(self, request: Request) -> None:
        request.meta.pop(TOKEN_META, None)
        in_clear_text = urlsplit(request.url).scheme == "http" and request.meta.get("proxy") is not None
        if self._token and may_carry_token(request.url, self._endpoint) and not in_clear_text:
            request.headers["Authorization"] = f"Bearer {self._token}"
            request.meta[TOKEN_META] = True

    def process_response(self, request: Request, response: Response) -> Response:
        forget_secrets(request)
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        forget_secrets(request)
