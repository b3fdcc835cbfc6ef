"""Mail through the worker: to the SMTP server, to the development mailbox, or nowhere until somebody says where."""

import dataclasses
import os
import subprocess
import sys
import threading
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import select

from idp.config import Settings
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.mail import messages, transport
from idp.mail.messages import Recipient
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.wiring import Wiring
from idp.worker import delivery
from tests.factories import People, make_tenant


def configured(wiring: Wiring, environment: dict[str, str], **changes: str) -> Wiring:
    return dataclasses.replace(wiring, settings=Settings.load({**environment, **changes}))


def deliver_all(wiring: Wiring) -> None:
    while delivery.deliver_due(wiring, threading.Event()):
        pass


def mail_of(wiring: Wiring, tenant: Tenant) -> OutboxMessage:
    with wiring.platform_unit() as platform:
        return platform.session.scalars(select(OutboxMessage).where(OutboxMessage.tenant_id == tenant.id)).one()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    sent = mock.Mock()
    monkeypatch.setattr(transport, "send", sent)
    return sent


def test_a_mail_goes_to_the_smtp_server(
    wiring: Wiring, environment: dict[str, str], tenant: Tenant, people: People, sent: mock.Mock
) -> None:
    deliver_all(wiring)
    people.user(email="grace@example.com")
    deliver_all(configured(wiring, environment, IDP_SMTP_URL="smtp://mail.example.com", IDP_MAIL_FROM="id@example.com"))
    url, message = sent.call_args.args
    assert url == "smtp://mail.example.com"
    assert message["To"] == "grace@example.com"
    assert str(mail_of(wiring, tenant).id) in message["Message-ID"]
    assert mail_of(wiring, tenant).sent_at is not None


def test_in_development_the_mailbox_is_where_it_goes(
    wiring: Wiring, tenant: Tenant, people: People, sent: mock.Mock, app: Any
) -> None:
    people.user(email="grace@example.com")
    deliver_all(wiring)
    assert not sent.called
    assert mail_of(wiring, tenant).sent_at is not None

    browser = app.test_client()
    base = wiring.settings.base_url
    newest = browser.get("/dev/mail.json", base_url=base).json[0]
    assert newest["to"] == "grace@example.com"
    assert newest["tenant_id"] == str(tenant.id)
    assert newest["subject"] in browser.get("/dev/mail", base_url=base).text
    assert "grace@example.com" in browser.get(f"/dev/mail/{newest['id']}", base_url=base).text
    part = browser.get(f"/dev/mail/{newest['id']}/html", base_url=base)
    assert part.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert browser.get(f"/dev/mail/{tenant.id}", base_url=base).status_code == 404


def test_in_production_it_waits_until_somebody_says_where(
    wiring: Wiring, environment: dict[str, str], tenant: Tenant, people: People, sent: mock.Mock
) -> None:
    production = configured(wiring, environment, IDP_DEV="false")
    people.user()
    deliver_all(production)
    mail = mail_of(wiring, tenant)
    assert (mail.sent_at, mail.dead_at, mail.attempts) == (None, None, 0)
    assert mail.last_error == "IDP_SMTP_URL is not set, so mail cannot leave."
    assert not sent.called


def test_what_only_the_reader_may_see_is_sealed(wiring: Wiring, tenant: Tenant, people: People) -> None:
    """R33: a copy of the database opens nothing."""
    with people.unit() as uow:
        messages.reset_password(uow, Recipient("grace@example.com"), link="https://x/?token=idp_ot_z", by_admin=False)
    mail = mail_of(wiring, tenant)
    assert mail.payload == {
        "to": "grace@example.com",
        "template": "reset_password",
        "sender_name": tenant.name,
        "language": "en",
    }
    assert mail.body_sealed is not None
    assert b"idp_ot_z" not in mail.body_sealed
    with people.unit() as uow:
        assert "https://x/?token=idp_ot_z" in outbox.open_body(uow, mail)["text"]


def test_a_mail_of_the_release_before_still_leaves(
    wiring: Wiring, environment: dict[str, str], tenant: Tenant, people: People, sent: mock.Mock, app: Any
) -> None:
    """R64."""
    deliver_all(wiring)
    with people.unit() as uow:
        old = {"to": "a@example.com", "sender_name": "Acme", "subject": "Old", "text": "As it was", "html": "<p>As"}
        outbox.enqueue(uow, messages.KIND, **old)
    deliver_all(configured(wiring, environment, IDP_SMTP_URL="smtp://mail.example.com"))
    assert sent.call_args.args[1]["Subject"] == "Old"
    mails = app.test_client().get("/dev/mail.json", base_url=wiring.settings.base_url).json
    assert "As it was" in [mail["text"] for mail in mails]


@pytest.mark.parametrize(
    ("locale", "default", "language"),
    [("de", "en", "de"), ("ar-EG", "en", "ar"), (None, "de", "de"), ("fr", "de", "de")],
)
def test_a_mail_speaks_its_readers_language(wiring: Wiring, locale: str | None, default: str, language: str) -> None:
    tenant = make_tenant(wiring, default_locale=default)
    with wiring.tenant_unit(tenant) as uow:
        messages.account_deleted(uow, Recipient("grace@example.com", None, locale))
    assert mail_of(wiring, tenant).payload["language"] == language


def test_who_signed_up_gets_no_welcome(wiring: Wiring, tenant: Tenant, people: People) -> None:
    with people.unit() as uow:
        users.create(uow, email="ada@example.com", verified=True, via="registration")
    with wiring.platform_unit() as platform:
        assert platform.session.scalars(select(OutboxMessage).where(OutboxMessage.tenant_id == tenant.id)).all() == []


def test_a_deleted_tenants_mail_is_settled_and_not_shown(
    wiring: Wiring, environment: dict[str, str], tenant: Tenant, people: People, sent: mock.Mock, app: Any
) -> None:
    """R51: its key is gone, so nobody can open it."""
    deliver_all(wiring)
    people.user(email="late@example.com")
    with wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, tenant.slug))
    deliver_all(configured(wiring, environment, IDP_SMTP_URL="smtp://mail.example.com"))
    assert not sent.called
    mail = mail_of(wiring, tenant)
    assert mail.dead_at is not None
    assert mail.last_error == "The tenant was deleted."
    mails = app.test_client().get("/dev/mail.json", base_url=wiring.settings.base_url).json
    assert "late@example.com" not in [mail["to"] for mail in mails]


def test_the_mailbox_does_not_exist_in_production(environment: dict[str, str]) -> None:
    program = (
        "from idp.app import create_app; from idp.config import Settings;"
        "print([rule.rule for rule in create_app(Settings.load()).url_map.iter_rules() if 'dev' in rule.rule])"
    )
    for dev, is_there in (("false", False), ("true", True)):
        changed = {**os.environ, **environment, "IDP_DEV": dev}
        rules = subprocess.check_output([sys.executable, "-c", program], env=changed, text=True)
        assert ("/dev/mail" in rules) is is_there
