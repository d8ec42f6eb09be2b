"""The connection to Redis, which has to outlive a restart of it."""

from __future__ import annotations

from redis import ConnectionPool, Redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from timm_sizes.errors import InputError

QUEUE_NAME = "timm_sizes"

# Some five minutes.
_RETRIES = 62
_LONGEST_PAUSE = 5.0


def check_url(url: str) -> None:
    """Raise InputError unless *url* is one of Redis; the message does not repeat it, for it may hold a password."""
    try:
        ConnectionPool.from_url(url)
    except ValueError as error:
        raise InputError(f"REDIS_URL: {str(error).replace(url, '…')}; expected redis://HOST:PORT/NUMBER") from None


def connect(url: str) -> Redis:
    """Return a connection to the Redis at *url* that waits for it, once it was there, for some minutes.

    Raises InputError when it is not there now.
    """
    check_url(url)
    connection = Redis.from_url(url, retry=Retry(NoBackoff(), 0))
    try:
        connection.ping()
    except RedisError as error:
        raise InputError(f"REDIS_URL: {error}; expected a Redis server") from None
    connection.set_retry(Retry(ExponentialBackoff(cap=_LONGEST_PAUSE, base=0.1), _RETRIES))
    return connection
