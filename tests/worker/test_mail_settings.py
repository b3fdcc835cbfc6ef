"""A tenant's own sender and server: sealed, checked, and used for its mail only."""

import dataclasses
import threading
from typing import Any

import pytest
from sqlalchemy import select

from idp.config import Settings
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.mail import settings as mail_settings
from idp.mail.errors import MailSettingsInvalid
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import delivery
from tests.factories import People
from tests.smtp_server import Inbox, serving


def deliver(wiring: Wiring, environment: dict[str, str], **changes: str) -> None:
    settings = Settings.load({**environment, **changes})
    while delivery.deliver_due(dataclasses.replace(wiring, settings=settings), threading.Event()):
        pass


def test_a_tenants_mail_leaves_as_the_tenant_says(
    wiring: Wiring, environment: dict[str, str], people: People, others: People
) -> None:
    deliver(wiring, environment)
    own, shared = Inbox(), Inbox()
    with serving(own) as own_port, serving(shared) as shared_port:
        with people.unit() as uow:
            mail_settings.update(
                uow,
                sender_name="Acme Help",
                sender_address="help@acme.example",
                smtp_url=f"smtp://127.0.0.1:{own_port}",
            )
        people.user(email="ada@example.com")
        others.user(email="grace@example.com")
        deliver(
            wiring,
            environment,
            IDP_SMTP_URL=f"smtp://127.0.0.1:{shared_port}",
            IDP_MAIL_FROM="no-reply@id.example.com",
            IDP_OUTBOUND_ALLOW="127.0.0.0/8",
        )
    assert [mail["From"] for mail in own.mails] == ["Acme Help <help@acme.example>"]
    assert own.envelopes[0].mail_from == "help@acme.example"
    assert own.mails[0]["Message-ID"].endswith("@id.example.com>")
    assert [mail["To"] for mail in shared.mails] == ["grace@example.com"]


def test_a_tenants_server_in_our_network_is_not_called(
    wiring: Wiring, environment: dict[str, str], tenant: Tenant, people: People
) -> None:
    """R52."""
    deliver(wiring, environment)
    inbox = Inbox()
    with serving(inbox) as port:
        with people.unit() as uow:
            mail_settings.update(uow, smtp_url=f"smtp://127.0.0.1:{port}")
        people.user(email="ada@example.com")
        deliver(wiring, environment)
    assert inbox.envelopes == []
    with wiring.platform_unit() as platform:
        mail = platform.session.scalars(select(OutboxMessage).where(OutboxMessage.tenant_id == tenant.id)).one()
    assert mail.sent_at is None
    assert mail.last_error == "OutboundRefused: This address cannot be called from here."


def test_the_mailbox_shows_the_sender_that_would_be(wiring: Wiring, people: People, app: Any) -> None:
    with people.unit() as uow:
        mail_settings.update(uow, sender_name="Acme Help", sender_address="help@acme.example")
    people.user(email="ada@example.com")
    newest = app.test_client().get("/dev/mail.json", base_url=wiring.settings.base_url).json[0]
    assert newest["from_"] == "Acme Help <help@acme.example>"


def test_the_url_is_sealed_and_shown_without_its_password(uow: Any, wiring: Wiring) -> None:
    row = mail_settings.update(uow, smtp_url="smtps://user:p%40ss@mail.acme.example")
    assert b"mail.acme.example" not in row.smtp_url_sealed
    assert mail_settings.server(uow) == "smtps://mail.acme.example:465"
    assert "p%40ss" not in repr(mail_settings.sender(uow))


def test_what_is_not_given_stays_and_an_empty_text_is_the_installations_again(uow: Any) -> None:
    mail_settings.update(uow, sender_name="Acme", sender_address="a@acme.example", smtp_url="smtp://mail.acme.example")
    mail_settings.update(uow, sender_name="Acme Help")
    assert mail_settings.sender(uow) == mail_settings.Sender("Acme Help", "a@acme.example", "smtp://mail.acme.example")
    mail_settings.update(uow, sender_name="", sender_address="", smtp_url="")
    assert mail_settings.sender(uow) == mail_settings.Sender()
    mail_settings.clear(uow)
    assert mail_settings.get(uow) is None


def test_each_change_is_recorded_without_the_secret(uow: Any) -> None:
    """R57."""
    mail_settings.update(uow, smtp_url="smtp://user:password@mail.acme.example")
    mail_settings.clear(uow)
    mail_settings.clear(uow)
    kind = EventType.MAIL_SETTINGS_UPDATED.value
    events = uow.session.scalars(select(Event).where(Event.type == kind).order_by(Event.id)).all()
    assert [event.data["changed"] for event in events] == [["smtp_url"], ["sender_name", "sender_address", "smtp_url"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender_name": "Acme\r\nBcc: all@example.com"},
        {"sender_name": "x" * 101},
        {"sender_address": "nobody"},
        {"sender_address": "a@b.example\r\nBcc: all@example.com"},
        {"smtp_url": "http://mail.acme.example"},
        {"smtp_url": "smtp://mail.acme.example/path"},
        {"smtp_url": "smtp://mail.acme.example\r\nHELO"},
        {"smtp_url": "smtp://mail.acme.example:port"},
    ],
)
def test_what_could_not_be_is_refused(uow: Any, wrong: dict[str, str]) -> None:
    """R56."""
    with pytest.raises(MailSettingsInvalid) as refused:
        mail_settings.update(uow, **wrong)
    assert refused.value.field == next(iter(wrong))
    assert mail_settings.get(uow) is None
