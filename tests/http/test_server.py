"""gunicorn as we start it: both ports, its limits, its counters, and how it stops (R44, R45, R60, R64)."""

import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from idp.config import Settings
from idp.server import command, gunicorn_arguments

pytestmark = pytest.mark.live

MIB = 1024 * 1024


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    internal_port: int
    temporary: Path

    def get(self, path: str, port: int | None = None, **headers: str) -> tuple[int, str]:
        request = urllib.request.Request(f"http://localhost:{port or self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def raw(self, request: bytes) -> str:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(request)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received.decode("latin-1")


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


@pytest.fixture(scope="module")
def server(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port, internal_port = free_ports()
    temporary = tmp_path_factory.mktemp("server")
    changed = environment | {
        "IDP_BASE_URL": f"http://localhost:{port}",
        "IDP_PORT": str(port),
        "IDP_INTERNAL_PORT": str(internal_port),
        "IDP_WEB_WORKERS": "2",
        "IDP_LOG_LEVEL": "info",
        "TMPDIR": str(temporary),
    }
    process = subprocess.Popen(
        command(Settings.load(changed)), env={**os.environ, **changed}, stderr=subprocess.PIPE, text=True
    )
    running = Server(process, port, internal_port, temporary)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if running.get("/readyz", internal_port)[0] == 200:
                break
        except OSError:
            time.sleep(0.1)
    yield running
    if process.poll() is None:
        process.kill()
    process.wait()
    assert process.stderr is not None
    process.stderr.close()


def test_each_port_serves_its_own(server: Server) -> None:
    assert server.get("/healthz")[0] == 200
    assert server.get("/livez", server.internal_port)[0] == 200
    for path in ("/livez", "/readyz", "/metrics"):
        assert server.get(path, Host=f"localhost:{server.internal_port}")[0] in {400, 404}
    assert server.get("/healthz", server.internal_port)[0] == 404


def test_the_counters_of_all_workers_add_up(server: Server) -> None:
    def counted() -> float:
        text = server.get("/metrics", server.internal_port)[1]
        found = re.search(r'^idp_http_requests_total\{endpoint="healthz",.*\} (.+)$', text, re.MULTILINE)
        return float(found.group(1)) if found else 0.0

    before = counted()
    for _ in range(20):
        server.get("/healthz")
    assert counted() == before + 20


@pytest.mark.parametrize(
    "request_line",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nx_forwarded_for: 10.0.0.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 80 + b"\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    ],
    ids=["underscore", "CL and TE", "long field", "many fields", "long line", "space before colon", "folded field"],
)
def test_what_could_mean_two_things_is_refused(server: Server, request_line: bytes) -> None:
    """R44, R45."""
    answer = server.raw(request_line)
    assert re.match(r"HTTP/1.1 4\d\d ", answer)
    assert "close" in answer


def test_nothing_names_the_server_or_its_version(server: Server) -> None:
    answer = server.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost:%d\r\nConnection: close\r\n\r\n" % server.port)
    assert "Server: idp\r\n" in answer
    assert "gunicorn" not in answer.lower()


def test_the_workers_share_what_was_loaded_before_the_fork(server: Server) -> None:
    """The budget is 120 MiB for each process at rest; a library that starts to copy itself takes more than that."""
    assert server.get("/healthz")[0] == 200
    for process in psutil.Process(server.process.pid).children():
        memory = process.memory_full_info()
        assert memory.pss < 120 * MIB
        assert memory.uss < memory.rss / 2


def test_it_stops_at_once_when_nothing_is_running_and_leaves_nothing_behind(server: Server) -> None:
    began = time.monotonic()
    server.process.terminate()
    assert server.process.stderr is not None
    log = server.process.stderr.read()
    assert server.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert list(server.temporary.iterdir()) == []
    assert "request.answered" in log
    assert all(line.startswith("{") for line in log.splitlines()), log


def test_without_a_port_of_its_own_the_internal_application_is_not_bound(environment: dict[str, str]) -> None:
    for port in ("0", "8000"):
        arguments = gunicorn_arguments(Settings.load({**environment, "IDP_PORT": "8000", "IDP_INTERNAL_PORT": port}))
        assert [item for item in arguments if item.startswith("--bind")] == ["--bind=127.0.0.1:8000"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, ["--timeout=30", "--graceful-timeout=25", "--keep-alive=75", "--worker-connections=200", "--preload"]),
        ({"IDP_WEB_TIMEOUT": "60", "IDP_WEB_GRACEFUL_TIMEOUT": "50"}, ["--timeout=60", "--graceful-timeout=50"]),
        ({"IDP_WEB_MAX_REQUESTS": "500"}, ["--max-requests=500", "--max-requests-jitter=50"]),
        ({"IDP_WEB_MAX_REQUESTS": "0"}, ["--max-requests=0", "--max-requests-jitter=0"]),
        ({"IDP_WEB_CONNECTIONS": "2", "IDP_WEB_THREADS": "8"}, ["--worker-connections=8"]),
    ],
)
def test_the_server_is_told_what_the_operator_decided(
    environment: dict[str, str], given: dict[str, str], told: list[str]
) -> None:
    assert set(told) <= set(gunicorn_arguments(Settings.load(environment | given)))


def test_each_process_loads_the_application_for_itself_when_told_so(environment: dict[str, str]) -> None:
    assert "--preload" not in gunicorn_arguments(Settings.load({**environment, "IDP_WEB_PRELOAD": "false"}))
