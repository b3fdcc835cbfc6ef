"""The image, built by its Dockerfile and run as the compose file runs it: no root, nothing to write but /tmp."""

import http.client
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import requests

from idp.dev import sbom
from tests.image import engine, person
from tests.image.conftest import MIGRATING, OWNER_OF_VOLUMES, SERVING, Stack
from tests.image.container import Container, Running, wait_until
from tests.image.engine import Built

pytestmark = [pytest.mark.image]

MEGABYTE = 1 << 20
PATIENCE = 180  # of a machine that has other work


@pytest.fixture(scope="module")
def migrated(stack: Stack) -> Stack:
    """The one-shot services of the compose file, one after the other."""
    password = stack.migrating / "POSTGRES_PASSWORD"
    password.write_text((stack.servers.postgres.home / "password").read_text())
    password.chmod(0o640)
    os.chown(password, OWNER_OF_VOLUMES, OWNER_OF_VOLUMES)
    folders = ["--serving", SERVING, "--migrating", MIGRATING, "--database-host", "/mnt"]
    made = json.loads(stack.migrated.run("secrets", *folders, "--json"))["made"]
    assert len(made) == 5
    stack.migrated.run("db", "init", "--from-settings", "--admin-url-file", f"{MIGRATING}/ADMIN_DATABASE_URL")
    upgraded = json.loads(stack.migrated.run("db", "upgrade", "--json"))
    assert upgraded["before"] is None
    assert upgraded["current"] == upgraded["head"]
    return stack


@pytest.fixture(scope="module")
def client_id(migrated: Stack) -> str:
    """A tenant, a person and a client, by the image's own command line."""
    served = migrated.served
    served.run("tenant", "create", "acme")
    somebody = ["--tenant", "acme", "--email", person.EMAIL, "--verified", "--password-stdin"]
    served.run("user", "create", *somebody, stdin=person.PASSWORD)
    client = [
        "--tenant",
        "acme",
        "--name",
        "Notes",
        "--type",
        "spa",
        "--first-party",
        "--redirect-uri",
        person.CALLBACK,
    ]
    return json.loads(served.run("client", "create", *client, "--scope", "openid", "--json"))["client_id"]


@pytest.fixture
def web(migrated: Stack, client_id: str, tmp_path: Path) -> Iterator[Running]:
    running = migrated.served.start(log=tmp_path / "web.log")
    try:
        wait_until(lambda: is_well(migrated, "/readyz"), PATIENCE, "the server is ready")
        yield running
    finally:
        running.kill()


def is_well(stack: Stack, path: str, port: str = "IDP_INTERNAL_PORT") -> bool:
    """By the program of the image's own health check."""
    health = stack.built.config["Healthcheck"]["Test"]
    assert health[:4] == ["CMD", "python", "-m", "idp.probe"]
    return stack.served.attempt(path, stack.settings[port], entry=health[1:4]).returncode == 0


def test_nothing_is_in_it_that_builds_or_was_built_with(built: Built) -> None:
    commands = {
        path.name
        for folder in ("bin", "usr/bin", "usr/local/bin", "opt/idp/bin")
        for path in (built.root / folder).glob("*")
    }
    assert not commands & {"gcc", "cc", "g++", "clang", "ld", "make", "git", "curl", "wget", "uv"}
    assert not [name for name in commands if name.startswith("pip")]
    assert {"idp", "python"} <= commands
    for left in ("src", "tools", "wheels", "root/.cache", "etc/pip.conf", "run/secrets/ca", "usr/share/python-wheels"):
        assert not (built.root / left).exists()
    assert [*(built.root / "tmp").iterdir()] == []


def test_it_serves_the_wheel_and_the_locked_versions(built: Built) -> None:
    listed = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
    found = json.loads(Container(built).run("-c", listed, entry=["python", "-I"]))
    wanted = {package.name: package.version for package in sbom.installed(sbom.LOCK.read_text())}
    assert {name.lower().replace("_", "-").replace(".", "-"): version for name, version in found.items()} == {
        **wanted,
        "idp": "0.1.0",
    }


