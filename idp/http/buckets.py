"""Where limits are counted: in Redis, one script and one round trip for all buckets of a request, or in this process.

Both count by a sliding window: what this window counted, and of the one before the part that still reaches into the
last `seconds`.  A request spends of all its buckets, or of none when one is empty; a refusal costs nothing.
"""

import hashlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from cachetools import LRUCache
from redis.exceptions import NoScriptError

from idp.http.redis_client import RedisClient

_SCRIPT = Path(__file__).with_name("sliding_window.lua").read_text(encoding="utf-8")
_SHA = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_MOST_IN_MEMORY = 50_000
_PREFIX = "idp:sliding-window"


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is counted, and how much of it there is.

    Attributes:
        tenant: its UUID as text.
        name: of the limit.
        subject: whose it is, hashed; empty for the tenant's own.
        amount: how many in a window.
        seconds: length of the window.
    """

    tenant: str
    name: str
    subject: str
    amount: int
    seconds: int

    @property
    def key(self) -> str:
        """In Redis.  What stands in braces puts all keys of a tenant on one node of a cluster."""
        return f"{_PREFIX}:{{{self.tenant}}}:{self.name}:{self.seconds}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Standing:
    """A bucket after a request.

    Attributes:
        bucket: which.
        current: what its window counted.
        previous: what the window before counted.
        age: milliseconds since its window began.
    """

    bucket: Bucket
    current: int
    previous: int
    age: int

    @property
    def used(self) -> int:
        """How many of the amount are spent."""
        window = 1000 * self.bucket.seconds
        return self.current + self.previous * (window - self.age) // window

    @property
    def remaining(self) -> int:
        """How many are left."""
        return max(0, self.bucket.amount - self.used)

    @property
    def reset(self) -> int:
        """Whole seconds until there is more: the next one of an empty bucket, the next window of another."""
        window, amount = 1000 * self.bucket.seconds, self.bucket.amount
        wait = float(window - self.age)
        if self.remaining == 0:
            if self.current < amount:
                wait = window - window * (amount - self.current) / self.previous - self.age
            else:
                wait += max(0.0, window - window * amount / self.current)
            wait += 1  # at that very millisecond the bucket is as empty as before
        return max(1, math.ceil(wait / 1000))


@dataclass(frozen=True, slots=True)
class Spent:
    """The answer: whether there was enough, and how the buckets stand."""

    admitted: bool
    standings: tuple[Standing, ...]


class Buckets(Protocol):
    """A place to count in."""

    def spend(self, buckets: Sequence[Bucket], cost: int = 1) -> Spent:
        """Spend `cost` of every bucket, or of none; 0 only looks."""


class RedisBuckets:
    """Counted for all processes together.  Raises `redis_client.FAILURES`."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def spend(self, buckets: Sequence[Bucket], cost: int = 1) -> Spent:
        """One EVALSHA; then the script itself, where the server does not know it yet."""
        client, count = self._client.get(), len(buckets)
        words: list[str | int] = [bucket.key for bucket in buckets]
        for bucket in buckets:
            words += bucket.amount, 1000 * bucket.seconds
        try:
            answer = client.evalsha(_SHA, count, *words, cost)
        except NoScriptError:
            answer = client.eval(_SCRIPT, count, *words, cost)
        admitted, *counts = answer
        standings = zip(buckets, counts[0::3], counts[1::3], counts[2::3], strict=True)
        return Spent(admitted == 1, tuple(Standing(*each) for each in standings))


class MemoryBuckets:
    """Counted in this process alone, for at most some ten thousand buckets; the idle ones go first.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._counts: LRUCache[str, tuple[int, int, int]] = LRUCache(_MOST_IN_MEMORY)
        self._lock = threading.Lock()

    def spend(self, buckets: Sequence[Bucket], cost: int = 1) -> Spent:
        """The same as the script, word for word."""
        now = int(self._clock() * 1000)
        with self._lock:
            numbers, standings = zip(*(self._look(bucket, now) for bucket in buckets), strict=True)
            admitted = all(standing.used + cost <= standing.bucket.amount for standing in standings)
            if admitted and cost:
                standings = tuple(replace(standing, current=standing.current + cost) for standing in standings)
                for number, standing in zip(numbers, standings, strict=True):
                    self._counts[standing.bucket.key] = (number, standing.current, standing.previous)
        return Spent(admitted, standings)

    def _look(self, bucket: Bucket, now: int) -> tuple[int, Standing]:
        number, age = divmod(now, 1000 * bucket.seconds)
        held, current, previous = self._counts.get(bucket.key, (number - 2, 0, 0))
        if number - held > 0:
            current, previous = 0, current if number - held == 1 else 0
        return number, Standing(bucket, current, previous, age)
