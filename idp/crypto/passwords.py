"""Argon2id for human secrets, behind a gate so that a login storm cannot starve everything else (R24).

m = 19,456 KiB, t = 2, p = 1, 16-byte salt: the OWASP minimum; about 20 ms of one core.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from idp import metrics
from idp.errors import Unavailable
from idp.i18n import gettext as _

MAX_LENGTH = 128
"""Longer passwords are refused before they are hashed (R25)."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
_NICE = 10
_CORES = os.cpu_count() or 1

T = TypeVar("T")


class PasswordGateFull(Unavailable):
    """Every hashing thread is busy and the short queue is full."""

    code = "busy"


def _step_back() -> None:
    """On Linux the priority is a thread's own: whoever needs a core for less than a hash goes first."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _measured(work: Callable[[], T]) -> T:
    began = time.perf_counter()
    metrics.GATE_RUNNING.inc()
    try:
        return work()
    finally:
        metrics.GATE_RUNNING.dec()
        metrics.HASH_SECONDS.observe(time.perf_counter() - began)


class Gate:
    """A few threads that hash, with a priority below everything else, and a queue that is never long.

    Args:
        threads: how many hash at once.
        places: how many callers may wait for a hash, the ones being served among them.
    """

    def __init__(self, *, threads: int, places: int) -> None:
        self.threads = threads
        self.places = places
        self._free = threading.BoundedSemaphore(places)
        self._held = threading.local()
        self._pool = ThreadPoolExecutor(threads, "argon2", initializer=_step_back)

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns, or raises.

        Raises:
            PasswordGateFull: at once, when there is no place.
        """
        if getattr(self._held, "place", False):
            return self._pool.submit(_measured, work).result()
        self.enter()
        try:
            return self._pool.submit(_measured, work).result()
        finally:
            self.leave()

    def enter(self) -> None:
        """Take a place for this thread until it leaves: what comes before a hash costs as much as the hash.

        Raises:
            PasswordGateFull: at once, when there is none.
        """
        if getattr(self._held, "place", False):
            return
        if not self._free.acquire(blocking=False):
            metrics.GATE_REFUSED.inc()
            raise PasswordGateFull(
                _("Too many people are signing in right now. Try again in a few seconds."), retry_after=5
            )
        self._held.place = True
        metrics.GATE_HELD.inc()

    def leave(self) -> None:
        """Give the place of this thread back, where it has one."""
        if getattr(self._held, "place", False):
            self._held.place = False
            metrics.GATE_HELD.dec()
            self._free.release()


_gate = Gate(threads=_CORES, places=8 * _CORES)


def configure(*, web_workers: int, web_threads: int) -> None:
    """Make the gate of a web process: its share of the cores, and no more than half of its request threads.

    The pool's threads start with the first password, so a process that forks later takes none of them along.
    """
    global _gate  # noqa: PLW0603 - one gate a process, as the cores are
    places = max(1, web_threads // 2)
    _gate = Gate(threads=max(1, min(_CORES // web_workers, places)), places=places)


def gate() -> Gate:
    """The gate of this process."""
    return _gate


def hash_password(password: str) -> str:
    """An encoded Argon2id hash of an NFC-normalised password.

    Raises:
        PasswordGateFull: too many are being hashed right now.
    """
    return _gate.run(lambda: _HASHER.hash(password))


def verify(password_hash: str, password: str) -> bool:
    """Whether `password` made `password_hash`.

    Raises:
        PasswordGateFull: too many are being hashed right now.
    """

    def work() -> bool:
        try:
            return _HASHER.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    return _gate.run(work)


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


_DUMMY = _HASHER.hash("a password nobody has")


def dummy_verify(password: str) -> None:
    """Spend the time of a `verify`, for an account that does not exist (R26)."""
    verify(_DUMMY, password)
