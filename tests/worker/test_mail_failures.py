"""A mail that does not get through: tried again, or a dead letter that everybody concerned can see; never twice."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, update

from idp.accounts.letters import MAILS
from idp.config import Settings
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.mail import dead_letters
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import delivery
from tests.factories import People
from tests.smtp_server import Inbox, free_port, serving


@pytest.fixture(autouse=True)
def _empty(wiring: Wiring) -> None:
    """Other tests' mails are none of our business."""
    with wiring.platform_unit() as platform:
        platform.execute(update(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).values(sent_at=func.now()))


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def mailing(wiring: Wiring, environment: dict[str, str], port: int) -> Wiring:
    settings = Settings.load({**environment, "IDP_SMTP_URL": f"smtp://127.0.0.1:{port}"})
    return dataclasses.replace(wiring, settings=settings)


@pytest.fixture
def mail(wiring: Wiring, tenant: Tenant, people: People) -> Iterator[Any]:
    """The welcome mail of a new person, read anew at each look."""
    people.user(email="grace@example.com")

    class Mail:
        @property
        def row(self) -> OutboxMessage:
            with wiring.platform_unit() as platform:
                return platform.session.scalars(select(OutboxMessage).where(OutboxMessage.tenant_id == tenant.id)).one()

        def make_due(self) -> None:
            with wiring.platform_unit() as platform:
                mine = OutboxMessage.tenant_id == tenant.id
                platform.execute(update(OutboxMessage).where(mine).values(next_attempt_at=func.now()))

    return Mail()


def deliver(wiring: Wiring) -> None:
    while delivery.deliver_due(wiring, threading.Event()):
        pass


def recorded(wiring: Wiring, tenant: Tenant, kind: EventType) -> list[Event]:
    with wiring.tenant_unit(tenant) as uow:
        return list(uow.session.scalars(select(Event).where(Event.type == kind.value)))


def test_a_dead_server_costs_no_mail(mailing: Wiring, port: int, mail: Any) -> None:
    deliver(mailing)
    assert (mail.row.attempts, mail.row.sent_at, mail.row.dead_at) == (1, None, None)
    assert "refused" in mail.row.last_error
    inbox = Inbox()
    with serving(inbox, port=port):
        mail.make_due()
        deliver(mailing)
    assert mail.row.sent_at is not None
    assert [sent["To"] for sent in inbox.mails] == ["grace@example.com"]


def test_a_server_that_says_not_now_is_asked_again(mailing: Wiring, port: int, mail: Any) -> None:
    with serving(Inbox(rcpt="451 greylisted"), port=port):
        deliver(mailing)
    assert (mail.row.attempts, mail.row.sent_at, mail.row.dead_at) == (1, None, None)


def test_a_refusal_for_good_is_a_dead_letter_at_once(mailing: Wiring, tenant: Tenant, port: int, mail: Any) -> None:
    with serving(Inbox(rcpt="550 no such person"), port=port):
        deliver(mailing)
    assert (mail.row.attempts, mail.row.sent_at) == (1, None)
    assert mail.row.dead_at is not None
    assert mail.row.last_error == "550 no such person"
    (event,) = recorded(mailing, tenant, EventType.MAIL_FAILED)
    assert event.target_id == mail.row.id
    assert event.outcome == "failure"
    assert event.data == {"template": "account_created", "attempts": 1}


def test_a_dead_letter_is_listed_and_sent_when_somebody_says_so(
    mailing: Wiring, tenant: Tenant, other_tenant: Tenant, port: int, mail: Any
) -> None:
    with serving(Inbox(data="554 spam"), port=port):
        deliver(mailing)
    with mailing.platform_unit() as platform:
        (row,) = dead_letters.list_all(platform, MAILS, tenant)
        assert (row[0].slug, row[1].id) == (tenant.slug, mail.row.id)
        assert dead_letters.list_all(platform, MAILS, other_tenant) == []
        assert dead_letters.list_all(platform, {"another"}, tenant) == []
        dead_letters.retry(platform, MAILS, ids={mail.row.id})
    inbox = Inbox()
    with serving(inbox, port=port):
        deliver(mailing)
    assert mail.row.sent_at is not None
    assert len(inbox.envelopes) == 1
    (event,) = recorded(mailing, tenant, EventType.MAIL_RETRIED)
    assert event.target_id == mail.row.id


def test_a_worker_that_is_killed_in_the_middle_costs_a_second_copy_at_most(
    mailing: Wiring, environment: dict[str, str], port: int, mail: Any
) -> None:
    """The server has the mail and the worker dies before it can write that down: both copies have one Message-ID."""
    inbox = Inbox()
    inbox.seconds_before_the_answer = 30
    with serving(inbox, port=port):
        worker = subprocess.Popen(
            [sys.executable, "-m", "idp", "worker"],
            env={**os.environ, **environment, "IDP_SMTP_URL": f"smtp://127.0.0.1:{port}"},
        )
        try:
            deadline = time.monotonic() + 20
            while not inbox.envelopes and time.monotonic() < deadline:
                time.sleep(0.02)
            os.kill(worker.pid, signal.SIGKILL)
        finally:
            worker.kill()
            worker.wait()
        assert len(inbox.envelopes) == 1
        assert (mail.row.attempts, mail.row.sent_at) == (0, None)
        deliver(mailing)
        assert len(inbox.envelopes) == 1, "the lease is not over yet"
        mail.make_due()
        inbox.seconds_before_the_answer = 0
        deliver(mailing)
    assert mail.row.sent_at is not None
    assert [sent["Message-ID"] for sent in inbox.mails] == [inbox.mails[0]["Message-ID"]] * 2
