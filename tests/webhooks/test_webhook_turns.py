"""Endpoints that are slow or dead keep nobody else waiting: other endpoints, other tenants, mail (R28, R53)."""

import contextlib
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, update

from idp import outbound
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.ids import new_id
from idp.webhooks.models import WebhookEndpoint
from idp.worker import delivery, turns, webhooks
from tests.factories import People
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver, Reply


def test_a_slow_endpoint_keeps_nobody_else_waiting(
    hooks: Hooks,
    other_hooks: Hooks,
    receiver: Receiver,
    another: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(turns, "_REST", 1_000)
    hooks.endpoint(receiver.url, "user.created")
    hooks.endpoint(f"{another.url}/mine", "user.created")
    other_hooks.endpoint(another.url, "user.created")
    receiver.then = Reply(before=lambda: time.sleep(0.4))
    for number in range(5):
        hooks.people.user(email=f"ada{number}@example.com")
    other_hooks.people.user(email="grace@example.com")
    hooks.deliver()
    assert len(receiver.copies) == 1
    assert [copy.path for copy in another.copies].count("/hooks") == 1
    assert [copy.path for copy in another.copies].count("/hooks/mine") == 5, "nor the tenant's other ones"
    assert sorted(message.attempts for message in hooks.messages if message.sent_at is None) == [0] * 4
    hooks.people.user(email="new@example.com")
    hooks.deliver()
    assert len(receiver.copies) == 1, "what comes meanwhile waits too"


def test_endpoints_are_called_at_once(hooks: Hooks, receiver: Receiver) -> None:
    """All calls meet at the barrier, or none comes through."""
    together = threading.Barrier(2)
    for number in range(2):
        hooks.endpoint(f"{receiver.url}/{number}", "user.created")
    hooks.people.user()
    receiver.then = Reply(before=lambda: together.wait(timeout=10))
    hooks.deliver()
    assert [attempt.error for attempt in hooks.attempts] == [None] * 2


def test_a_tenant_has_two_places_and_what_finds_none_was_not_tried(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PLACE_SECONDS", 0.1)
    gate = threading.Barrier(2)
    for number in range(3):
        hooks.endpoint(f"{receiver.url}/{number}", "user.created")
    hooks.people.user()

    def hold() -> None:
        gate.wait(timeout=10)
        time.sleep(0.5)

    receiver.then = Reply(before=hold)
    delivery.deliver_due(hooks.wiring, threading.Event())
    assert len(receiver.copies) == 2
    assert sorted(row.attempts for row in hooks.deliveries) == [0, 1, 1]
    receiver.then = Reply()
    hooks.make_due()
    hooks.deliver()
    assert [row.attempts for row in hooks.deliveries] == [1] * 3


def test_a_call_for_which_this_process_has_no_room_is_no_failure_of_the_endpoint(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.2)
    endpoint_id, _ = hooks.endpoint(receiver.url, "user.created")
    hooks.people.user()
    places = webhooks._outbound(tuple(hooks.wiring.settings.outbound_allow))._places
    with contextlib.ExitStack() as held:
        for _ in range(outbound.CONCURRENT_CALLS):
            held.enter_context(places)
        hooks.deliver()
    assert (hooks.attempts, hooks.get(endpoint_id).failing_since) == ([], None)
    assert [message.attempts for message in hooks.messages if message.sent_at is None] == [0]
    monkeypatch.undo()
    hooks.make_due()
    hooks.deliver()
    assert [attempt.error for attempt in hooks.attempts] == [None]


def test_what_rests_is_held_back_a_part_at_a_time_and_never_what_another_worker_has(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "HELD_BACK_AT_ONCE", 2)
    hooks.endpoint(receiver.url, "user.created")
    for number in range(5):
        hooks.people.user(email=f"ada{number}@example.com")
    with hooks.wiring.platform_unit() as platform:
        expansions = outbox.claim(platform, only={"webhook"})
    for message in expansions:
        webhooks.expand(hooks.wiring, message)
    with hooks.wiring.platform_unit() as platform:
        (claimed,) = outbox.claim(platform, limit=1, only={"webhook_delivery"})
    with hooks.wiring.platform_unit() as platform:
        outbox.hold_back(platform, claimed, timedelta(hours=1), alike="endpoint_id")
    waits = sorted(round(wait.total_seconds() / 60) for wait in hooks.waits)
    assert waits == [0, 0, 2, 60, 60]


def test_one_endpoint_is_called_once_at_a_time(hooks: Hooks, receiver: Receiver) -> None:
    alone = threading.Lock()

    def take() -> None:
        assert alone.acquire(blocking=False)
        time.sleep(0.02)
        alone.release()

    hooks.endpoint(receiver.url, "user.created")
    for number in range(4):
        hooks.people.user(email=f"ada{number}@example.com")
    receiver.then = Reply(before=take)
    hooks.deliver()
    assert [attempt.error for attempt in hooks.attempts] == [None] * 4


def test_what_an_endpoint_does_not_get_in_its_turn_it_gets_in_the_next(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_TURN_SECONDS", 0.0)
    hooks.endpoint(receiver.url, "user.created")
    for number in range(3):
        hooks.people.user(email=f"ada{number}@example.com")
    for _ in range(3):
        delivery.deliver_due(hooks.wiring, threading.Event())
    assert receiver.copies == []
    assert {message.attempts for message in hooks.messages if message.sent_at is None} == {0}
    monkeypatch.undo()
    hooks.deliver()
    assert len(receiver.copies) == 3
    assert [row.attempts for row in hooks.deliveries] == [1] * 3


def test_the_slow_endpoints_of_a_tenant_share_one_part_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr(turns.time, "monotonic", lambda: clock[0])
    tenants, slow = [new_id(), new_id()], [new_id(), new_id(), new_id()]
    known = turns.Turns()
    for one in slow:
        assert known.wait(tenants[0], one) == 0
        known.took(tenants[0], one, 5.0, 0.0)
    assert [known.wait(tenants[0], one) for one in slow] == [15.0] * 3
    assert known.wait(tenants[0], new_id()) == 0
    assert known.wait(tenants[1], new_id()) == 0
    clock[0] += 15.0
    assert known.wait(tenants[0], slow[0]) == 0
    known.took(tenants[0], slow[0], 5.0, 0.0)
    assert known.wait(tenants[0], slow[1]) == 15.0


def test_what_has_failed_for_long_is_called_seldom(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "user.created")
    receiver.then = Reply(500)
    hooks.people.user()
    hooks.deliver()
    with hooks.unit() as uow:
        a_while = func.now() - timedelta(minutes=50)
        uow.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(failing_since=a_while))
    for number in range(3):
        hooks.people.user(email=f"ada{number}@example.com")
    hooks.deliver()
    hooks.make_due()
    hooks.deliver()
    assert len(receiver.copies) == 2
    assert len(hooks.waits) == 4
    assert all(timedelta(minutes=4) < wait <= timedelta(minutes=5, seconds=2) for wait in hooks.waits)


def test_mail_does_not_wait_for_webhooks(hooks: Hooks, receiver: Receiver, others: People) -> None:
    hooks.endpoint(receiver.url, "user.created")
    for number in range(10):
        hooks.people.user(email=f"ada{number}@example.com")
    with hooks.wiring.platform_unit() as platform:
        platform.execute(update(OutboxMessage).where(OutboxMessage.kind == "mail").values(sent_at=func.now()))
    others.user(email="grace@example.com")
    with hooks.wiring.platform_unit() as platform:
        first = outbox.claim(platform, limit=1, but={"webhook", "webhook_delivery"})
        assert [message.kind for message in first] == ["mail"]
        rest = outbox.claim(platform, limit=100, only={"webhook", "webhook_delivery"})
        assert {message.kind for message in rest} == {"webhook"}
