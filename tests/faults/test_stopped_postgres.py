"""PostgreSQL stopped in each of its ways, and connections that an administrator ends."""

import signal
import time

import pytest

from tests.faults.entries import Entry, Outcome
from tests.faults.installation import Installation
from tests.faults.ledger import documents_go_on
from tests.faults.load import Load

pytestmark = pytest.mark.live
RECOVERY = 30.0


def test_a_stopped_database_is_an_outage_and_nothing_else(installation: Installation, load: Load) -> None:
    """By a fast shutdown, and by an immediate one, which is a crash; discovery and key sets go on from memory."""
    processes = {worker.pid for worker in installation.web.workers()}
    for how in (signal.SIGINT, signal.SIGQUIT):
        stopped_at = time.monotonic()
        installation.stop_postgres(how)
        try:
            noticed = load.ledger.wait_for(lambda entries, since=stopped_at: is_noticed(entries, since), 60)
            assert noticed, "the load goes on as if nothing was"
        finally:
            installation.postgres.start()
        load.wait_until_all_is_well(time.monotonic(), RECOVERY)
    load.stop()
    installation.reconcile(load, documents_go_on)
    assert {worker.pid for worker in installation.web.workers()} == processes


def test_connections_that_an_administrator_ends_are_an_outage_and_nothing_else(
    installation: Installation, load: Load
) -> None:
    for _ in range(3):
        with installation.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'idp_%'")
        seen = len(load.ledger.entries)
        assert load.ledger.wait_for(lambda entries, seen=seen: len(entries) > seen + 10, 30)
    load.stop()
    installation.reconcile(load, documents_go_on)


def is_noticed(entries: list[Entry], stopped_at: float) -> bool:
    """Many were told of the outage, and documents were read that nobody could have made from the database."""
    met = [e for e in entries if e.asked_at > stopped_at and e.outcome is Outcome.UNAVAILABLE]
    read = [e for e in entries if e.asked_at > stopped_at + 1.0 and e.act == "document"]
    return len(met) >= 12 and len(read) >= 2
