"""``idp event``: what happened, at the terminal."""

import csv
import json
from pathlib import Path

from idp.tenants.models import Tenant
from tests.cli.conftest import Terminal

EMAIL = "ada@example.com"


def test_events_are_listed_exported_and_counted(idp: Terminal, tenant: Tenant, tmp_path: Path) -> None:
    where = ("--tenant", tenant.slug)
    made = idp.json("user", "create", *where, "--email", EMAIL)
    (created,) = idp.json("event", "list", *where, "--type", "user.created")
    assert (created["user_id"], created["actor"]) == (made["id"], "operator")
    assert idp.json("event", "list", *where, "--user", EMAIL, "--since", "2020-01-01", "--limit", "1")
    assert idp.json("event", "list", *where, "--until", "2020-01-01") == []
    file = tmp_path / "events.jsonl"
    idp.json("event", "export", *where, "-o", str(file))
    newest, *_ = file.read_text().splitlines()
    assert json.loads(newest)["type"] == "events.exported"
    idp.json("event", "export", *where, "--format", "csv", "--user", EMAIL, "-o", str(file))
    with file.open(newline="") as written:
        rows = list(csv.DictReader(written))
    assert created["id"] in [row["id"] for row in rows]
    assert set(rows[0]) == set(created)
    (counted,) = idp.json("event", "stats", *where, "--type", "user.created", "--days", "1")
    assert (counted["count"], counted["people"]) == (1, 1)


def test_what_is_asked_wrongly_is_told(idp: Terminal, tenant: Tenant) -> None:
    where = ("--tenant", tenant.slug)
    assert "'x'" in idp.sentence("event", "list", *where, "--type", "x")
    assert "'yesterday'" in idp.sentence("event", "list", *where, "--since", "yesterday")
    assert idp.sentence("event", "list", *where, "--user", "nobody@example.com").startswith("Nobody here has")
