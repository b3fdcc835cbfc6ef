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
SLOWEST = 2.0
"""Seconds that a request may take while Redis is gone; each process finds out with one timeout of 50 ms a second."""


def go_on(load: Load) -> None:
    """Until each basic act was done after now."""
    load.wait_until_all_is_well(time.monotonic(), PATIENCE)


def test_nobody_notices_that_redis_is_gone(installation: Installation, load: Load) -> None:
    installation.kill(installation.valkey.child)
    begun = time.monotonic()
    try:
        go_on(load)
        slow = slowest(load.ledger.entries, begun)
    finally:
        installation.valkey.start()
    go_on(load)
    load.stop()
    installation.reconcile(load, no_request_breaks)
    assert slow < SLOWEST


def test_nobody_notices_that_redis_is_emptied_or_frozen(installation: Installation, load: Load) -> None:
    with redis.Redis.from_url(installation.valkey.url) as client:
        client.flushall()
        go_on(load)
        begun = time.monotonic()
        os.kill(installation.valkey.child.pid, signal.SIGSTOP)
        try:
            go_on(load)
            slow = slowest(load.ledger.entries, begun)
        finally:
            os.kill(installation.valkey.child.pid, signal.SIGCONT)
        client.execute_command("CLIENT", "PAUSE", "600", "ALL")
        go_on(load)
        load.stop()
        assert client.dbsize() > 0, "nobody counts in Redis again"
    installation.reconcile(load, no_request_breaks)
    assert slow < SLOWEST


def slowest(entries: list[Entry], since: float) -> float:
    """Seconds of the slowest basic act that began since."""
    return max(e.answered_at - e.asked_at for e in entries if e.asked_at > since and e.act in BASIC_ACTS)
