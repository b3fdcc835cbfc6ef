"""One web process that goes on counting while the Redis behind it fails: how much it granted, and how slowly."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from idp.http.buckets import Bucket, RedisBuckets
from idp.http.limiter import TIMEOUT_SECONDS, Limiter
from idp.http.redis_client import RedisClient

AMOUNT = 60
PATIENCE = 30.0


def buckets(tenant: int, amount: int = AMOUNT) -> list[Bucket]:
    """Three buckets of a tenant that nobody fills again today."""
    return [Bucket(f"tenant-{tenant}", name, "x", amount=amount, seconds=86_400) for name in ("a", "b", "c")]


@contextmanager
def limiter_at(url: str) -> Iterator[Limiter]:
    """A limiter as every web process has it, alone in its installation."""
    client = RedisClient(url, timeout=TIMEOUT_SECONDS)
    limiter = Limiter(RedisBuckets(client), processes=1, client=client)
    try:
        yield limiter
    finally:
        limiter.close()


@dataclass
class Count:
    """What a limiter granted and refused.

    Attributes:
        slowest: seconds of the request that waited longest.
    """

    limiter: Limiter
    granted: dict[int, int] = field(default_factory=dict)
    refused: int = 0
    slowest: float = 0.0

    def spend(self, tenants: Sequence[int]) -> None:
        """One request of each tenant."""
        for tenant in tenants:
            begun = time.monotonic()
            admitted = self.limiter.spend(buckets(tenant)).admitted
            self.slowest = max(self.slowest, time.monotonic() - begun)
            self.granted[tenant] = self.granted.get(tenant, 0) + admitted
            self.refused += not admitted

    def spend_until(self, seen: Callable[[], bool], tenants: Sequence[int]) -> float:
        """Requests, until it is so; the seconds that it took."""
        begun = time.monotonic()
        while not seen():
            assert time.monotonic() - begun < PATIENCE, f"not within {PATIENCE:g} s"
            self.spend(tenants)
        return time.monotonic() - begun


def is_found(limiter: Limiter, tenants: Sequence[int]) -> bool:
    """Whether Redis answered for every one of these tenants, one after the other."""
    return not any((limiter.spend(buckets(tenant), 0), limiter.is_alone)[1] for tenant in tenants)
