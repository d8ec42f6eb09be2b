"""What it means that no answer came: the cause in a few words, and whether another try could help."""

from __future__ import annotations

from dataclasses import dataclass

from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)

PROXY_LOGIN = "the proxy asks for a login (407)"


@dataclass(frozen=True)
class Cause:
    """Why a connection failed; ``is_lasting`` where the next one will fail likewise."""

    text: str
    is_lasting: bool = False


_NO_TRUST = Cause(
    "the server's certificate cannot be verified; for a certificate authority of your own set SSL_CERT_FILE",
    is_lasting=True,
)
# By what the message says, the first that fits: OpenSSL's errors and the proxy's status are nowhere else.
_BY_PHRASE = {
    "certificate verify failed": _NO_TRUST,
    "CertificateError": _NO_TRUST,
    "VerificationError": _NO_TRUST,
    "SSL routines": Cause("no TLS at this address, or none that both sides know", is_lasting=True),
    "'status': 407": Cause(PROXY_LOGIN, is_lasting=True),
}
_BY_TYPE: dict[type[BaseException | None], str] = {
    DownloadConnectionRefusedError: "connection refused",
    CannotResolveHostError: "the name of the host cannot be resolved (DNS)",
    DownloadTimeoutError: "no answer in time",
    TunnelError: "the proxy opens no connection",
}


def is_connection_failure(error: BaseException) -> bool:
    """Tell whether *error* means that nobody answered; not that an answer was ignored, too large or cut short."""
    return not isinstance(error, (IgnoreRequest, DownloadCancelledError, ResponseDataLossError))


def connection_cause(error: BaseException | None) -> Cause:
    """Return why the download that raised *error*, one of Scrapy's or Twisted's, got no answer."""
    text = " ".join(str(error).split())
    for phrase, cause in _BY_PHRASE.items():
        if phrase in text:
            return cause
    known = _BY_TYPE.get(type(error))
    return Cause(known or f"{type(error).__name__}: {text}"[:200])
