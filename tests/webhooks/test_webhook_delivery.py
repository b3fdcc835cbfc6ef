"""An event reaches whoever wants it: signed, once when all goes well, and again when it does not (R52, R54)."""

from datetime import timedelta

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from idp.webhooks import schedule
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver, Reply


def test_an_event_arrives_and_its_signature_is_right(hooks: Hooks, receiver: Receiver) -> None:
    _, secret = hooks.endpoint(receiver.url, "user.created")
    user = hooks.people.user(email="ada@example.com")
    hooks.deliver()
    (copy,) = receiver.copies
    body = copy.verified(secret)
    assert (body["type"], body["data"]["target"]["id"]) == ("user.created", str(user.id))
    assert body["data"]["tenant"] == {"slug": hooks.people.tenant.slug, "issuer": hooks.people.tenant.issuer}
    assert copy.headers["content-type"] == "application/json"
    assert secret.startswith("whsec_")
    (delivery,) = hooks.deliveries
    assert copy.id == str(delivery.id)
    assert (delivery.delivered_at is not None, delivery.attempts, delivery.next_attempt_at) == (True, 1, None)
    (attempt,) = hooks.attempts
    assert (attempt.status, attempt.error) == (204, None)
    with pytest.raises(WebhookVerificationError):
        copy.verified("whsec_" + "A" * 44)


def test_only_what_is_wanted_is_sent_and_only_to_its_own_tenant(
    hooks: Hooks, other_hooks: Hooks, receiver: Receiver, another: Receiver
) -> None:
    hooks.endpoint(receiver.url, "role.*")
    other_hooks.endpoint(another.url, "user.*")
    hooks.people.user(roles=("member",))
    hooks.deliver()
    assert receiver.types == ["role.assigned"]
    assert another.types == []


def test_a_receiver_that_fails_undoes_nothing_and_gets_it_again_by_the_same_id(
    hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id, secret = hooks.endpoint(receiver.url, "user.created")
    receiver.script = [Reply(500)]
    user = hooks.people.user()
    hooks.deliver()
    assert hooks.get(endpoint_id).failing_since is not None
    (waiting,) = hooks.deliveries
    assert waiting.delivered_at is None
    assert waiting.next_attempt_at is not None
    assert waiting.next_attempt_at - hooks.attempts[0].attempted_at < 2 * schedule.DELAYS[0] + timedelta(seconds=2)
    hooks.make_due()
    hooks.deliver()
    assert [attempt.status for attempt in hooks.attempts] == [500, 204]
    assert len(set(receiver.ids)) == 1
    first, second = receiver.copies
    assert first.verified(secret) == second.verified(secret)
    assert hooks.deliveries[0].delivered_at is not None
    assert hooks.get(endpoint_id).failing_since is None
    with hooks.people.unit() as uow:
        assert uow.find(type(user), user.id) is not None
