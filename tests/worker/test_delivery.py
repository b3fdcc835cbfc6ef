"""The outbox: at least once, by any number of workers, with backoff and a visible dead letter."""

import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import delivery
from idp.worker.handlers import HANDLERS
from idp.worker.mail import NotConfigured

KIND = "test"


@pytest.fixture(autouse=True)
def _empty(wiring: Wiring) -> None:
    """Other tests' mails are none of our business."""
    with wiring.platform_unit() as platform:
        platform.execute(
            update(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).values(sent_at=func.now(), last_error=None)
        )


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[UUID]]:
    seen: list[UUID] = []
    monkeypatch.setitem(HANDLERS, KIND, lambda _wiring, message: seen.append(message.id))
    return seen


def enqueue(wiring: Wiring, tenant: Tenant, count: int = 1) -> list[UUID]:
    with wiring.tenant_unit(tenant) as uow:
        messages = [outbox.enqueue(uow, KIND, number=number) for number in range(count)]
    return [message.id for message in messages]


def read(wiring: Wiring, message_id: UUID) -> OutboxMessage:
    with wiring.platform_unit() as platform:
        return platform.session.scalars(select(OutboxMessage).where(OutboxMessage.id == message_id)).one()


def deliver(wiring: Wiring) -> int:
    return delivery.deliver_due(wiring, threading.Event())


def make_due(wiring: Wiring, message_id: UUID, **values: Any) -> None:
    with wiring.platform_unit() as platform:
        platform.execute(
            update(OutboxMessage).where(OutboxMessage.id == message_id).values(next_attempt_at=func.now(), **values)
        )


def test_a_message_is_delivered_once_and_settled(wiring: Wiring, tenant: Tenant, delivered: list[UUID]) -> None:
    (message_id,) = enqueue(wiring, tenant)
    assert deliver(wiring) == 1
    assert deliver(wiring) == 0
    assert delivered == [message_id]
    assert read(wiring, message_id).sent_at is not None


def test_a_message_of_a_change_that_was_rolled_back_never_leaves(
    wiring: Wiring, tenant: Tenant, delivered: list[UUID]
) -> None:
    uow = wiring.tenant_unit(tenant)
    outbox.enqueue(uow, KIND)
    uow.flush()
    uow.close()
    assert deliver(wiring) == 0
    assert delivered == []


def test_a_failure_is_written_down_and_tried_again_later(
    wiring: Wiring, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_wiring: Wiring, _message: OutboxMessage) -> None:
        raise OSError("connection refused")

    monkeypatch.setitem(HANDLERS, KIND, refuse)
    (message_id,) = enqueue(wiring, tenant)
    deliver(wiring)
    message = read(wiring, message_id)
    assert (message.attempts, message.sent_at, message.dead_at) == (1, None, None)
    assert message.last_error == "OSError: connection refused"
    assert deliver(wiring) == 0

    make_due(wiring, message_id, attempts=outbox.MAX_ATTEMPTS - 1)
    deliver(wiring)
    assert read(wiring, message_id).dead_at is not None


def test_a_kind_that_this_release_does_not_know_waits_for_the_one_that_does(wiring: Wiring, tenant: Tenant) -> None:
    (message_id,) = enqueue(wiring, tenant)
    deliver(wiring)
    message = read(wiring, message_id)
    assert message.sent_at is None
    assert message.last_error == "KeyError: 'test'"


def test_what_cannot_be_sent_yet_does_not_count_as_a_try(
    wiring: Wiring, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_wiring: Wiring, _message: OutboxMessage) -> None:
        raise NotConfigured("nowhere to go")

    monkeypatch.setitem(HANDLERS, KIND, refuse)
    (message_id,) = enqueue(wiring, tenant)
    deliver(wiring)
    message = read(wiring, message_id)
    assert (message.attempts, message.last_error, message.sent_at) == (0, "nowhere to go", None)
    assert deliver(wiring) == 0


def test_a_dead_workers_message_comes_back_when_its_lease_is_over(
    wiring: Wiring, tenant: Tenant, delivered: list[UUID]
) -> None:
    (message_id,) = enqueue(wiring, tenant)
    with wiring.platform_unit() as platform:
        assert [message.id for message in outbox.claim(platform)] == [message_id]
    assert deliver(wiring) == 0
    make_due(wiring, message_id)
    assert deliver(wiring) == 1
    assert delivered == [message_id]


def test_a_claim_is_no_try(wiring: Wiring, tenant: Tenant, delivered: list[UUID]) -> None:
    (message_id,) = enqueue(wiring, tenant)
    for _ in range(outbox.MAX_ATTEMPTS):
        with wiring.platform_unit() as platform:
            outbox.claim(platform)
        make_due(wiring, message_id)
    assert read(wiring, message_id).attempts == 0
    deliver(wiring)
    assert delivered == [message_id]


def test_a_statement_that_takes_too_long_fails_its_message_and_no_other(
    wiring: Wiring, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dawdle(wiring: Wiring, message: OutboxMessage) -> None:
        if message.payload["number"] == 0:
            with wiring.platform_unit() as platform:
                platform.execute(text("SET LOCAL statement_timeout = '20ms'"))
                platform.execute(text("SELECT pg_sleep(5)"))

    monkeypatch.setitem(HANDLERS, KIND, dawdle)
    first, second = enqueue(wiring, tenant, 2)
    deliver(wiring)
    assert (read(wiring, first).attempts, read(wiring, first).last_error) == (1, "The database took too long.")
    assert read(wiring, second).sent_at is not None


def test_what_a_stop_leaves_over_is_given_back(wiring: Wiring, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, seen = threading.Event(), []

    def handle(_wiring: Wiring, message: OutboxMessage) -> None:
        seen.append(message.id)
        stop.set()

    monkeypatch.setitem(HANDLERS, KIND, handle)
    ids = enqueue(wiring, tenant, 3)
    delivery.deliver_due(wiring, stop)
    assert len(seen) == 1
    assert deliver(wiring) == 2
    assert sorted(seen) == sorted(ids)
    assert {read(wiring, message_id).attempts for message_id in ids} == {1}


def test_many_workers_share_the_queue_and_deliver_nothing_twice(
    wiring: Wiring, tenant: Tenant, other_tenant: Tenant, delivered: list[UUID]
) -> None:
    ids = enqueue(wiring, tenant, 30) + enqueue(wiring, other_tenant, 30)

    def work() -> None:
        while deliver(wiring):
            pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(delivered) == sorted(ids)
