"""Waiting for something that comes, until a deadline."""

import time
from collections.abc import Callable


def until(has_come: Callable[[], bool], what: str, *, seconds: float = 20) -> None:
    """Ask again and again.

    Raises:
        AssertionError: it did not come in time.
    """
    deadline = time.monotonic() + seconds
    while not has_come():
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)
