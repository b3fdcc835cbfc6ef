"""One Redis or Valkey client a process, of whatever kind its URL says, made when it is first asked for.

A failed command is tried once more only where a connection from the pool had been closed meanwhile: the library's own
patience (three tries with pauses) would outlast the request.
"""

import threading
from typing import Any

import redis
from redis import RedisError
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import SSLConnection, parse_url
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection, SentinelManagedSSLConnection

from idp.config_values import parse_redis_url

Client = redis.Redis | RedisCluster

FAILURES = (RedisError, RedisClusterException, OSError)
"""What a client raises when there is no answer: a cluster without a node is no `RedisError` to the library."""

_PORT, _SENTINEL_PORT = 6379, 26379


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
        self._sentinels: Sentinel | None = None
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
        for part in (self._made, self._sentinels):
            if part is not None:
                part.close()

    def _make(self) -> Client:
        place = parse_redis_url(self._url)
        patience: dict[str, Any] = {
            "socket_connect_timeout": self._timeout,
            "socket_timeout": self._timeout,
            "retry": Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        }
        if place.kind == "sentinel":
            return self._master(place.hosts, place.service, patience)
        if place.kind == "cluster":
            others = [_read(host) for host in place.hosts[1:]]
            nodes = [ClusterNode(each["host"], each.get("port", _PORT)) for each in others]  # type: ignore[no-untyped-call]
            return RedisCluster.from_url(place.hosts[0], startup_nodes=nodes, **patience)
        return redis.Redis.from_url(place.hosts[0], **patience)

    def _master(self, hosts: tuple[str, ...], service: str, patience: dict[str, Any]) -> redis.Redis:
        """Whichever server the sentinels call the master when a connection is made; they take the same credentials."""
        read = [_read(host) for host in hosts]
        options = patience | {name: read[0][name] for name in ("username", "password") if name in read[0]}
        is_tls = read[0].get("connection_class") is SSLConnection
        addresses = [(each["host"], each.get("port", _SENTINEL_PORT)) for each in read]
        self._sentinels = Sentinel(addresses, sentinel_kwargs=options | {"ssl": is_tls}, **options)  # type: ignore[no-untyped-call]
        master: redis.Redis = self._sentinels.master_for(  # type: ignore[no-untyped-call]
            service, db=read[0].get("db", 0), connection_class=_TlsToMaster if is_tls else _ToMaster
        )
        return master


class _Hasty:
    """A connection that is closed when an answer is late, as all others are: the library keeps one to a master.

    The late answer would be taken for that to the next command, and a master that froze would be asked for ever.
    """

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """The next answer."""
        return super().read_response(*args, **kwargs | {"disconnect_on_error": True})  # type: ignore[misc]


class _ToMaster(_Hasty, SentinelManagedConnection):
    pass


class _TlsToMaster(_Hasty, SentinelManagedSSLConnection):
    pass


def _read(host: str) -> dict[str, Any]:
    read: dict[str, Any] = parse_url(host)  # type: ignore[no-untyped-call]
    return read
