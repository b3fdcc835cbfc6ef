"""Argon2id for human secrets, behind a gate so that a login storm cannot starve everything else (R24).

m = 19,456 KiB, t = 2, p = 1, 16-byte salt: the OWASP minimum; about 20 ms of one core.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from idp.errors import Unavailable

MAX_LENGTH = 128
"""Longer passwords are refused before they are hashed (R25)."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16)
_QUEUE_SECONDS = 2.0


class PasswordGateFull(Unavailable):
    """Every core is hashing already and the short queue is over."""

    code = "busy"


_GATE = threading.BoundedSemaphore(os.cpu_count() or 1)


@contextmanager
def _through_the_gate() -> Iterator[None]:
    if not _GATE.acquire(timeout=_QUEUE_SECONDS):
        raise PasswordGateFull("Too many people are signing in right now. Try again in a few seconds.", retry_after=5)
    try:
        yield
    finally:
        _GATE.release()


def hash_password(password: str) -> str:
    """An encoded Argon2id hash of an NFC-normalised password.

    Raises:
        PasswordGateFull: no turn within two seconds.
    """
    with _through_the_gate():
        return _HASHER.hash(password)


def verify(password_hash: str, password: str) -> bool:
    """Whether `password` made `password_hash`.

    Raises:
        PasswordGateFull: no turn within two seconds.
    """
    with _through_the_gate():
        try:
            return _HASHER.verify(password_hash, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


_DUMMY = _HASHER.hash("a password nobody has")


def dummy_verify(password: str) -> None:
    """Spend the time of a `verify`, for an account that does not exist (R26)."""
    verify(_DUMMY, password)
