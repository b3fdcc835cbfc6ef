"""Hot rows kept for at most two seconds, bounded, with the last known row when the database is gone.

Whatever is revoked, disabled or suspended is so everywhere within two seconds, and nothing needs invalidation.
Cached rows are detached from any session and never written to.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from idp.db.tenancy import DatabaseUnavailable

TTL_SECONDS = 2.0
PUBLISHED_TTL_SECONDS = TTL_SECONDS / 2
"""For rows that public documents are made of, which are kept as long again (`idp.http.documents`)."""
STALE_SECONDS = 3600.0
DATABASE_IS_GONE = (OperationalError, InterfaceError, PoolTimeoutError, DatabaseUnavailable)

T = TypeVar("T")


class RowCache(Generic[T]):
    """Values by key, each at most `ttl` old.

    Args:
        size: how many entries; the least recently used goes first.
        ttl: seconds that an entry is good for.
        stale_on_error: whether the last entry still serves while the database does not answer: right for public
            documents, wrong for anything that grants.
    """

    def __init__(self, size: int, *, ttl: float = TTL_SECONDS, stale_on_error: bool = False) -> None:
        self._entries: LRUCache[Hashable, tuple[float, T]] = LRUCache(size)
        self._lock = threading.Lock()
        self._ttl = ttl
        self._stale = STALE_SECONDS if stale_on_error else 0.0

    def get(self, key: Hashable, load: Callable[[], T]) -> T:
        """The value under `key`, loaded when absent or too old.

        Raises:
            DatabaseUnavailable: it could not be loaded, and no stale copy may serve.
        """
        now = time.monotonic()
        with self._lock:
            entry = self._entries.get(key)
        if entry is not None and now - entry[0] < self._ttl:
            return entry[1]
        try:
            value = load()
        except DATABASE_IS_GONE as gone:
            if entry is not None and now - entry[0] < self._stale:
                return entry[1]
            raise DatabaseUnavailable("The database does not answer.") from gone
        with self._lock:
            self._entries[key] = (now, value)
        return value

    def clear(self) -> None:
        """Forget everything; for tests and forked children."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
