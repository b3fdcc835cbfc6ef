"""kill -9 of the worker, in the middle of its mails: each leaves once at least, and none is lost."""

import time

import pytest

from tests.faults.entries import Outcome
from tests.faults.installation import Installation
from tests.faults.load import Load

pytestmark = pytest.mark.live


def test_mails_of_a_killed_worker_are_sent_by_the_next(installation: Installation, load: Load) -> None:
    installation.inbox.seconds_before_the_answer = 0.2
    sent, created = len(installation.inbox.envelopes), len(load.ledger.of("create"))
    try:
        assert load.ledger.wait_for(
            lambda _: len(load.ledger.of("create")) > created and len(installation.inbox.envelopes) > sent, 20
        )
        assert installation.worker is not None
        installation.kill(installation.worker)
        killed_at, before = time.monotonic(), installation.worker.pid
    finally:
        installation.inbox.seconds_before_the_answer = 0.0
        installation.start_worker()

    def is_made(since: float) -> bool:
        made = load.ledger.of("create")
        return any(entry.asked_at > since and entry.outcome is Outcome.DONE for entry in made)

    assert load.ledger.wait_for(lambda _: is_made(killed_at), 15)
    load.stop()
    installation.reconcile(load)
    assert installation.worker.pid != before
