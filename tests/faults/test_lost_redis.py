"""Redis stopped, emptied, frozen: it holds no truth, so nobody notices (R29)."""

import os
import signal
import time

import pytest
import redis

from tests.faults.entries import Entry
from tests.faults.installation import Installation
from tests.faults.ledger import no_request_breaks
from tests.faults.load import BASIC_ACTS, Load

pytestmark = pytest.mark.live
PATIENCE = 30.0
SLOWEST = 5.0
"""Seconds of a request while Redis is gone, on a busy machine; a process waits for it 50 ms once a second."""


def test_nobody_notices_what_happens_to_redis(installation: Installation, load: Load) -> None:
    begun = time.monotonic()
    with redis.Redis.from_url(installation.valkey.url) as client:
        client.flushall()
        os.kill(installation.valkey.child.pid, signal.SIGSTOP)
        try:
            go_on(load)
        finally:
            os.kill(installation.valkey.child.pid, signal.SIGCONT)
        client.execute_command("CLIENT", "PAUSE", "500", "ALL")
    installation.kill(installation.valkey.child)
    try:
        go_on(load)
    finally:
        installation.valkey.start()
    with redis.Redis.from_url(installation.valkey.url) as client:
        assert load.ledger.wait_for(lambda _: int(str(client.dbsize())) > 0, PATIENCE), "nobody counts in Redis again"
    load.stop()
    installation.reconcile(load, no_request_breaks)
    assert slowest(load.ledger.entries, begun) < SLOWEST


def go_on(load: Load) -> None:
    """Until each basic act was done after now."""
    load.wait_until_all_is_well(time.monotonic(), PATIENCE)


def slowest(entries: list[Entry], since: float) -> float:
    """Seconds of the slowest basic act that began since."""
    return max(e.answered_at - e.asked_at for e in entries if e.asked_at > since and e.act in BASIC_ACTS)
