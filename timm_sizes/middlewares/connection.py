"""Connections that fail: the cause in a few words, and the end of a crawl that reaches nobody."""

from __future__ import annotations

from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import Response

from timm_sizes.middlewares.messages import HubMiddleware, end_crawl
from timm_sizes.stats import FAILURE_STAT

_PROXY_LOGIN = "the proxy asks for a login (407)"


_NO_TRUST = "the server's certificate cannot be verified; for a certificate authority of your own set SSL_CERT_FILE"
# Causes that last, by what the message says, the first that fits: OpenSSL's errors and the proxy's status are nowhere
# else.
_LASTING = {
    "certificate verify failed": _NO_TRUST,
    "CertificateError": _NO_TRUST,
    "VerificationError": _NO_TRUST,
    "SSL routines": "no TLS at this address, or none that both sides know",
    "'status': 407": _PROXY_LOGIN,
}
_BY_TYPE: dict[type[BaseException | None], str] = {
    DownloadConnectionRefusedError: "connection refused",
    CannotResolveHostError: "the name of the host cannot be resolved (DNS)",
    DownloadTimeoutError: "timed out",
    TunnelError: "the proxy opens no connection",
}


def is_connection_failure(error: BaseException | None) -> bool:
    """Return whether *error* means that nobody answered; not that an answer was ignored, too large or cut short."""
    return not isinstance(error, (IgnoreRequest, DownloadCancelledError, ResponseDataLossError))


def connection_cause(error: BaseException | None) -> tuple[str, bool]:
    """Return why the download that raised *error*, one of Scrapy's or Twisted's, got no answer, and if that lasts."""
    text = " ".join(str(error).split())
    for phrase, cause in _LASTING.items():
        if phrase in text:
            return cause, True
    return _BY_TYPE.get(type(error)) or f"{type(error).__name__}: {text}"[:200], False


class ConnectionGuard(HubMiddleware):
    """Ends a crawl that reaches nobody: after 20 failed connections without one answer, saying why.

    What would fail likewise the next time, such as a certificate, is not retried. Where a server has answered at
    times, its failures are those of single names, unless it is gone for good.
    """

    MOST_FAILURES = 20

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._failures = 0
        self._had_answer = False
        self._reason = ""
        crawler.signals.connect(self.spider_closed, signal=signals.spider_closed)

    def process_response(self, request: Request, response: Response) -> Response:
        if response.status == 407:
            self._failed(request, _PROXY_LOGIN, is_lasting=True)
        else:
            self._failures, self._had_answer = 0, True
        return response

    def process_exception(self, request: Request, exception: Exception) -> None:
        if is_connection_failure(exception):
            self._failed(request, *connection_cause(exception))

    def spider_closed(self) -> None:
        # Too few failures to end the crawl, but no answer beside them either.
        if self._reason and not self._had_answer:
            self._crawler.stats.set_value(FAILURE_STAT, self._reason)

    def _failed(self, request: Request, cause: str, is_lasting: bool) -> None:
        self._failures += 1
        parts = urlsplit(request.url)
        hint = getattr(self._crawler.spider, "network_hint", "")
        self._reason = f"{parts.scheme}://{parts.netloc} cannot be reached: {cause}{hint}"
        if is_lasting or self._failures >= self.MOST_FAILURES:
            request.meta["dont_retry"] = True
        if self._failures == self.MOST_FAILURES:
            end_crawl(self._crawler, self._reason)
