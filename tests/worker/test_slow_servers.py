"""A tenant's server that takes its time costs its own tenant time, and the others little (R28, R52)."""

import dataclasses
import socket
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from idp.config import Settings
from idp.events.models import OutboxMessage
from idp.mail import settings as mail_settings
from idp.mail import transport
from idp.wiring import Wiring
from idp.worker import delivery
from tests.factories import People
from tests.smtp_server import Inbox, misbehaving, serving

SILENCE = 1.2


@pytest.fixture(autouse=True)
def _empty(wiring: Wiring) -> None:
    """Other tests' mails are none of our business."""
    with wiring.platform_unit() as platform:
        platform.execute(update(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).values(sent_at=func.now()))


def silent(calls: list[float]) -> Callable[[socket.socket], None]:
    def listen(line: socket.socket) -> None:
        calls.append(time.monotonic())
        line.recv(1)

    return listen


def waiting(people: People) -> list[OutboxMessage]:
    with people.wiring.platform_unit() as platform:
        mine = (OutboxMessage.tenant_id == people.tenant.id) & OutboxMessage.sent_at.is_(None)
        return list(platform.session.scalars(select(OutboxMessage).where(mine)).all())


def test_a_server_that_hangs_is_called_once_while_others_get_their_mail(
    wiring: Wiring, environment: dict[str, str], people: People, others: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "TOTAL_SECONDS", SILENCE)
    calls: list[float] = []
    shared = Inbox()
    with misbehaving(silent(calls)) as port, serving(shared) as shared_port:
        with people.unit() as uow:
            mail_settings.update(uow, smtp_url=f"smtp://127.0.0.1:{port}")
        for number in range(5):
            people.user(email=f"ada{number}@example.com")
        others.user(email="grace@example.com")
        changes = {"IDP_SMTP_URL": f"smtp://127.0.0.1:{shared_port}", "IDP_OUTBOUND_ALLOW": "127.0.0.0/8"}
        settings = Settings.load({**environment, **changes})
        began = time.monotonic()
        delivery.deliver_due(dataclasses.replace(wiring, settings=settings), threading.Event())
        assert time.monotonic() - began < 2 * SILENCE
    assert [mail["To"] for mail in shared.mails] == ["grace@example.com"]
    assert len(calls) == 1
    assert sorted(mail.attempts for mail in waiting(people)) == [0, 0, 0, 0, 1], "what was not tried does not count"


def test_a_server_that_is_slow_gets_its_mail_in_turn(
    wiring: Wiring, environment: dict[str, str], people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.worker.mail.PATIENCE_SECONDS", 0.0)
    own = Inbox()
    with serving(own) as port:
        with people.unit() as uow:
            mail_settings.update(uow, smtp_url=f"smtp://127.0.0.1:{port}")
        for number in range(2):
            people.user(email=f"ada{number}@example.com")
        wired = dataclasses.replace(
            wiring, settings=Settings.load({**environment, "IDP_OUTBOUND_ALLOW": "127.0.0.0/8"})
        )
        deadline = time.monotonic() + 20
        while waiting(people) and time.monotonic() < deadline:
            delivery.deliver_due(wired, threading.Event())
    assert len(own.mails) == 2
