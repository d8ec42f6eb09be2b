"""No answer at all: the cause in words, and whether another try could help."""

from __future__ import annotations

import pytest
from scrapy.core.downloader.handlers.http11 import TunnelError
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)

from timm_sizes.middlewares.connection import connection_cause, is_connection_failure

VERIFY = "[<twisted.python.failure.Failure OpenSSL.SSL.Error: [('SSL routines', '', 'certificate verify failed')]>]"
VERSION = "[<twisted.python.failure.Failure OpenSSL.SSL.Error: [('SSL routines', '', 'wrong version number')]>]"
PROXY = "Could not open CONNECT tunnel with proxy p:3128 [{'status': 407, 'reason': b'Proxy Authentication Required'}]"
NO_TUNNEL = "Could not open CONNECT tunnel with proxy p:3128 [{'status': 503, 'reason': b'Service Unavailable'}]"


@pytest.mark.parametrize(
    ("error", "words", "is_lasting"),
    [
        (DownloadConnectionRefusedError("Connection was refused by other side: 111."), "refused", False),
        (CannotResolveHostError("DNS lookup failed: no results for hostname lookup: x."), "DNS", False),
        (DownloadTimeoutError("Getting x took longer than 30 seconds."), "timed out", False),
        (DownloadFailedError(VERIFY), "SSL_CERT_FILE", True),
        (DownloadFailedError(VERSION), "no TLS", True),
        (TunnelError(PROXY), "407", True),
        (TunnelError(NO_TUNNEL), "proxy", False),
        (DownloadFailedError("Connection to the other side was\nlost"), "was lost", False),
    ],
)
def test_cause_is_told_in_a_line(error: Exception, words: str, is_lasting: bool) -> None:
    cause, lasts = connection_cause(error)
    assert words in cause
    assert "\n" not in cause
    assert lasts is is_lasting
    assert is_connection_failure(error)


@pytest.mark.parametrize("error", [IgnoreRequest("x"), DownloadCancelledError("too large"), ResponseDataLossError()])
def test_answer_that_is_not_taken_is_no_failed_connection(error: Exception) -> None:
    assert not is_connection_failure(error)
