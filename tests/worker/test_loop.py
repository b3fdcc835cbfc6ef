"""The worker as a process: it starts, works, survives an outage, and stops within a second."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

import pytest

from idp.keys import service as keys
from idp.keys.models import KeyState
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import loop
from tests.factories import People


class Worker:
    """One worker process and what it logs."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "idp", "worker"],
            env={**os.environ, **environment, "IDP_LOG_LEVEL": "info"},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        assert self.process.stderr is not None
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(json.loads(line) if line.startswith("{") else {"event": line})

    def wait_for(self, event: str, seconds: float = 15.0) -> dict[str, Any]:
        deadline, seen = time.monotonic() + seconds, []
        while time.monotonic() < deadline:
            try:
                line = self._lines.get(timeout=0.1)
            except queue.Empty:
                continue
            seen.append(line)
            if line["event"] == event:
                return line
        raise AssertionError(f"no {event} among {seen}")

    def stop(self, signum: int = signal.SIGTERM) -> float:
        began = time.monotonic()
        self.process.send_signal(signum)
        self.process.wait(10)
        return time.monotonic() - began

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Any]:
    started: list[Worker] = []

    def start(**changes: str) -> Worker:
        started.append(Worker({**environment, **changes}))
        return started[-1]

    yield start
    for worker in started:
        worker.close()


def test_one_round_does_all_that_is_due(wiring: Wiring, tenant: Tenant, people: People) -> None:
    people.user()
    loop.run(wiring, once=True)
    with wiring.tenant_unit(tenant) as uow:
        assert [key.state for key in keys.list_all(uow)] == [KeyState.PENDING, KeyState.ACTIVE]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_a_second_and_says_so(start: Any, people: People, signum: int) -> None:
    people.user()
    worker = start()
    worker.wait_for("outbox.sent")
    assert worker.stop(signum) < 1.5
    assert worker.process.returncode == 0
    assert worker.wait_for("worker.stopped")["cut_short"] is False


def test_it_waits_for_a_database_that_is_not_there_without_a_busy_loop(start: Any) -> None:
    nowhere = "postgresql://idp_app:x@127.0.0.1:1/nothing"
    worker = start(IDP_DATABASE_URL=nowhere, IDP_PLATFORM_DATABASE_URL=nowhere)
    first = worker.wait_for("worker.database_unavailable")
    second = worker.wait_for("worker.database_unavailable")
    assert first["retry_in"] < second["retry_in"]
    assert worker.stop() < 1.5
    assert worker.process.returncode == 0


def test_it_goes_on_when_its_connections_are_cut(start: Any, wiring: Wiring, people: People, addresses: Any) -> None:
    import psycopg

    worker = start()
    worker.wait_for("worker.started")
    people.user(email="first@example.com")
    worker.wait_for("outbox.sent")
    wiring.dispose()  # ours are not to be cut
    with psycopg.connect(addresses["admin_url"], autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'idp_%%' AND datname = %s",
            [wiring.app.url.database],
        )
    people.user(email="second@example.com")
    worker.wait_for("outbox.sent")
    assert worker.stop() < 1.5
