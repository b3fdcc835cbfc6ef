"""Whose turn it is: endpoints that are slow or dead get a part of this process's time, and all of a tenant's one part.

What is said here is forgotten when the process ends; what waits in the queue waits there.
"""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from cachetools import LRUCache

PATIENCE_SECONDS = 1.0
"""How long an endpoint takes without being slow."""
_REST = 3
"""How many times as long as a slow endpoint took, the tenant's slow ones wait: a quarter of the time is theirs."""
PLACES = 2
"""How many calls of a tenant there are at once, so that its slow names leave room for the others'."""
PLACE_SECONDS = 0.5
"""How long a call waits for the tenant's others."""
_REMEMBERED_SECONDS = 300.0
_SIZE = 10_000


class NotYet(Exception):
    """It is not the turn of where this message goes.  Does not count as a try.

    Attributes:
        span: how long it waits.
    """

    def __init__(self, span: timedelta) -> None:
        super().__init__("Others go first.")
        self.span = span


class Turns:
    """What this process has learnt of endpoints."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rests: LRUCache[UUID, float] = LRUCache(_SIZE)
        self._slow: LRUCache[UUID, float] = LRUCache(_SIZE)
        self._tenants: LRUCache[UUID, float] = LRUCache(_SIZE)
        self._places: LRUCache[UUID, threading.BoundedSemaphore] = LRUCache(_SIZE)

    @contextmanager
    def place(self, tenant_id: UUID) -> Generator[None]:
        """Be one of the tenant's calls that are made now.

        Raises:
            NotYet: there are as many as it may have.
        """
        with self._lock:
            places = self._places.setdefault(tenant_id, threading.BoundedSemaphore(PLACES))
        if not places.acquire(timeout=PLACE_SECONDS):
            raise NotYet(timedelta(seconds=1))
        try:
            yield
        finally:
            places.release()

    def wait(self, tenant_id: UUID, endpoint_id: UUID) -> float:
        """Seconds until the endpoint is called again; 0 when it can be now."""
        now = time.monotonic()
        with self._lock:
            until = self._rests.get(endpoint_id, 0.0)
            if self._slow.get(endpoint_id, 0.0) > now:
                until = max(until, self._tenants.get(tenant_id, 0.0))
        return max(0.0, until - now)

    def took(self, tenant_id: UUID, endpoint_id: UUID, seconds: float, rest: float) -> float:
        """Learn how long a call took, and answer how many seconds the endpoint rests.

        Args:
            tenant_id: whose.
            endpoint_id: which.
            seconds: that it took.
            rest: seconds that it rests in any case.
        """
        now = time.monotonic()
        with self._lock:
            if seconds > PATIENCE_SECONDS:
                self._slow[endpoint_id] = now + _REMEMBERED_SECONDS
                self._tenants[tenant_id] = now + _REST * seconds
                rest = max(rest, _REST * seconds)
            if rest:
                self._rests[endpoint_id] = now + rest
        return rest
