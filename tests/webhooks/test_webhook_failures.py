"""Endpoints that are away, slow, gone or somewhere they should not be (R52, R53)."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from idp import outbound
from idp.events.models import Event
from idp.webhooks import schedule, urls
from idp.webhooks.endpoints import Reason
from idp.webhooks.errors import WebhookInvalid
from idp.webhooks.models import WebhookEndpoint
from idp.wiring import Wiring
from idp.worker import purge, webhooks
from idp.worker.turns import Turns
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver, Reply

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def events_of(hooks: Hooks, kind: str) -> list[Event]:
    with hooks.people.unit() as uow:
        return list(uow.session.scalars(select(Event).where(Event.type == kind)))


def test_the_schedule_is_followed_and_then_a_delivery_is_given_up(hooks: Hooks, receiver: Receiver) -> None:
    hooks.endpoint(receiver.url, "user.created")
    receiver.then = Reply(500)
    hooks.people.user()
    hooks.deliver()
    for delay in schedule.DELAYS:
        (wait,) = hooks.waits
        assert delay * (1 - schedule.JITTER) - timedelta(seconds=5) <= wait <= delay * (1 + schedule.JITTER)
        hooks.make_due()
        hooks.deliver()
    assert hooks.waits == []
    (row,) = hooks.deliveries
    assert (row.attempts, row.delivered_at, row.next_attempt_at) == (10, None, None)
    assert row.failed_at is not None
    assert len(receiver.copies) == 10
    assert all(message.dead_at is None for message in hooks.messages), "it is no dead letter of the operators"
    assert hooks.deliver() == 0


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("120", 120, 121),
        ("Sat, 28 Nov 2026 12:10:00 GMT", 600, 601),
        ("999999999", schedule.LONGEST_DELAY.total_seconds(), schedule.LONGEST_DELAY.total_seconds() + 1),
        ("1", 4, 6),
        ("Fri, 27 Nov 2026 12:10:00 GMT", 4, 6),
        ("soon", 4, 6),
        ("-5", 4, 6),
        ("9" * 400, 4, 6),
        ("", 4, 6),
    ],
)
def test_what_an_endpoint_asks_for_is_honoured_within_bounds(said: str, least: float, most: float) -> None:
    wait = schedule.next_wait(1, schedule.retry_after({"retry-after": said}, NOW))
    assert wait is not None
    assert least <= wait.total_seconds() <= most


def test_retry_after_holds_for_the_delivery_and_for_what_else_waits(hooks: Hooks, receiver: Receiver) -> None:
    hooks.endpoint(receiver.url, "user.created")
    receiver.script = [Reply(429, {"Retry-After": "300"})]
    for number in range(3):
        hooks.people.user(email=f"ada{number}@example.com")
    hooks.deliver()
    assert len(receiver.copies) == 1
    assert all(timedelta(seconds=240) < wait <= timedelta(seconds=301) for wait in hooks.waits)
    assert len(hooks.waits) == 3


def test_a_redirect_is_not_followed_and_no_acknowledgement(hooks: Hooks, receiver: Receiver, another: Receiver) -> None:
    hooks.endpoint(receiver.url, "user.created")
    receiver.then = Reply(307, {"Location": another.url})
    hooks.people.user()
    hooks.deliver()
    assert another.copies == []
    assert [(one.status, one.error) for one in hooks.attempts] == [
        (307, "The answer was 307. Redirects are not followed.")
    ]


def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once_and_the_tenant_is_told(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "user.created")
    receiver.then = Reply(410)
    hooks.people.user()
    hooks.deliver()
    row = hooks.get(endpoint_id)
    assert (row.disabled_at is not None, row.disabled_reason) == (True, Reason.GONE)
    assert hooks.deliveries[0].failed_at is not None
    (event,) = events_of(hooks, "webhook.disabled")
    assert event.data["reason"] == "gone"
    assert event.data["host"] == "127.0.0.1"
    hooks.refresh()
    assert hooks.people.tenant.webhook_events == []
    hooks.people.user(email="later@example.com")
    assert hooks.deliver() <= 1, "the welcome mail"
    assert len(receiver.copies) == 1


def test_five_days_of_nothing_but_failures_disable_an_endpoint_once(
    hooks: Hooks, receiver: Receiver, another: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "user.*")
    hooks.endpoint(another.url, "webhook.*")
    receiver.then = Reply(500)
    hooks.people.user()
    hooks.deliver()
    assert hooks.get(endpoint_id).disabled_at is None
    with hooks.unit() as uow:
        long_ago = func.now() - schedule.DISABLED_AFTER
        uow.execute(update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(failing_since=long_ago))
    for _ in range(2, schedule.DISABLED_AT + 1):
        assert hooks.get(endpoint_id).disabled_at is None, "the first event after a quiet week gets another chance"
        monkeypatch.setattr(webhooks, "_turns", Turns())
        hooks.make_due()
        hooks.deliver()
    assert hooks.get(endpoint_id).disabled_reason == Reason.FAILING
    assert [event.data["reason"] for event in events_of(hooks, "webhook.disabled")] == ["failing"]
    hooks.make_due()
    hooks.deliver()
    assert another.types == ["webhook.created", "webhook.disabled"], "and that word of it arrived is no event"
    assert hooks.deliver() == 0


def test_an_answer_that_does_not_come_is_a_failure(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.3)
    hooks.endpoint(receiver.url, "user.created")
    receiver.script = [Reply(before=lambda: time.sleep(0.6))]
    hooks.people.user()
    hooks.deliver()
    assert [(one.status, one.error) for one in hooks.attempts] == [(None, "There was no whole answer in time.")]
    assert hooks.attempts[0].duration_ms >= 300


def test_nobody_is_called_inside(hooks: Hooks, wiring: Wiring, receiver: Receiver) -> None:
    """The rule of the moment of the call counts, not that of when the endpoint was made."""
    hooks.endpoint(receiver.url, "user.created")
    hooks.people.user()
    Hooks(wiring, hooks.people).deliver()
    assert receiver.copies == []
    assert [(one.status, one.error) for one in hooks.attempts] == [(None, "This address cannot be called from here.")]


def test_a_name_that_leads_inside_is_not_called(hooks: Hooks, wiring: Wiring, receiver: Receiver) -> None:
    urls.configure(())
    with pytest.raises(WebhookInvalid):
        hooks.endpoint(receiver.url, "user.created")
    hooks.endpoint("https://localhost/hooks", "user.created")
    hooks.people.user()
    Hooks(wiring, hooks.people).deliver()
    assert [one.error for one in hooks.attempts] == ["This address cannot be called from here."]


def test_what_is_older_than_thirty_days_leaves_the_log(hooks: Hooks, receiver: Receiver) -> None:
    hooks.endpoint(receiver.url, "user.created")
    hooks.people.user(email="old@example.com")
    hooks.deliver()
    with hooks.unit() as uow:
        (row,) = uow.session.scalars(select(type(hooks.deliveries[0]))).all()
        row.created_at = uow.now - timedelta(days=30, minutes=1)
    hooks.people.user(email="new@example.com")
    hooks.deliver()
    purge.purge_expired(hooks.wiring, threading.Event())
    assert [delivery.attempts for delivery in hooks.deliveries] == [1]
    assert len(hooks.attempts) == 1
