"""A primary that dies under load, and a master of a Redis Cluster: their successors are found without a restart."""

import time

import pytest

from tests.faults.installation import installed
from tests.faults.ledger import documents_go_on, no_request_breaks
from tests.faults.load import Load
from tests.shapes.cluster import clustered
from tests.shapes.replica import replicated

pytestmark = [pytest.mark.live, pytest.mark.soak]
RATE, UNDER_WAY, RECOVERY = 60.0, 60, 90.0


def test_what_was_told_before_a_primary_died_its_standby_knows() -> None:
    with replicated() as pair, installed(admin_url=pair.admin_url) as installation:
        processes = [process.pid for process in installation.web.workers()]
        with Load([installation.web.url], installation.new_scene(), rate=RATE) as load:
            assert load.ledger.wait_for(lambda entries: len(entries) > UNDER_WAY, 60)
            pair.primary.kill()
            pair.promote()
            took = load.wait_until_all_is_well(time.monotonic(), RECOVERY)
            load.stop()
        print(f"\nserved again {took:.1f} s after the promotion; {load.ledger.counts()}")
        installation.reconcile(load, documents_go_on)
        assert [process.pid for process in installation.web.workers()] == processes


def test_nobody_notices_that_a_cluster_lost_a_master() -> None:
    with clustered() as cluster, installed(IDP_REDIS_URL=cluster.url) as installation:
        with Load([installation.web.url], installation.new_scene(), rate=RATE) as load:
            assert load.ledger.wait_for(lambda entries: len(entries) > UNDER_WAY, 60)
            keys = [str(key) for node in cluster.masters() for key in node.client.scan_iter()]
            assert keys, "nobody counts in the cluster"
            cluster.master_of(keys[0].removeprefix("b'").removesuffix("'")).kill()
            load.wait_until_all_is_well(time.monotonic(), RECOVERY)
            took = cluster.wait_for_failover()
            load.wait_until_all_is_well(time.monotonic(), RECOVERY)
            load.stop()
        print(f"\na replica took over after {took:.1f} s; {load.ledger.counts()}")
        installation.reconcile(load, no_request_breaks)
