"""What a client wrote down: what it asked, what it was told, and whether it had a right to a yes."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """How a request ended, as the client saw it."""

    DONE = "done"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"  # 503: the client may ask again
    FAILED = "failed"  # any other 5xx
    UNREACHABLE = "unreachable"  # nobody took the connection, so nothing was done
    UNKNOWN = "unknown"  # the connection broke before an answer came


UNDECIDED = frozenset({Outcome.UNAVAILABLE, Outcome.FAILED, Outcome.UNKNOWN})
"""After these a client does not know whether it was done."""


class Due(StrEnum):
    """What the answer has to be, were there no faults."""

    YES = "yes"
    NO = "no"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request.

    Attributes:
        act: what was asked, such as ``refresh``.
        subject: what it was about; secrets stand here as digests.
        wanted: what it should become, such as the new password's number.
        told: what the answer said of it, such as the id of what was made, or the successor.
    """

    act: str
    subject: str
    outcome: Outcome
    due: Due = Due.YES
    wanted: str = ""
    told: str = ""
    status: int = 0
    code: str = ""
    retry_after: str = ""
    asked_at: float = 0.0
    answered_at: float = 0.0

    @property
    def is_undecided(self) -> bool:
        return self.outcome in UNDECIDED


@dataclass
class Ledger:
    """What all clients wrote down, in the order in which the answers came."""

    entries: list[Entry] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def write(self, entry: Entry) -> None:
        with self.changed:
            self.entries.append(entry)
            self.changed.notify_all()

    def of(self, *acts: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.act in acts]

    def by_subject(self, *acts: str) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for entry in self.of(*acts):
            found.setdefault(entry.subject, []).append(entry)
        return found

    def counts(self) -> dict[str, Counter[str]]:
        """Outcomes by act, for a report."""
        counted: dict[str, Counter[str]] = {}
        for entry in self.entries:
            counted.setdefault(entry.act, Counter())[entry.outcome.value] += 1
        return counted

    def wait_for(self, seen: Callable[[list[Entry]], bool], within: float) -> bool:
        """Whether the entries become what `seen` looks for, within so many seconds."""
        with self.changed:
            return self.changed.wait_for(lambda: seen(self.entries), within)


@contextmanager
def moment() -> Iterator[list[float]]:
    """When a block began, and when it ended."""
    span = [time.monotonic()]
    yield span
    span.append(time.monotonic())


def print_of(secret: str) -> str:
    """What stands in a ledger for a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
