"""What every actor of the load shares: somebody who asks, and writes down what came of it."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.faults.entries import Due, Entry, Ledger, Outcome
from tests.faults.scene import Scene
from tests.faults.wire import Answer, Wire


@dataclass
class Machine:
    """What all clients share of the machine: its token, whoever fetched it last."""

    token: str = ""
    until: float = 0.0
    numbers: Iterator[int] = field(default_factory=itertools.count)


@dataclass
class Actor:
    """One client's part of the scene."""

    scene: Scene
    wire: Wire
    ledger: Ledger
    machine: Machine
    number: int

    def url(self, path: str) -> str:
        return f"{self.scene.issuer}{path}"

    def say(
        self,
        act: str,
        subject: str,
        answer: Answer,
        *,
        since: float,
        due: Due = Due.YES,
        wanted: str = "",
        told: str = "",
        outcome: Outcome | None = None,
    ) -> Outcome:
        """Write down how it ended; `outcome` where the status alone does not tell."""
        ended = outcome if outcome is not None and answer.outcome is Outcome.DONE else answer.outcome
        self.ledger.write(
            Entry(
                act,
                subject,
                ended,
                due,
                wanted,
                told,
                answer.status,
                answer.code,
                answer.headers.get("retry-after", ""),
                since,
                time.monotonic(),
            )
        )
        return ended

    def as_app(self, path: str, **form: str) -> Answer:
        """Call an endpoint as the application."""
        return self.wire.ask("POST", self.url(path), form=form, headers={"Authorization": self.scene.app})