def test_its_user_is_nobody_and_may_write_nothing_but_tmp(built: Built) -> None:
    status = Container(built).run(
        "-c", "import os; print(os.getpid(), open('/proc/self/status').read())", entry=["python"]
    )
    assert status.startswith("1 ")
    assert "Uid:\t10001\t10001\t10001\t10001" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    folders = ["/", "/etc", "/opt/idp", "/opt/idp/lib", "/var/lib/idp/serving", "/tmp"]  # noqa: S108 - inside
    writable = f"import os; print([folder for folder in {folders} if os.access(folder, os.W_OK)])"
    assert Container(built).run("-c", writable, entry=["python"]) == "['/tmp']\n"


def test_the_size_is_that_of_a_slim_image(built: Built, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = engine.sizes(built)
    with capsys.disabled():
        print("\n" + ", ".join(f"{name} {size / MEGABYTE:.0f} MB" for name, size in sizes.items()))
    assert sizes["files_without_base"] < 250 * MEGABYTE
    assert sizes["compressed_without_base"] < 80 * MEGABYTE


def test_a_setting_that_is_missing_is_named_and_nothing_starts(built: Built) -> None:
    refused = Container(built, {"IDP_BASE_URL": "http://id.example.com"}).attempt()
    assert refused.returncode == 1
    assert "IDP_BASE_URL must be https unless it is a loopback address" in refused.stderr
    assert "IDP_MASTER_KEYS is missing" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_doctor_finds_nothing_and_the_secrets_are_nobody_elses(migrated: Stack) -> None:
    findings = json.loads(migrated.migrated.run("doctor", "--json"))
    assert [found for found in findings if found["state"] == "ill"] == []
    files = [*migrated.serving.iterdir(), *migrated.migrating.iterdir()]
    assert {path.stat().st_uid for path in files} == {10001}
    assert {path.stat().st_mode & 0o077 for path in files} == {0, 0o040}


def test_somebody_signs_in_and_the_token_is_of_the_tenant(migrated: Stack, client_id: str, web: Running) -> None:
    claims = person.sign_in(f"{migrated.url}/t/acme", client_id)
    assert claims["nonce"] == "n"
    event = migrated.served.run("event", "list", "--tenant", "acme", "--json")
    assert "session.started" in event or "sign_in" in event or "session" in event


def test_the_server_is_process_one_and_its_log_is_json(migrated: Stack, web: Running) -> None:
    command = Path(f"/proc/{web.pid}/cmdline").read_bytes().split(b"\0")
    status = Path(f"/proc/{web.pid}/status").read_text()
    assert b"gunicorn" in command
    assert next(line for line in status.splitlines() if line.startswith("NSpid")).split()[-1] == "1"
    requests.get(f"{migrated.url}/t/acme/.well-known/openid-configuration", timeout=20)
    lines = [json.loads(line) for line in web.log.read_text().splitlines()]
    assert lines
    assert all("event" in line for line in lines)


def test_what_is_in_flight_ends_well_after_the_signal_to_stop(migrated: Stack, client_id: str, web: Running) -> None:
    port = int(migrated.settings["IDP_PORT"])

    def fetch() -> int:
        with closing(http.client.HTTPConnection("localhost", port, timeout=120)) as connection:
            connection.request("GET", f"/t/acme/oauth/authorize?client_id={client_id}&response_type=code")
            return connection.getresponse().status

    admin = migrated.servers.postgres.admin_url.replace("/postgres?", "/idp?")
    with ThreadPoolExecutor(1) as pool, psycopg.connect(admin) as holder:
        holder.execute("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE")
        status = pool.submit(fetch)
        wait_until(lambda: _waits(admin), PATIENCE, "the request stands in the database")
        web.terminate()
        wait_until(lambda: "Handling signal: term" in web.log.read_text(), PATIENCE, "the signal is heard")
        assert not status.done()
        holder.rollback()
        assert status.result(timeout=PATIENCE) < 500
    assert web.exit_status(within=PATIENCE) == 0


def test_the_worker_runs_is_well_and_stops_when_told(migrated: Stack, tmp_path: Path) -> None:
    worker = migrated.served.start("worker", log=tmp_path / "worker.log")
    try:
        wait_until(lambda: is_well(migrated, "/readyz", "IDP_WORKER_PORT"), PATIENCE, "the worker is ready")
        worker.terminate()
        assert worker.exit_status(within=PATIENCE) == 0
    finally:
        worker.kill()


def test_the_server_goes_at_once_when_it_is_idle(web: Running) -> None:
    web.terminate()
    assert web.exit_status(within=PATIENCE) == 0


def _waits(admin: str) -> bool:
    with psycopg.connect(admin) as connection:
        row = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()
    return row is not None and row[0] > 0
