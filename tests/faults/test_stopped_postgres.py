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


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_a_stopped_database_is_an_outage_and_nothing_else(
    installation: Installation, load: Load, how: signal.Signals
) -> None:
    processes = {worker.pid for worker in installation.web.workers()}
    stopped_at = time.monotonic()
    installation.stop_postgres(how)

    def is_noticed(entries: list[Entry]) -> bool:
        met = [e for e in entries if e.asked_at > stopped_at and e.outcome is Outcome.UNAVAILABLE]
        read = [e for e in entries if e.asked_at > stopped_at + 1.0 and e.act == "document"]
        return len(met) >= 12 and len(read) >= 4

    try:
        assert load.ledger.wait_for(is_noticed, 60), "the load goes on as if nothing was"
    finally:
        installation.postgres.start()
    load.wait_until_all_is_well(time.monotonic(), RECOVERY)
    load.stop()
    installation.reconcile(load, documents_go_on)
    assert {worker.pid for worker in installation.web.workers()} == processes


def test_connections_that_an_administrator_ends_are_an_outage_and_nothing_else(
    installation: Installation, load: Load
) -> None:
    for _ in range(5):
        with installation.connect() as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'idp_%'")
        seen = len(load.ledger.entries)
        assert load.ledger.wait_for(lambda entries, seen=seen: len(entries) > seen + 10, 10)
    load.wait_until_all_is_well(time.monotonic(), RECOVERY)
    load.stop()
    installation.reconcile(load, documents_go_on)
