import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import services
from tests.image import engine
from tests.image.container import Container
from tests.image.engine import Built
from tests.live.programs import free_port

SERVING, MIGRATING = "/var/lib/idp/serving", "/var/lib/idp/migrating"
OWNER_OF_VOLUMES = 10001


@pytest.fixture(scope="session")
def built() -> Iterator[Built]:
    if lacking := engine.missing():
        pytest.fail(f"The image is built by {', '.join(engine.PROGRAMS)}, as root; missing: {', '.join(lacking)}")
    engine.build()
    with engine.mounted() as image:
        yield image


@dataclass(frozen=True)
class Stack:
    """What the compose file is, without an engine: servers, two volumes, and settings that name files in them."""

    built: Built
    servers: services.Services
    serving: Path
    migrating: Path
    settings: dict[str, str]

    @property
    def url(self) -> str:
        return self.settings["IDP_BASE_URL"]

    @property
    def probes(self) -> str:
        return f"http://127.0.0.1:{self.settings['IDP_INTERNAL_PORT']}"

    @property
    def served(self) -> Container:
        """Whoever serves: one volume, and the sockets of the servers."""
        return Container(self.built, self.settings, {self.serving: SERVING, **self._sockets})

    @property
    def migrated(self) -> Container:
        """Whoever makes and changes the schema: both volumes."""
        owner = {"IDP_OWNER_DATABASE_URL_FILE": f"{MIGRATING}/IDP_OWNER_DATABASE_URL"}
        return Container(
            self.built,
            self.settings | owner,
            {self.serving: SERVING, self.migrating: MIGRATING, **self._sockets},
        )

    @property
    def _sockets(self) -> dict[Path, str]:
        return {self.servers.postgres.socket_dir: "/mnt", self.servers.valkey.socket.parent: "/srv"}


@pytest.fixture(scope="session")
def stack(built: Built) -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="idp-image-"))
    folder.chmod(0o711)
    servers = services.start_services(folder / "servers")
    for name in ("serving", "migrating"):
        (folder / name).mkdir()
        (folder / name).chmod(0o700)
        os.chown(folder / name, OWNER_OF_VOLUMES, OWNER_OF_VOLUMES)
    shutil.chown(servers.valkey.socket, OWNER_OF_VOLUMES)
    servers.valkey.socket.parent.chmod(0o711)
    servers.postgres.socket_dir.chmod(0o711)
    port = free_port()
    settings = {
        "IDP_BASE_URL": f"http://localhost:{port}",
        "IDP_PORT": str(port),
        "IDP_INTERNAL_PORT": str(free_port()),
        "IDP_WORKER_PORT": str(free_port()),
        "IDP_WEB_WORKERS": "2",
        "IDP_REDIS_URL": f"unix:///srv/{servers.valkey.socket.name}",
        "IDP_DATABASE_URL_FILE": f"{SERVING}/IDP_DATABASE_URL",
        "IDP_PLATFORM_DATABASE_URL_FILE": f"{SERVING}/IDP_PLATFORM_DATABASE_URL",
        "IDP_MASTER_KEYS_FILE": f"{SERVING}/IDP_MASTER_KEYS",
    }
    try:
        yield Stack(built, servers, folder / "serving", folder / "migrating", settings)
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)
