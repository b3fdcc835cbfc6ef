"""Limits on a Redis Cluster: three nodes of the embedded Valkey, every tenant's buckets on one of them."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from idp.dev.binaries import valkey_server
from idp.http.buckets import Bucket, RedisBuckets
from idp.http.limiter import Limiter
from idp.http.redis_client import RedisClient
from tests.live.programs import free_port, program

SLOTS = 16_384


@pytest.fixture
def cluster() -> Iterator[str]:
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack:
        for port in ports:
            home = stack.enter_context(tempfile.TemporaryDirectory(prefix="idp-cluster-"))
            settings = {
                "bind": "127.0.0.1", "port": str(port), "cluster-port": str(free_port()), "cluster-enabled": "yes",
                "save": "", "dir": home, "logfile": str(Path(home, "log")),
            }  # fmt: skip
            command = [valkey_server(), *(word for name, value in settings.items() for word in (f"--{name}", value))]
            stack.enter_context(program(command, port))
        nodes = [redis.Redis(port=port) for port in ports]
        for number, node in enumerate(nodes):
            first, last = number * SLOTS // 3, (number + 1) * SLOTS // 3 - 1
            node.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            node.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
            bus = nodes[0].config_get("cluster-port")["cluster-port"]
            node.execute_command("CLUSTER MEET", "127.0.0.1", ports[0], bus)
        deadline = time.monotonic() + 30
        while any(node.cluster("info")["cluster_state"] != "ok" for node in nodes):
            assert time.monotonic() < deadline, "the cluster does not form"
            time.sleep(0.1)
        yield f"redis+cluster://127.0.0.1:{ports[0]}"
        for node in nodes:
            node.close()


def buckets(tenant: int) -> list[Bucket]:
    return [Bucket(f"tenant-{tenant}", name, "x", amount=2, seconds=86_400) for name in ("a", "b", "c")]


def test_every_tenant_counts_wherever_its_buckets_are(cluster: str) -> None:
    client = RedisClient(cluster, timeout=2.0)
    limiter = Limiter(RedisBuckets(client), processes=1)
    for tenant in range(12):
        assert [limiter.spend(buckets(tenant)).admitted for _ in range(3)] == [True, True, False]
    assert not limiter.is_alone
    used = {client.get().get_node_from_key(bucket.key).name for tenant in range(12) for bucket in buckets(tenant)}
    assert len(used) == 3, "twelve tenants lie on every node"
    client.close()
