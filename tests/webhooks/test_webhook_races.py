"""One delivery, many workers: a claim is one POST, and a second copy has the same id (R62)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import func, update

from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.webhooks import deliveries, endpoints
from idp.webhooks.errors import NoSuchDelivery, NoSuchWebhook, TooManyWebhooks
from idp.webhooks.models import WebhookEndpoint
from idp.worker import delivery, purge, webhooks
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver, Reply

WORKERS = 4


class Killed(BaseException):
    """As SIGKILL: nothing that comes after is done."""


def at_once(act: object, count: int = WORKERS) -> list[object]:
    gate = threading.Barrier(count)

    def run(_: int) -> object:
        gate.wait()
        return act()  # type: ignore[operator]

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_workers_at_once_send_each_delivery_once(hooks: Hooks, receiver: Receiver) -> None:
    hooks.endpoint(receiver.url, "user.created")
    for number in range(6):
        hooks.people.user(email=f"ada{number}@example.com")
    at_once(hooks.deliver)
    hooks.deliver()
    assert len(receiver.copies) == len(set(receiver.ids)) == 6
    assert [row.attempts for row in hooks.deliveries] == [1] * 6


def test_the_same_event_expanded_twice_makes_one_delivery(hooks: Hooks, receiver: Receiver) -> None:
    hooks.endpoint(receiver.url, "user.created")
    hooks.people.user()
    (message,) = [one for one in hooks.messages if one.payload.get("event_type") == "user.created"]
    at_once(lambda: webhooks.expand(hooks.wiring, message))
    assert len(hooks.deliveries) == 1
    assert [one.kind for one in hooks.messages].count("webhook_delivery") == 1


def test_a_worker_that_dies_between_sending_and_writing_it_down_sends_a_second_copy_of_the_same_id(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id, secret = hooks.endpoint(receiver.url, "key.revoked")
    delivery_id = hooks.test(endpoint_id)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as killed:
        killed.setattr(webhooks.attempts, "record", die)
        with pytest.raises(Killed):
            delivery.deliver_due(hooks.wiring, threading.Event())
    assert hooks.deliver() == 0, "until the lease is over"
    hooks.make_due()
    hooks.deliver()
    assert receiver.ids == [str(delivery_id)] * 2
    assert receiver.copies[1].verified(secret) == receiver.copies[0].verified(secret)
    assert hooks.deliveries[0].delivered_at is not None


def test_a_worker_that_dies_before_it_settles_sends_no_second_copy(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "key.revoked")
    hooks.test(endpoint_id)

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as killed:
        killed.setattr(outbox, "settle", die)
        with pytest.raises(Killed):
            delivery.deliver_due(hooks.wiring, threading.Event())
    hooks.make_due()
    hooks.deliver()
    assert len(receiver.copies) == 1


def test_asked_for_at_once_a_delivery_is_sent_again_once(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "key.revoked")
    delivery_id = hooks.test(endpoint_id)
    hooks.deliver()

    def replay() -> None:
        with hooks.people.unit() as uow:
            endpoint = endpoints.get(uow, endpoint_id)
            deliveries.replay(uow, endpoint, deliveries.get(uow, endpoint, delivery_id))

    at_once(replay)
    hooks.deliver()
    assert receiver.ids == [str(delivery_id)] * 2


def test_what_waits_for_hours_is_tried_now_when_somebody_asks(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "key.revoked")
    receiver.script = [Reply(500)]
    delivery_id = hooks.test(endpoint_id)
    hooks.deliver()
    with hooks.wiring.platform_unit() as platform:
        waiting = (OutboxMessage.tenant_id == hooks.people.tenant.id) & OutboxMessage.sent_at.is_(None)
        later = func.now() + outbox.LEASE * 2
        platform.execute(update(OutboxMessage).where(waiting).values(next_attempt_at=later))
    assert hooks.deliver() == 0
    with hooks.people.unit() as uow:
        endpoint = endpoints.get(uow, endpoint_id)
        deliveries.replay(uow, endpoint, deliveries.get(uow, endpoint, delivery_id))
    hooks.deliver()
    assert [attempt.status for attempt in hooks.attempts] == [500, 204]


@pytest.mark.parametrize("reply", [Reply(), Reply(500)], ids=["delivered", "waiting"])
def test_a_delivery_that_is_deleted_while_it_is_sent_again_is_not_there(
    hooks: Hooks, receiver: Receiver, reply: Reply
) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "key.revoked")
    receiver.then = reply
    delivery_id = hooks.test(endpoint_id)
    hooks.deliver()
    later = {"next_attempt_at": func.now() + outbox.LEASE * 2}
    with hooks.wiring.platform_unit() as platform:
        platform.execute(update(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).values(later))
    with hooks.people.unit() as uow:
        endpoint = endpoints.get(uow, endpoint_id)
        row = deliveries.get(uow, endpoint, delivery_id)
        with hooks.unit() as other:
            endpoints.remove(other, endpoints.hold(other, endpoint_id))
        with pytest.raises(NoSuchDelivery):
            deliveries.replay(uow, endpoint, row)
    assert hooks.deliveries == []


def test_made_at_once_there_are_no_more_than_twenty_and_all_are_heard(hooks: Hooks) -> None:
    for number in range(endpoints.MAX_ENDPOINTS - 2):
        hooks.endpoint(f"https://acme.example/{number}", "key.revoked")
    numbers = iter(range(WORKERS))
    kinds = ["user.created", "role.created", "group.created", "client.created"]

    def make() -> UUID | None:
        number = next(numbers)
        try:
            return hooks.endpoint(f"https://acme.example/new/{number}", kinds[number])[0]
        except TooManyWebhooks:
            return None

    made = [one for one in at_once(make) if one is not None]
    hooks.refresh()
    assert len(made) == 2
    with hooks.people.unit() as uow:
        wanted = {name for row in endpoints.list_all(uow) for name in row.event_types}
    assert sorted(wanted) == hooks.people.tenant.webhook_events


def test_an_endpoint_that_is_deleted_while_it_is_called_is_gone_and_nothing_is_left(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "key.revoked")

    def remove() -> None:
        with hooks.unit() as uow:
            endpoints.remove(uow, endpoints.hold(uow, endpoint_id))

    receiver.script = [Reply(500, before=remove)]
    hooks.test(endpoint_id)
    hooks.deliver()
    hooks.make_due()
    hooks.deliver()
    assert len(receiver.copies) == 1
    assert (hooks.deliveries, hooks.attempts) == ([], [])
    assert all(message.sent_at is not None for message in hooks.messages)


def test_an_endpoint_with_many_deliveries_is_gone_at_once_and_deleted_by_the_worker(
    hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "MAX_DELETED_AT_ONCE", 1)
    endpoint_id, _ = hooks.endpoint(receiver.url, "key.revoked")
    for _ in range(2):
        hooks.test(endpoint_id)
    with hooks.unit() as uow:
        endpoints.remove(uow, endpoints.hold(uow, endpoint_id))
    with hooks.unit() as uow:
        assert endpoints.list_all(uow) == []
        for look in (endpoints.get, endpoints.hold):
            with pytest.raises(NoSuchWebhook):
                look(uow, endpoint_id)
    (row,) = hooks.rows(WebhookEndpoint)
    assert (row.url, row.event_types, row.secret_sealed) == (f"deleted:{endpoint_id}", [], b"")
    hooks.deliver()
    assert receiver.copies == []
    hooks.endpoint(receiver.url, "key.revoked")
    purge.purge_expired(hooks.wiring, threading.Event())
    assert ([one.url for one in hooks.rows(WebhookEndpoint)], hooks.deliveries) == ([receiver.url], [])
