"""Limits on a Redis Cluster of six nodes: one round trip a request, and a lost master is no outage (R28, R29)."""

from collections.abc import Iterator

import pytest

from idp.http.buckets import RedisBuckets
from idp.http.limiter import TIMEOUT_SECONDS
from idp.http.redis_client import RedisClient
from tests.shapes.cluster import MASTERS, Cluster, clustered
from tests.shapes.counting import AMOUNT, Count, buckets, is_found, limiter_at
from tests.shapes.waiting import wait_until

pytestmark = pytest.mark.live
TENANTS = range(12)
SLOWEST = 1.0
"""Seconds that one request may wait for a cluster in trouble; others do not wait at all."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with clustered() as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def _empty(cluster: Cluster) -> None:
    wait_until(lambda: cluster.is_well() and len(cluster.masters()) == MASTERS, 30, "the cluster is whole again")
    for node in cluster.masters():
        node.client.flushall()


def calls(cluster: Cluster) -> dict[str, int]:
    """What clients asked of all masters together, and not what masters and replicas say to each other."""
    total: dict[str, int] = {}
    for node in cluster.masters():
        for name, statistics in node.info("commandstats").items():
            total[name] = total.get(name, 0) + statistics["calls"]
    ours = ("cmdstat_info", "cmdstat_ping", "cmdstat_replconf", "cmdstat_auth", "cmdstat_psync", "cmdstat_client")
    return {name: count for name, count in total.items() if not name.startswith(ours)}


def test_a_request_is_one_round_trip_to_the_node_of_its_tenant(cluster: Cluster) -> None:
    with limiter_at(cluster.url) as limiter:
        for tenant in TENANTS:
            assert [limiter.spend(buckets(tenant, 2)).admitted for _ in range(3)] == [True, True, False]
        assert len({cluster.master_of(buckets(tenant)[0].key).port for tenant in TENANTS}) == MASTERS
        before = calls(cluster)
        for tenant in TENANTS:
            limiter.spend(buckets(tenant))
        after = calls(cluster)
        assert not limiter.is_alone
    asked = {name: after[name] - before.get(name, 0) for name in after}
    of_script = {"cmdstat_time", "cmdstat_hmget", "cmdstat_hset", "cmdstat_pexpire"}
    assert {name: count for name, count in asked.items() if count and name not in of_script} == {
        "cmdstat_evalsha": len(TENANTS)
    }


def test_a_process_that_starts_finds_the_cluster_by_any_of_its_nodes(cluster: Cluster) -> None:
    port = cluster.nodes[0].port
    url = cluster.url.replace(f"127.0.0.1:{port}", "127.0.0.1:1", 1)
    client = RedisClient(url, timeout=TIMEOUT_SECONDS)
    assert RedisBuckets(client).spend(buckets(1)).admitted
    client.close()


def test_a_lost_master_is_neither_an_outage_nor_a_free_ride(cluster: Cluster) -> None:
    with limiter_at(cluster.url) as limiter:
        count = Count(limiter)
        count.spend(TENANTS)
        lost = cluster.master_of(buckets(0)[0].key)
        lost.kill()
        count.spend_until(lambda: limiter.is_alone, TENANTS)
        count.spend_until(lambda: len(cluster.masters()) == MASTERS, TENANTS)
        count.spend_until(lambda: is_found(limiter, TENANTS), TENANTS)
        for _ in range(AMOUNT + 1):
            count.spend(TENANTS)
        assert is_found(limiter, TENANTS)
        assert cluster.master_of(buckets(0)[0].key) is not lost
    assert all(AMOUNT <= granted <= 2 * AMOUNT for granted in count.granted.values()), count.granted
    assert count.refused
    assert count.slowest < SLOWEST
    lost.start()
    wait_until(lambda: lost.info("replication")["role"] == "slave", 30, "the old master follows the new one")


@pytest.mark.soak
def test_a_frozen_master_is_neither_an_outage_nor_a_free_ride(cluster: Cluster) -> None:
    with limiter_at(cluster.url) as limiter:
        count = Count(limiter)
        count.spend(TENANTS)
        frozen = cluster.master_of(buckets(0)[0].key)
        frozen.freeze()
        try:
            count.spend_until(lambda: limiter.is_alone, TENANTS)
            others = [node for node in cluster.nodes if node is not frozen]
            count.spend_until(
                lambda: sum(node.info("replication")["role"] == "master" for node in others) == MASTERS, TENANTS
            )
            count.spend_until(lambda: is_found(limiter, TENANTS), TENANTS)
        finally:
            frozen.thaw()
    assert all(granted <= 2 * AMOUNT for granted in count.granted.values()), count.granted
    assert count.slowest < SLOWEST
