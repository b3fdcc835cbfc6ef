"""What is signed with which secret, and what is in a payload (R19, R54, R63)."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import WebhookVerificationError

from idp.accounts import leaving
from idp.crypto.sealing import SealBroken
from idp.events import service as events
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.tenants import service as tenants
from idp.users.models import User
from idp.webhooks import deliveries, endpoints, secrets
from idp.webhooks.models import WebhookEndpoint
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver


def rotate(hooks: Hooks, endpoint_id: object) -> str:
    with hooks.unit() as uow:
        (row,) = uow.session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id))
        return endpoints.rotate_secret(uow, endpoints.hold(uow, row.id))


def test_for_a_day_both_secrets_verify_and_then_the_new_one_alone(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, first = hooks.endpoint(receiver.url, "key.revoked")
    second = rotate(hooks, endpoint_id)
    hooks.test(endpoint_id)
    hooks.deliver()
    assert receiver.copies[0].verified(first) == receiver.copies[0].verified(second)
    with hooks.unit() as uow:
        endpoints.get(uow, endpoint_id).rotated_at = uow.now - secrets.KEEPS_PREVIOUS + timedelta(minutes=1)
    hooks.test(endpoint_id)
    hooks.deliver()
    assert receiver.copies[1].verified(first)
    with hooks.unit() as uow:
        endpoints.get(uow, endpoint_id).rotated_at = uow.now - secrets.KEEPS_PREVIOUS
    hooks.test(endpoint_id)
    hooks.deliver()
    assert receiver.copies[2].verified(second)
    with pytest.raises(WebhookVerificationError):
        receiver.copies[2].verified(first)


def test_a_second_rotation_ends_the_first_secret(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, first = hooks.endpoint(receiver.url, "key.revoked")
    second, third = rotate(hooks, endpoint_id), rotate(hooks, endpoint_id)
    hooks.test(endpoint_id)
    hooks.deliver()
    (copy,) = receiver.copies
    assert copy.verified(second) == copy.verified(third)
    with pytest.raises(WebhookVerificationError):
        copy.verified(first)


def test_a_secret_is_sealed_in_its_place(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, secret = hooks.endpoint(receiver.url)
    other_id, _ = hooks.endpoint(f"{receiver.url}/other")
    row, other = hooks.get(endpoint_id), hooks.get(other_id)
    assert secret.encode() not in row.secret_sealed
    with hooks.unit() as uow:
        assert secrets.living(uow, row) == (secret,)
        other.secret_sealed = row.secret_sealed
        with pytest.raises(SealBroken):
            secrets.living(uow, other)
    with hooks.people.unit() as uow:
        told = [event.data for event in uow.session.scalars(select(Event))]
        sent = [message.payload for message in uow.session.scalars(select(OutboxMessage))]
    assert "whsec" not in repr((told, sent))


def test_what_is_sent_of_a_person_after_they_were_erased_says_not_who_they_were(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id, secret = hooks.endpoint(receiver.url, "email.changed", "user.deleted")
    user = hooks.people.user(email="before@example.com")
    with hooks.people.unit() as uow:
        row = uow.get(User, user.id)
        events.record(uow, EventType.EMAIL_CHANGED, row, before="before@example.com", given_back=True)
    hooks.deliver()
    assert receiver.copies[0].verified(secret)["data"]["data"]["before"] == "before@example.com"
    with hooks.unit() as uow:
        leaving.erase(uow, uow.get(User, user.id), tell=False)
    with hooks.unit() as uow:
        endpoint = endpoints.get(uow, endpoint_id)
        (sent,) = deliveries.latest(uow, endpoint, limit=10)
        deliveries.replay(uow, endpoint, sent)
    hooks.deliver()
    again = next(copy for copy in receiver.copies[1:] if copy.document["type"] == "email.changed")
    assert again.id == receiver.copies[0].id
    assert again.verified(secret)["data"]["data"] == {"given_back": True}
    assert again.document["data"]["user_id"] == str(user.id)
    assert "before@example.com" not in again.body.decode()
    assert "user.deleted" in receiver.types, "by which a receiver knows what to erase"


def test_a_deleted_tenant_sends_nothing_any_more(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "*")
    hooks.deliver()
    receiver.copies.clear()
    hooks.test(endpoint_id)
    with hooks.wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, hooks.people.tenant.slug))
    hooks.deliver()
    assert receiver.copies == []
    assert all(message.sent_at is not None for message in hooks.messages)
    assert [message.kind for message in hooks.messages].count("webhook") == 1, "of when it was made"
