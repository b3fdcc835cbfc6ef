import base64

from idp.cli.db import bring_up
from idp.config import Settings
from idp.wiring import Wiring
from tests.cli.conftest import Terminal


def test_upgrade_makes_the_built_in_tenant_once(idp: Terminal) -> None:
    for _ in range(2):
        upgraded = idp.json("db", "upgrade")
        assert upgraded["current"] == upgraded["head"]
    assert idp.json("tenant", "show", "system")["name"] == "Operators"
    assert idp.json("db", "status")["is_current"] is True
    assert "it stays" in idp.sentence("tenant", "delete", "system", "--yes")


def test_upgrade_needs_the_owner(idp: Terminal) -> None:
    environment = {name: url for name, url in idp.environment.items() if name != "IDP_OWNER_DATABASE_URL"}
    assert "IDP_OWNER_DATABASE_URL" in Terminal(environment).sentence("db", "upgrade")


def test_an_address_that_is_none_is_told_as_such(idp: Terminal) -> None:
    assert "postgresql://" in idp.sentence("db", "init", "--admin-url", "not a url")


def test_doctor_finds_nothing_where_nothing_is_wrong(idp: Terminal, settings: Settings, wiring: Wiring) -> None:
    bring_up(settings, wiring)
    findings = idp.json("doctor")
    assert "ill" not in {found["state"] for found in findings}


def test_doctor_says_what_is_wrong_and_how_to_mend_it(idp: Terminal, settings: Settings, wiring: Wiring) -> None:
    bring_up(settings, wiring)
    other_key = "first:" + base64.b64encode(bytes(range(100, 132))).decode()
    result = idp(
        *("doctor",),
        IDP_DATABASE_URL=idp.environment["IDP_PLATFORM_DATABASE_URL"],
        IDP_REDIS_URL="redis://127.0.0.1:1",
        IDP_MASTER_KEYS=other_key,
    )
    assert result.exit_code == 1
    assert result.stderr == "3 of 19 checks failed: app role, master keys, redis.\n"
    rows = [line.split("\t") for line in result.stdout.splitlines()]
    assert [row[3] for row in rows if row[0] == "app role"] == ["Use the URLs that `idp db init` prints."]
