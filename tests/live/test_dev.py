"""`idp dev` itself: it survives a kill, follows its ports, says what is in the way, and leaves nothing behind."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from programs import ROOT, free_port

from idp.dev.instance import living_instance

pytestmark = pytest.mark.live


class Run:
    """One run of `idp dev` in a data folder."""

    def __init__(self, folder: Path, *args: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "idp", "dev", "--data-dir", str(folder / "data"), *args]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("IDP_")}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def wait(self) -> dict[str, Any]:
        """Until it is there; what demo.json says."""
        deadline = time.monotonic() + 120
        while (instance := living_instance(self.folder / "data")) is None or instance.pid != self.process.pid:
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        said: dict[str, Any] = json.loads((self.folder / "data" / "demo.json").read_text())
        return said

    def idp(self, *args: str) -> Any:
        """What `idp … --json` says beside it."""
        command = [sys.executable, "-m", "idp", *args, "--json", "--data-dir", str(self.folder / "data")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
        return json.loads(done.stdout)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Its status and what it said on stderr; everything that it started must be gone."""
        family = [self.process.pid, *(child.pid for child in psutil.Process(self.process.pid).children(recursive=True))]
        self.process.send_signal(number)
        errors = self.process.communicate(timeout=60)[1]
        deadline = time.monotonic() + 30
        while left := [pid for pid in family if psutil.pid_exists(pid) and _runs(pid)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.1)
        return self.process.returncode, errors


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="idp-dev-"))
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)  # PostgreSQL is not root, and must get in
    yield path
    shutil.rmtree(path)


def machine_token(tenant: dict[str, Any]) -> requests.Response:
    machine = tenant["clients"]["machine"]
    return requests.post(
        f"{tenant['issuer']}/oauth/token",
        data={"grant_type": "client_credentials", "scope": "notes:read"},
        auth=(machine["client_id"], machine["client_secret"]),
        timeout=20,
    )


def test_a_killed_run_recovers_with_the_same_credentials_on_other_ports(folder: Path) -> None:
    first = Run(folder, "--port", str(free_port()))
    before = first.wait()
    for name in ("demo.json", "instance.json", "database.json", "master.key"):
        assert stat.S_IMODE((folder / "data" / name).stat().st_mode) == 0o600
    assert machine_token(before["tenants"][0]).status_code == 200
    first.idp("connection", "delete", "--tenant", "acme", "globex", "--yes")  # as in a folder of before there were any
    assert first.end(signal.SIGKILL)[0] == -signal.SIGKILL

    second = Run(folder, "--port", str(free_port()))
    after = second.wait()
    assert after["base_url"] != before["base_url"]
    assert after["operator"] == before["operator"]
    for old, new in zip(before["tenants"], after["tenants"], strict=True):
        assert (new["admin"], new["user"]) == (old["admin"], old["user"])
        for kind in ("web", "spa", "machine"):
            assert new["clients"][kind]["client_id"] == old["clients"][kind]["client_id"]
            assert new["clients"][kind].get("client_secret") == old["clients"][kind].get("client_secret")
        assert new["clients"]["web"]["redirect_uris"] != old["clients"]["web"]["redirect_uris"]
        assert new["issuer"] == f"{after['base_url']}/t/{new['slug']}"
        token = machine_token(new)
        assert token.status_code == 200
        metadata = requests.get(f"{new['issuer']}/.well-known/openid-configuration", timeout=20).json()
        assert metadata["issuer"] == new["issuer"]
        api = new["clients"]["web"]["redirect_uris"][0].split("/callback")[0]
        assert f"/login/{new['slug']}" in requests.get(api, timeout=20).text
    connection = second.idp("connection", "show", "--tenant", "acme", "globex")
    assert (connection["enabled"], connection["issuer"]) == (True, after["tenants"][1]["issuer"])
    assert after["tenants"][1]["clients"]["acme"]["redirect_uris"] == [connection["callback_url"]]
    assert second.end(signal.SIGINT) == (0, "")


def test_a_taken_port_and_a_second_run_are_one_sentence_each(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        run = Run(folder, "--port", str(port))
        _, errors = run.process.communicate(timeout=60)
        assert run.process.returncode == 1
        assert errors == f"Port {port} is taken on 127.0.0.1; choose another with --port.\n"
    first = Run(folder, "--port", "0", "--no-demo")
    deadline = time.monotonic() + 120
    while living_instance(folder / "data") is None:
        assert first.process.poll() is None, first.process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not (folder / "data" / "demo.json").exists()
    second = Run(folder, "--port", "0")
    _, errors = second.process.communicate(timeout=60)
    assert second.process.returncode == 1
    assert errors.startswith(f"An instance already runs in {folder / 'data'}")
    assert errors.count("\n") == 1
    assert first.end(signal.SIGTERM) == (0, "")
