"""The HTTP cache's policy, which keeps answers at a commit for ever, and its storage, one SQLite file."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from time import time
from typing import Any
from zlib import crc32

from scrapy import Request, Spider
from scrapy.extensions.httpcache import RFC2616Policy
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from scrapy.settings import BaseSettings
from scrapy.utils.project import data_path
from scrapy.utils.request import RequestFingerprinterProtocol
from w3lib.http import headers_dict_to_raw, headers_raw_to_dict

from timm_sizes.hub.endpoints import Address, address_of, parse_endpoint
from timm_sizes.hub.payloads import RepoInfo
from timm_sizes.hub.responses import RepoTree
from timm_sizes.middlewares.messages import REFRESH_META, answer_in

logger = logging.getLogger(__name__)


class HubCachePolicy(RFC2616Policy):
    """Keeps an answer at a commit for ever, and nothing else of the Hub: lists and branches move, refusals pass.

    Only an answer that was understood is kept, so that a challenge page or a cut body never sticks. What does not
    come from the Hub (a benchmark table) follows HTTP's own caching rules.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._endpoint = parse_endpoint(settings["HF_ENDPOINT"])

    def should_cache_request(self, request: Request) -> bool:
        address = self._address(request)
        return bool(address.commit) if address else super().should_cache_request(request)

    def should_cache_response(self, response: Response, request: Request) -> bool:
        if response.status != 200:
            return False
        if self._address(request) is None:
            return super().should_cache_response(response, request)
        answer = answer_in(response, request, self._endpoint)
        return isinstance(answer, RepoTree) or (isinstance(answer, RepoInfo) and answer.has_sizes)

    def is_cached_response_fresh(self, cachedresponse: Response, request: Request) -> bool:
        if self._address(request) is None:
            return super().is_cached_response_fresh(cachedresponse, request)
        return not request.meta.get(REFRESH_META)

    def is_cached_response_valid(self, cachedresponse: Response, response: Response, request: Request) -> bool:
        return self._address(request) is None and super().is_cached_response_valid(cachedresponse, response, request)

    def _address(self, request: Request) -> Address | None:
        return address_of(request.url, self._endpoint)


class SqliteCacheStorage:
    """Keeps answers in one SQLite file a spider, each in a transaction of its own: a kill leaves all that was stored.

    Scrapy's file storage writes seven files an answer, the request's headers among them; its DBM storage is damaged
    by a kill. Request headers, and with them the token, are not stored here. The file is made anew when it turns out
    to be damaged, because all it holds can be requested again.
    """

    def __init__(self, settings: BaseSettings) -> None:
        self._folder = Path(data_path(settings["HTTPCACHE_DIR"], createdir=True))
        self._expiration_secs = settings.getint("HTTPCACHE_EXPIRATION_SECS")

    def open_spider(self, spider: Spider) -> None:
        self._path = self._folder / f"{spider.name}.sqlite"
        try:
            self._database = _connect(self._path)
        except sqlite3.DatabaseError as error:
            self._do_without(error)
        assert spider.crawler.request_fingerprinter is not None
        self._fingerprinter: RequestFingerprinterProtocol = spider.crawler.request_fingerprinter
        self._stats = spider.crawler.stats

    def close_spider(self, spider: Spider) -> None:
        self._database.close()

    def retrieve_response(self, spider: Spider, request: Request) -> Response | None:
        query = "SELECT stored_at, checksum, url, status, headers, body FROM answers WHERE fingerprint = ?"
        found = self._execute(query, self._fingerprinter.fingerprint(request))
        if found is None or 0 < self._expiration_secs < time() - found[0]:
            return None
        stored_at, checksum, *answer = found
        # SQLite notices a page that makes no sense, not a digit that is another one.
        if checksum != _checksum(answer):
            return None
        url, status, raw_headers, body = answer
        headers = Headers(headers_raw_to_dict(raw_headers))
        response_class = responsetypes.from_args(headers=headers, url=url, body=body)
        request.meta["cache_timestamp"] = stored_at
        return response_class(url=url, status=status, headers=headers, body=body)

    def store_response(self, spider: Spider, request: Request, response: Response) -> None:
        answer = (response.url, response.status, headers_dict_to_raw(response.headers), response.body)
        insert = (
            "INSERT OR REPLACE INTO answers (fingerprint, stored_at, checksum, url, status, headers, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        try:
            self._execute(insert, self._fingerprinter.fingerprint(request), time(), _checksum(answer), *answer)
        except sqlite3.DatabaseError as error:
            # A full disk must not cost the answer: it is requested again next time.
            if not self._stats.get_value("httpcache/store_error"):
                logger.warning("Answers cannot be kept in the HTTP cache: %s", error)
            self._stats.inc_value("httpcache/store_error")

    def _execute(self, statement: str, *values: object) -> Any:
        """Execute *statement* and return its row, None if there is none; in a new file where this one is damaged."""
        try:
            return self._database.execute(statement, values).fetchone()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._database.close()
            self._do_without(error)
        return self._database.execute(statement, values).fetchone()

    def _do_without(self, error: sqlite3.Error) -> None:
        """Set a damaged file aside for a new one; keep answers in memory where neither can be used."""
        reason: Exception = error
        if _is_damage(error):
            aside = self._path.with_suffix(".damaged")
            try:
                self._path.replace(aside)
                for log in ("-wal", "-shm"):
                    self._path.with_name(f"{self._path.name}{log}").unlink(missing_ok=True)
                self._database = _connect(self._path)
            except (OSError, sqlite3.DatabaseError) as failure:
                reason = failure
            else:
                logger.warning("The HTTP cache %s is damaged (%s): set aside as %s", self._path, error, aside.name)
                return
        # A full or read-only disk: the crawl can do without.
        logger.warning("The HTTP cache %s cannot be used (%s): nothing is kept this time", self._path, reason)
        self._database = _connect(":memory:")


def _checksum(answer: Iterable[object]) -> int:
    return crc32(repr(tuple(answer)).encode())


def _is_damage(error: sqlite3.Error) -> bool:
    # The low byte is the kind of error, what is above it the details.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _connect(path: Path | str) -> sqlite3.Connection:
    # Autocommit, with a write-ahead log: an answer is safe from a kill as soon as it is stored, without an fsync each.
    database = sqlite3.connect(path, isolation_level=None, timeout=30)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS answers (fingerprint BLOB PRIMARY KEY, stored_at REAL, url TEXT,"
            " status INTEGER, headers BLOB, body BLOB, checksum INTEGER)"
        )
    except BaseException:
        database.close()
        raise
    return database
