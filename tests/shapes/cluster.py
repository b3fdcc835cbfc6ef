"""A Redis Cluster on loopback: three masters, as many replicas of them, by the file of redis-cluster.md."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.live.programs import free_port
from tests.shapes.pages import configuration
from tests.shapes.valkeys import Node
from tests.shapes.waiting import wait_until

SLOTS, MASTERS = 16_384, 3
FORMS_SECONDS, FAILS_OVER_SECONDS = 30.0, 30.0


class Cluster:
    """Six nodes, of which the first three begin as masters."""

    def __init__(self, folder: Path) -> None:
        self.password = secrets.token_hex(16)
        self.nodes = [self._node(folder / str(number)) for number in range(2 * MASTERS)]

    def _node(self, folder: Path) -> Node:
        port, bus = free_port(), free_port()
        here = {
            "10.0.0.31": "127.0.0.1",
            "port 6379": f"port {port}\ncluster-port {bus}",
            "a-long-random-password": self.password,
            "/var/lib/valkey": str(folder),
        }
        return Node(folder, port, configuration("redis-cluster", "valkey.conf", here), password=self.password)

    @property
    def url(self) -> str:
        """All nodes, as ``IDP_REDIS_URL`` names them."""
        return f"redis+cluster://:{self.password}@" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Start the nodes and make them one cluster, as ``valkey-cli --cluster create`` does."""
        for node in self.nodes:
            node.start()
        masters, replicas = self.nodes[:MASTERS], self.nodes[MASTERS:]
        for number, node in enumerate(masters):
            first, last = number * SLOTS // MASTERS, (number + 1) * SLOTS // MASTERS - 1
            node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
        bus = masters[0].client.config_get("cluster-port")["cluster-port"]
        for number, node in enumerate(self.nodes):
            node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.client.execute_command("CLUSTER", "MEET", "127.0.0.1", masters[0].port, bus)
        wait_until(self._all_know_all, FORMS_SECONDS, "the nodes find one another")
        for master, replica in zip(masters, replicas, strict=True):
            master_id = master.client.execute_command("CLUSTER", "MYID")
            replica.client.execute_command("CLUSTER", "REPLICATE", master_id)
        wait_until(self.is_well, FORMS_SECONDS, "the cluster forms")

    def _all_know_all(self) -> bool:
        return all(node.client.cluster("info")["cluster_known_nodes"] == str(len(self.nodes)) for node in self.nodes)

    def is_well(self) -> bool:
        """Whether all slots are served, and every living replica hears its master."""
        return all(
            node.client.cluster("info")["cluster_state"] == "ok"
            and node.info("replication").get("master_link_status", "up") == "up"
            for node in self.living()
        )

    def living(self) -> list[Node]:
        return [node for node in self.nodes if node.child.exit_status() is None]

    def masters(self) -> list[Node]:
        """Those that are master by their own word."""
        return [node for node in self.living() if node.info("replication").get("role") == "master"]

    def master_of(self, key: str) -> Node:
        """Who serves a key now."""
        slot = redis.cluster.key_slot(key.encode())
        for first, last, (host, port, *_), *_replicas in self.living()[0].client.execute_command("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == port and host)
        raise AssertionError(f"nobody serves {key}")

    def wait_for_failover(self) -> float:
        """Until three masters serve all slots again; the seconds that it took."""

        def is_over() -> bool:
            states = [node.client.cluster("info")["cluster_state"] for node in self.living()]
            return len(self.masters()) == MASTERS and set(states) == {"ok"}

        return wait_until(is_over, FAILS_OVER_SECONDS, "a replica takes over")

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()


@contextmanager
def clustered() -> Iterator[Cluster]:
    """A cluster in a folder of its own, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="idp-cluster-"))
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
