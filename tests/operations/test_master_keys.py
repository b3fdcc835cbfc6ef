"""From one master key to the next while the service goes on, and killed in the middle (R19)."""

import base64
import os
import signal
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from idp.crypto.sealing import MasterKeys, SealBroken
from idp.events.models import Event
from idp.tenants import service as tenants
from idp.tenants import wrapping
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.cli.conftest import Terminal
from tests.factories import MASTER_KEY
from tests.operations.installation import Installation

FIRST = f"first:{MASTER_KEY}"
SECOND = "second:" + base64.b64encode(bytes(range(50, 82))).decode()
BOTH = f"{SECOND},{FIRST}"
MANY = 400
PATIENCE_SECONDS = 30


def counts(terminal: Terminal, keys: str = BOTH) -> dict[str, tuple[int, str]]:
    rows = Terminal(terminal.environment | {"IDP_MASTER_KEYS": keys}).json("master-key", "status")
    return {row["key"]: (row["tenants"], row["state"]) for row in rows}


def opened(wiring: Wiring) -> int:
    """How many tenants' data keys these master keys open."""
    with wiring.platform_unit() as platform:
        rows = platform.session.scalars(select(Tenant).where(Tenant.data_key_sealed.is_not(None))).all()
    for row in rows:
        assert row.data_key_sealed is not None
        wiring.master_keys.open(row.id, row.data_key_sealed)
    return len(rows)


def test_every_tenant_goes_under_the_new_key_and_then_the_old_one_can_go(
    installation: Installation, terminal: Terminal
) -> None:
    old = installation.wiring()
    with old.platform_unit() as platform:
        acme = tenants.create(platform, slug="acme", name="Acme", base_url="http://localhost:8000")
    with old.tenant_unit(acme) as uow:
        before = uow.data_key.derive("a purpose")
    installation.add_tenants(20)
    assert counts(terminal) == {"second": (0, "seals"), "first": (22, "opens")}
    result = terminal("master-key", "rewrap", "--batch", "7", IDP_MASTER_KEYS=BOTH)
    assert (result.exit_code, result.stdout) == (0, "22 tenants went under the key second.\n"), result.output
    assert counts(terminal) == {"second": (22, "seals"), "first": (0, "unused")}
    new = installation.wiring(IDP_MASTER_KEYS=SECOND)
    assert opened(new) == 22
    with new.platform_unit() as platform:
        acme = tenants.get(platform, "acme")
        (event,) = platform.session.scalars(select(Event).where(Event.type == "master_key.rewrapped")).all()
    with new.tenant_unit(acme) as uow:
        assert uow.data_key.derive("a purpose") == before, "what the data key seals stays sealed by it"
    assert event.data == {"key_id": "second", "tenants": 22}
    assert terminal.json("master-key", "status")[1]["state"] == "missing"
    again = terminal("master-key", "rewrap", IDP_MASTER_KEYS=BOTH)
    assert (again.exit_code, again.stdout) == (0, "0 tenants went under the key second.\n")


def test_a_rewrap_that_is_killed_goes_on_where_it_was(
    installation: Installation, terminal: Terminal, tmp_path: Path
) -> None:
    installation.add_tenants(MANY)
    wiring = installation.wiring(IDP_MASTER_KEYS=BOTH)
    process = installation.start("master-key", "rewrap", "--batch", "1", log=tmp_path / "log", IDP_MASTER_KEYS=BOTH)
    deadline, left = time.monotonic() + PATIENCE_SECONDS, MANY + 1
    while left > MANY and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
        with wiring.platform_unit() as platform:
            left = wrapping.left(platform)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait(PATIENCE_SECONDS) == -signal.SIGKILL, (tmp_path / "log").read_text()
    with wiring.platform_unit() as platform:
        left = wrapping.left(platform)
    assert 0 < left <= MANY
    assert opened(wiring) == MANY + 1, "with both keys everything opens at every moment"
    result = terminal("master-key", "rewrap", IDP_MASTER_KEYS=BOTH)
    assert (result.exit_code, result.stdout) == (0, f"{left} tenants went under the key second.\n")
    assert opened(installation.wiring(IDP_MASTER_KEYS=SECOND)) == MANY + 1


def test_processes_with_the_keys_in_either_order_go_on_meanwhile(installation: Installation) -> None:
    """As a rolling deployment has them: whoever is old makes tenants under the old key."""
    old, new = installation.wiring(IDP_MASTER_KEYS=f"{FIRST},{SECOND}"), installation.wiring(IDP_MASTER_KEYS=BOTH)
    made = []
    for number, wiring in enumerate((old, new)):
        with wiring.platform_unit() as platform:
            slug = f"during-{number}"
            made.append(tenants.create(platform, slug=slug, name=slug, base_url="http://localhost:8000"))
    for wiring in (old, new):
        for tenant in made:
            with wiring.tenant_unit(tenant) as uow:
                assert uow.data_key.derive("a purpose")
    with new.platform_unit() as platform:
        wrapping.rewrap(platform)
    for wiring in (old, new):
        assert opened(wiring) == 3
        with wiring.tenant_unit(made[0]) as uow:
            assert uow.data_key.derive("a purpose"), "by the row that it read before"


def test_a_tenant_that_is_deleted_meanwhile_gets_no_key_back(installation: Installation, monkeypatch: Any) -> None:
    (tenant_id, *_) = installation.add_tenants(3)
    new, other = installation.wiring(IDP_MASTER_KEYS=BOTH), installation.wiring()
    rewrapped = MasterKeys.rewrap

    def deleting(self: MasterKeys, which: Any, wrapped: bytes) -> bytes:
        if which == tenant_id:
            with other.platform_unit() as platform:
                row = platform.session.get(Tenant, tenant_id)
                assert row is not None
                tenants.delete(platform, row)
        return rewrapped(self, which, wrapped)

    monkeypatch.setattr(MasterKeys, "rewrap", deleting)
    with new.platform_unit() as platform:
        step = wrapping.rewrap(platform)
    assert step.rewrapped == 3, "two and the built-in one"
    with new.platform_unit() as platform:
        row = platform.session.get(Tenant, tenant_id)
        assert row is not None
        assert row.data_key_sealed is None
        assert wrapping.left(platform) == 0


def test_it_is_not_done_while_a_key_is_missing(installation: Installation, terminal: Terminal) -> None:
    lost = "lost:" + base64.b64encode(bytes(range(90, 122))).decode()
    installation.add_tenants(2, IDP_MASTER_KEYS=lost)
    assert counts(terminal) == {"second": (0, "seals"), "first": (1, "opens"), "lost": (2, "missing")}
    result = terminal("master-key", "rewrap", "--batch", "1", "--json", IDP_MASTER_KEYS=BOTH)
    assert result.exit_code == 1
    assert '"rewrapped": 1, "left": 2' in result.stdout
    assert result.stderr.startswith("2 tenants are under a key that is not in IDP_MASTER_KEYS")
    assert counts(terminal) == {"second": (1, "seals"), "first": (0, "unused"), "lost": (2, "missing")}


@pytest.mark.parametrize("wrapped", [b"", b"\x01", b"\x01\x05first", b"\x01\x05first" + bytes(60)])
def test_a_damaged_key_is_left_alone(wrapped: bytes) -> None:
    keys = MasterKeys({"first": base64.b64decode(MASTER_KEY)})
    with pytest.raises(SealBroken):
        keys.rewrap(uuid4(), wrapped)
