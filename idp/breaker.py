"""A circuit breaker: what failed is left alone for a while, and then asked by one call (R29, R53)."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed while calls succeed.  Failures in a row open it; after a rest one call probes, and its outcome decides.

    Args:
        clock: monotonic seconds.
        rest: seconds until somebody probes.
        tolerance: how many failures in a row open it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, rest: float = 1.0, tolerance: int = 1) -> None:
        self._clock = clock
        self._rest = rest
        self._tolerance = tolerance
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe: float | None = None

    def admits(self) -> bool:
        """Whether this call may be made."""
        with self._lock:
            if self._next_probe is None:
                return True
            if self._clock() < self._next_probe:
                return False
            self._next_probe = self._clock() + self._rest
            return True

    @property
    def is_open(self) -> bool:
        """Whether the last calls failed."""
        return self._next_probe is not None

    def succeeded(self) -> bool:
        """Close it; whether it was open."""
        with self._lock:
            was_open, self._next_probe, self._failures = self._next_probe is not None, None, 0
            return was_open

    def failed(self) -> bool:
        """Count a failure, which opens it when there were enough; whether it does now."""
        with self._lock:
            was_closed, self._failures = self._next_probe is None, self._failures + 1
            if self._failures < self._tolerance:
                return False
            self._next_probe = self._clock() + self._rest
            return was_closed
