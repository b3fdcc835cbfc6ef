"""Counting that goes on when Redis does not (R29): a circuit breaker before it, and this process behind it.

After a failure Redis is left alone for a second, and then asked by one request; until it answers again, each web
process counts for itself and grants its share of every amount.  Never unlimited, never an outage.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

from idp import log
from idp.breaker import Breaker
from idp.config import Settings
from idp.http import metrics
from idp.http.buckets import Bucket, Buckets, MemoryBuckets, RedisBuckets, Spent
from idp.http.redis_client import FAILURES, RedisClient

TIMEOUT_SECONDS = 0.05
REST_SECONDS = 1.0


class Limiter:
    """Where this process counts.

    Args:
        shared: for all processes; None counts here alone.
        processes: how many web processes share a fallback's amounts.
    """

    def __init__(self, shared: Buckets | None, *, processes: int, client: RedisClient | None = None) -> None:
        self._shared = shared
        self._processes = processes
        self._client = client
        self._own = MemoryBuckets()
        self._breaker = Breaker(rest=REST_SECONDS)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limiter that an operator configured; nothing connects before it is used."""
        if settings.redis_url is None:
            return cls(None, processes=settings.web_workers)
        client = RedisClient(settings.redis_url.get_secret_value(), timeout=TIMEOUT_SECONDS)
        return cls(RedisBuckets(client), processes=settings.web_workers, client=client)

    def spend(self, buckets: Sequence[Bucket], cost: int = 1) -> Spent:
        """Spend `cost` of every bucket, or of none; 0 only looks.  Never raises."""
        if self._shared is not None and self._breaker.admits():
            try:
                spent = self._shared.spend(buckets, cost)
            except FAILURES as error:
                if self._breaker.failed():
                    log.get().warning("limits.redis_lost", error=type(error).__name__)
                    metrics.count_alone(is_alone=True)
            else:
                if self._breaker.succeeded():
                    log.get().warning("limits.redis_found")
                    metrics.count_alone(is_alone=False)
                return spent
        return self._own.spend([self._share(bucket) for bucket in buckets], cost)

    @property
    def is_alone(self) -> bool:
        """Whether this process counts for itself."""
        return self._shared is None or self._breaker.is_open

    def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            self._client.close()

    def _share(self, bucket: Bucket) -> Bucket:
        return replace(bucket, amount=max(1, bucket.amount // self._processes))
