"""The real stack for a benchmark: PostgreSQL, Valkey, gunicorn with the product, and gunicorn with the floor."""

import base64
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from idp.config import Settings
from idp.db import migrations, provision
from idp.dev.postgres import Postgres
from idp.dev.valkey import Valkey
from idp.server import command
from idp.wiring import Wiring

ROOT = Path(__file__).parents[1]
WORKERS, THREADS = 2, 4


@dataclass(frozen=True)
class Stack:
    """Everything that runs."""

    wiring: Wiring
    port: int
    internal_port: int
    floor_port: int
    cold_start: float
    owner_url: str
    pids: tuple[int, ...]

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"


@contextmanager
def running() -> Iterator[Stack]:
    """Start it all on loopback and free ports; stop it all at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="idp-bench-")))
        folder.chmod(0o711)
        postgres = stack.enter_context(Postgres(folder, durable=True))
        valkey = stack.enter_context(Valkey(folder))
        urls = provision.initialise(postgres.admin_url)
        migrations.upgrade(urls.owner)
        port, internal, floor = free_port(), free_port(), free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("IDP_")},
            **urls.as_environment(),
            "IDP_BASE_URL": f"http://localhost:{port}",
            "IDP_PORT": str(port),
            "IDP_INTERNAL_PORT": str(internal),
            "IDP_REDIS_URL": valkey.url,
            "IDP_MASTER_KEYS": f"bench:{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "IDP_WEB_WORKERS": str(WORKERS),
            "IDP_WEB_THREADS": str(THREADS),
            "IDP_TRUSTED_PROXIES": "127.0.0.0/8",
            "IDP_LOG_LEVEL": "warning",
        }
        settings = Settings.load(environment)
        begun = time.perf_counter()
        web = start(stack, command(settings), environment)
        wait_for(f"http://localhost:{port}/healthz")
        cold_start = time.perf_counter() - begun
        floor_command = [sys.executable, "-m", "gunicorn", "bench.floor:app", f"--bind=127.0.0.1:{floor}"]
        shape = [f"--workers={WORKERS}", f"--threads={THREADS}", "--worker-class=gthread", "--keep-alive=75"]
        start(stack, [*floor_command, *shape, "--no-control-socket", "--log-level=warning"], environment)
        wait_for(f"http://localhost:{floor}/null")
        wiring = Wiring.of(settings)
        stack.callback(wiring.dispose)
        yield Stack(wiring, port, internal, floor, cold_start, urls.owner, (web.pid,))


def start(stack: ExitStack, argv: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(argv, cwd=ROOT, env=environment)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process


def wait_for(url: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError(url)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
