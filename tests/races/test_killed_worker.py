"""kill -9 of web workers in the middle of a stream of refreshes: no client loses what it was told (R7, R62)."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import pytest

from idp import server
from idp.config import Settings
from idp.wiring import Wiring
from tests import factories
from tests.browser import Browser
from tests.factories import People

pytestmark = pytest.mark.live
ROOT = Path(server.__file__).parents[1]
STREAMS, KILLS = 4, 3
PATIENCE = 20.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Served:
    """A gunicorn with two workers."""

    process: subprocess.Popen[bytes]
    port: int
    base_url: str

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def kill_a_worker(self) -> int:
        """Not gracefully."""
        victim = max(self.workers(), key=lambda worker: worker.create_time())
        os.kill(victim.pid, signal.SIGKILL)
        return victim.pid


@pytest.fixture
def served(environment: dict[str, str]) -> Iterator[Served]:
    port = free_port()
    base_url = f"http://localhost:{port}"
    own = environment | {
        "IDP_BASE_URL": base_url,
        "IDP_PORT": str(port),
        "IDP_INTERNAL_PORT": "0",
        "IDP_WEB_WORKERS": "2",
        "IDP_WEB_THREADS": "4",
    }
    process = subprocess.Popen(
        server.command(Settings.load(own)), cwd=ROOT, env=os.environ | own, stderr=subprocess.DEVNULL
    )
    try:
        wait_until_it_answers(port)
        yield Served(process, port, base_url)
    finally:
        process.terminate()
        process.wait(30)


def wait_until_it_answers(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if ask(port, "GET", "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("gunicorn does not answer")


def ask(port: int, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("localhost", port, timeout=5)) as connection:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(form or {}), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@dataclass
class Stream:
    """A client that keeps a ledger: the last token that it was given is the only one that it knows."""

    served: Served
    path: str
    client_id: str
    token: str
    stop: threading.Event
    rotations: int = 0
    broken: int = 0
    refusals: list[Any] = field(default_factory=list)

    def run(self) -> None:
        while not self.stop.is_set():
            self.refresh()

    def refresh(self) -> None:
        form = {"grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": self.token}
        try:
            status, body = ask(self.served.port, "POST", self.path, form)
        except (OSError, http.client.HTTPException, ValueError):
            self.broken += 1
            time.sleep(0.02)
            return
        if status != 200:
            self.refusals.append((status, body))
            self.stop.set()
            return
        assert body["refresh_token"] != self.token
        self.token = body["refresh_token"]
        self.rotations += 1


def test_killed_workers_lose_nothing(app: Any, wiring: Wiring, served: Served) -> None:
    tenant = factories.make_tenant(wiring)
    people = People(wiring, tenant)
    people.user()
    client, _ = people.client(type="spa", token_endpoint_auth_method="none")
    browser, stop = Browser(app, tenant), threading.Event()
    path = f"/t/{tenant.slug}/oauth/token"
    tokens = [browser.tokens(client, None)["refresh_token"] for _ in range(STREAMS)]
    streams = [Stream(served, path, str(client.id), token, stop) for token in tokens]
    threads = [threading.Thread(target=stream.run) for stream in streams]
    for thread in threads:
        thread.start()
    killed = []
    for _ in range(KILLS):
        time.sleep(0.7)
        killed.append(served.kill_a_worker())
    time.sleep(1.5)
    stop.set()
    for thread in threads:
        thread.join(PATIENCE)

    assert [stream.refusals for stream in streams] == [[]] * STREAMS
    assert len(set(killed)) == KILLS
    before = [stream.rotations for stream in streams]
    assert min(before) > 0
    stop.clear()
    wait_until_it_answers(served.port)
    for stream in streams:
        stream.refresh()
        assert not stream.refusals
    assert [stream.rotations for stream in streams] == [count + 1 for count in before]
    assert {worker.pid for worker in served.workers()}.isdisjoint(killed)
