"""A master, a replica and three sentinels on loopback, by the files of redis-sentinel.md."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.programs import free_port
from tests.shapes.pages import configuration
from tests.shapes.valkeys import Node
from tests.shapes.waiting import wait_until

PAGE, SERVICE = "redis-sentinel", "idp"
READY_SECONDS, FAILS_OVER_SECONDS = 30.0, 30.0


class Watched:
    """Two servers and whoever watches them."""

    def __init__(self, folder: Path) -> None:
        self.password = secrets.token_hex(16)
        first, second = free_port(), free_port()
        self.servers = [
            self._server(folder / "first", first),
            self._server(folder / "second", second, f"replicaof 127.0.0.1 {first}\n"),
        ]
        self.sentinels = [self._sentinel(folder / f"sentinel-{number}", first) for number in range(3)]

    def _server(self, folder: Path, port: int, more: str = "") -> Node:
        here = {
            "10.0.0.41": "127.0.0.1",
            "port 6379": f"port {port}",
            "a-long-random-password": self.password,
            "/var/lib/valkey": str(folder),
        }
        return Node(folder, port, configuration(PAGE, "valkey.conf", here) + more, password=self.password)

    def _sentinel(self, folder: Path, master: int) -> Node:
        port = free_port()
        here = {
            "10.0.0.41 6379": f"127.0.0.1 {master}",
            "10.0.0.51": "127.0.0.1",
            "port 26379": f"port {port}",
            "a-long-random-password": self.password,
            "/var/lib/valkey": str(folder),
        }
        text = configuration(PAGE, "sentinel.conf", here)
        return Node(folder, port, text, password=self.password, is_sentinel=True)

    @property
    def url(self) -> str:
        """All sentinels, as ``IDP_REDIS_URL`` names them."""
        hosts = ",".join(f"127.0.0.1:{sentinel.port}" for sentinel in self.sentinels)
        return f"redis+sentinel://:{self.password}@{hosts}/{SERVICE}/0"

    def start(self) -> None:
        for server in self.servers:
            server.start()
        wait_until(self._replicates, READY_SECONDS, "the replica hears the master")
        for sentinel in self.sentinels:
            sentinel.start()
        wait_until(self.is_ready, READY_SECONDS, "the sentinels know the replica and one another")

    def _replicates(self) -> bool:
        return all(server.info("replication").get("master_link_status", "up") == "up" for server in self.servers)

    def is_ready(self) -> bool:
        """Whether a failover could succeed now."""
        states = [sentinel.client.execute_command("SENTINEL", "MASTER", SERVICE) for sentinel in self.sentinels]
        return self._replicates() and all(
            (state["num-slaves"], state["num-other-sentinels"]) == ("1", "2") for state in states
        )

    @property
    def master(self) -> Node:
        """Whom the sentinels call so."""
        _host, port = self.sentinels[0].client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.servers if server.port == int(port))

    def wait_for_failover(self, old: Node) -> float:
        """Until the sentinels name another master, which says so itself; the seconds that it took."""

        def is_over() -> bool:
            master = self.master
            return master is not old and master.info("replication").get("role") == "master"

        return wait_until(is_over, FAILS_OVER_SECONDS, "the replica takes over")

    def stop(self) -> None:
        for node in (*self.sentinels, *self.servers):
            node.stop()


@contextmanager
def watched() -> Iterator[Watched]:
    """Both servers and the sentinels in a folder of their own, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="idp-sentinel-"))
    shape = Watched(folder)
    try:
        shape.start()
        yield shape
    finally:
        shape.stop()
        shutil.rmtree(folder, ignore_errors=True)
