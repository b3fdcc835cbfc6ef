"""Waiting for something to be so, with a deadline."""

import time
from collections.abc import Callable


def wait_until(seen: Callable[[], object], within: float, what: str) -> float:
    """Poll until `seen` is true; the seconds that it took.

    Raises:
        AssertionError: it did not come true; `what` says what was expected.
    """
    begun = time.monotonic()
    while not seen():
        assert time.monotonic() - begun < within, f"{what}: not within {within:g} s"
        time.sleep(0.02)
    return time.monotonic() - begun
