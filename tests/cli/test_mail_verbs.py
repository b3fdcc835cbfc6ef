from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from idp.events.models import OutboxMessage
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.cli.conftest import Terminal
from tests.factories import People


@pytest.fixture
def dead(wiring: Wiring, tenant: Tenant, people: People) -> str:
    """The id of a mail that failed."""
    people.user(email="grace@example.com")
    with wiring.platform_unit() as platform:
        mine = OutboxMessage.tenant_id == tenant.id
        platform.execute(
            update(OutboxMessage).where(mine).values(dead_at=func.now(), attempts=1, last_error="550 no such person")
        )
        return str(platform.session.scalars(select(OutboxMessage.id).where(mine)).one())


def test_settings_are_set_shown_and_cleared_and_the_password_is_never_shown(idp: Terminal, tenant: Tenant) -> None:
    who = ("--tenant", tenant.slug)
    nothing = {"sender_name": None, "sender_address": None, "smtp_server": None}
    assert idp.json("mail", "settings", "show", *who) == nothing
    url = "smtps://user:hunter2@mail.acme.example\n"
    idp.json("mail", "settings", "set", *who, "--sender-name", "Acme Help", "--smtp-url-stdin", stdin=url)
    result = idp("mail", "settings", "set", *who, "--sender-address", "help@acme.example", "--json")
    assert "hunter2" not in result.output
    assert idp.json("mail", "settings", "show", *who) == {
        "sender_name": "Acme Help",
        "sender_address": "help@acme.example",
        "smtp_server": "smtps://mail.acme.example:465",
    }
    assert idp.json("mail", "settings", "clear", *who) == nothing


def test_a_sender_that_could_not_be_is_a_sentence(idp: Terminal, tenant: Tenant) -> None:
    who = ("--tenant", tenant.slug)
    assert "not an email address" in idp.sentence("mail", "settings", "set", *who, "--sender-address", "nobody")
    assert "smtps://" in idp.sentence("mail", "settings", "set", *who, "--smtp-url-stdin", stdin="http://x")
    assert "Say what to change" in idp.sentence("mail", "settings", "set", *who)


def test_what_failed_is_listed_without_what_it_says(
    idp: Terminal, tenant: Tenant, other_tenant: Tenant, dead: str
) -> None:
    (row,) = idp.json("mail", "failed", "--tenant", tenant.slug)
    assert row.pop("dead_at")
    assert row == {
        "id": dead,
        "tenant": tenant.slug,
        "to": "grace@example.com",
        "template": "account_created",
        "attempts": 1,
        "last_error": "550 no such person",
    }
    assert dead in [row["id"] for row in idp.json("mail", "failed")]
    assert idp.json("mail", "failed", "--tenant", other_tenant.slug) == []


@pytest.mark.parametrize("all_of_them", [True, False])
def test_what_failed_is_tried_again(idp: Terminal, tenant: Tenant, dead: str, all_of_them: bool) -> None:
    chosen = ("--all",) if all_of_them else (dead,)
    assert idp.json("mail", "retry", *chosen, "--tenant", tenant.slug) == {"retried": [dead]}
    assert idp.json("mail", "failed", "--tenant", tenant.slug) == []
    assert idp.json("mail", "retry", "--all", "--tenant", tenant.slug) == {"retried": []}


def test_a_mail_server_cannot_steer_the_terminal(idp: Terminal, wiring: Wiring, tenant: Tenant, dead: str) -> None:
    """A tenant chooses its server, and an operator reads what it said."""
    with wiring.platform_unit() as platform:
        mine = OutboxMessage.tenant_id == tenant.id
        platform.execute(update(OutboxMessage).where(mine).values(last_error="550 \x1b]0;owned\x07\nno\tsuch person"))
    shown = idp("mail", "failed", "--tenant", tenant.slug).stdout
    assert "550  ]0;owned  no such person" in shown
    assert shown.count("\n") == 1


def test_only_what_failed_can_be_tried_again(idp: Terminal, tenant: Tenant, other_tenant: Tenant, dead: str) -> None:
    nothing = str(uuid4())
    assert idp.sentence("mail", "retry", dead, nothing) == f"There is no failed mail {nothing}."
    assert idp.sentence("mail", "retry", dead, "--tenant", other_tenant.slug) == f"There is no failed mail {dead}."
    assert idp.json("mail", "failed", "--tenant", tenant.slug)[0]["id"] == dead
    for wrong in ((), (dead, "--all")):
        assert "Name the mails by id, or say --all" in idp.sentence("mail", "retry", *wrong)
