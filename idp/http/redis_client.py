"""One Redis or Valkey client a process, of whatever kind its URL says, made when it is first asked for.

A failed command is tried once more only where a connection from the pool had been closed meanwhile: the library's own
patience (three tries with pauses) would outlast the request.
"""

import threading

import redis
from redis import RedisError
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.exceptions import RedisClusterException
from redis.retry import Retry

Client = redis.Redis | RedisCluster

FAILURES = (RedisError, RedisClusterException, OSError)
"""What a client raises when there is no answer: a cluster without a node is no `RedisError` to the library."""

_CLUSTER = {"redis+cluster": "redis", "rediss+cluster": "rediss"}


class RedisClient:
    """Address and patience of a client.

    Args:
        url: as `idp.config` checked it.
        timeout: seconds for a connection, and for each answer.
    """

    def __init__(self, url: str, *, timeout: float) -> None:
        self._url = url
        self._timeout = timeout
        self._made: Client | None = None
        self._making = threading.Lock()

    def get(self) -> Client:
        """The client.

        Raises:
            RedisClusterException: no node of the cluster answers.
        """
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made

    def close(self) -> None:
        """Close every connection."""
        if self._made is not None:
            self._made.close()

    def _make(self) -> Client:
        scheme, rest = self._url.split("://", 1)
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        if scheme in _CLUSTER:
            return RedisCluster.from_url(
                f"{_CLUSTER[scheme]}://{rest}",
                socket_connect_timeout=self._timeout,
                socket_timeout=self._timeout,
                retry=retry,
            )
        return redis.Redis.from_url(
            self._url, socket_connect_timeout=self._timeout, socket_timeout=self._timeout, retry=retry
        )
