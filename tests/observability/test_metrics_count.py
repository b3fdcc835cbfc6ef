"""Numbers that are true: round trips as the server counts them, pools, the password gate, and whatever is gone."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.test import Client

from idp import metrics
from idp.config import Settings
from idp.crypto.passwords import Gate, PasswordGateFull
from idp.db.engine import make_engine
from idp.http.health import create_internal_app
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker.pulse import STALLED_SECONDS, Pulse
from tests.budgets.round_trips import RoundTrips
from tests.factories import People


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = make_engine(settings.database_url.get_secret_value(), pool_size=1, role="counted")
    yield engine
    engine.dispose()


def test_round_trips_are_those_that_the_server_answers(settings: Settings, wiring: Wiring, people: People) -> None:
    """BEGIN and COMMIT among them; tests/budgets counts them by libpq's own trace."""
    engine = make_engine(settings.database_url.get_secret_value(), pool_size=2, role="traced")
    trips, name = RoundTrips(engine), "idp_database_round_trip_seconds_count"
    mine = Wiring(settings, engine, wiring.platform, wiring.master_keys, wiring.limiter)
    try:
        with mine.tenant_unit(people.tenant) as uow:
            uow.execute(text("SELECT 1"))
        with trips.counted() as counted:
            before = value(name, role="traced")
            with mine.tenant_unit(people.tenant) as uow:
                uow.execute(text("SELECT 2"))
                uow.execute(text("SELECT 3"))
            with mine.tenant_unit(people.tenant):
                pass
            with mine.tenant_unit(people.tenant) as uow:
                uow.execute(text("SELECT 4"))
                uow.session.rollback()
        assert value(name, role="traced") - before == counted[0] == 7
    finally:
        engine.dispose()
        trips.close()


def test_a_pool_says_what_is_in_use_and_what_was_not_to_be_had(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    in_use, all_ = ("idp_database_connections_in_use", "idp_database_connections")
    monkeypatch.setattr(engine.pool, "_timeout", 0.01)
    with engine.connect(), engine.connect():
        assert value(in_use, role="counted") == 2
        with pytest.raises(PoolTimeoutError):
            engine.connect()
        assert value("idp_database_checkouts_total", role="counted", outcome="timeout") == 1
        assert value(in_use, role="counted") == 2
    assert value(in_use, role="counted") == 0
    assert value(all_, role="counted") >= 1
    with engine.connect() as connection:
        connection.invalidate()
    with engine.connect():
        assert value(in_use, role="counted") == 1


def test_the_gate_says_who_hashes_who_waits_and_who_was_sent_away() -> None:
    gate, go, began = Gate(threads=1, places=2), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        go.wait(20)

    callers = [threading.Thread(target=gate.run, args=(work,)) for _ in range(2)]
    before = {name: value(f"idp_password_gate_{name}") for name in ("held", "running", "refused_total")}
    for caller in callers:
        caller.start()
    deadline = time.monotonic() + 20
    while value("idp_password_gate_held") < before["held"] + 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    began.wait(20)
    assert value("idp_password_gate_held") == before["held"] + 2
    assert value("idp_password_gate_running") == before["running"] + 1
    with pytest.raises(PasswordGateFull):
        gate.run(work)
    assert value("idp_password_gate_refused_total") == before["refused_total"] + 1
    go.set()
    for caller in callers:
        caller.join()
    assert value("idp_password_gate_held") == before["held"]
    assert value("idp_password_gate_running") == before["running"]


def test_requests_in_flight_come_to_nought_whatever_becomes_of_them(app: Any, tenant: Tenant) -> None:
    before = value("idp_http_requests_in_flight")
    client = app.test_client()
    for path in ("/healthz", "/nowhere", f"/t/{tenant.slug}/login", "/t/no-such-tenant/login"):
        client.get(path)
    client.get("/healthz", headers={"Host": "elsewhere.example"})
    assert value("idp_http_requests_in_flight") == before


def test_a_worker_that_gets_on_with_nothing_is_not_alive(
    settings: Settings, wiring: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse, now = Pulse(), time.monotonic()
    client = Client(create_internal_app(settings, wiring.app, pulse.is_alive))
    pulse.beat()
    assert client.get("/livez").status_code == 200
    monkeypatch.setattr(time, "monotonic", lambda: now + 2 * STALLED_SECONDS)
    stalled = client.get("/livez")
    assert (stalled.status_code, stalled.json) == (503, {"status": "stalled"})
    assert client.get("/readyz").status_code == 200
    pulse.beat()
    assert client.get("/livez").status_code == 200


COUNTS = """
import os, sys
from pathlib import Path
from idp import metrics
from idp.http import exposition

folder = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
for _ in range(3):
    child = os.fork()
    if child == 0:
        metrics.DOCUMENTS.inc(2)
        metrics.REQUEST_SECONDS.labels("somewhere").observe(0.003)
        metrics.IN_FLIGHT.inc()
        os._exit(0)
    os.waitpid(child, 0)
    before = exposition.expose()
    exposition.fold(folder, child)
    after = exposition.expose()
    assert before.count(b"idp_documents_from_memory_total") == after.count(b"idp_documents_from_memory_total")
    assert not list(folder.glob(f"*_{child}.db"))
sys.stdout.write(exposition.expose().decode())
print(sorted(path.name for path in folder.iterdir() if str(os.getpid()) not in path.name))
"""


def test_what_processes_counted_outlives_them_in_one_file(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNTS],
        env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PATH": ""},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "\nidp_documents_from_memory_total 6.0\n" in done.stdout
    assert '\nidp_http_request_seconds_count{endpoint="somewhere"} 3.0\n' in done.stdout
    assert '\nidp_http_request_seconds_bucket{endpoint="somewhere",le="0.005"} 3.0\n' in done.stdout
    assert '\nidp_http_request_seconds_bucket{endpoint="somewhere",le="0.0025"} 0.0\n' in done.stdout
    assert "\nidp_http_requests_in_flight 0.0\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "['counter_gone.db', 'histogram_gone.db', 'lock']"
