"""What we sign, another library in another language finds right, and what was changed it does not."""

from dataclasses import replace
from typing import Any

from idp.webhooks import endpoints
from tests.live.node import run_script
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Copy, Receiver


def verify(copy: Copy, secret: str) -> dict[str, Any]:
    sent = {"secret": secret, "body": copy.body.decode(), "headers": dict(copy.headers)}
    return run_script("webhook_verify", sent)


def test_the_library_for_javascript_verifies_both_signatures_and_nothing_else(hooks: Hooks, receiver: Receiver) -> None:
    endpoint_id, first = hooks.endpoint(receiver.url, "user.created")
    with hooks.unit() as uow:
        second = endpoints.rotate_secret(uow, endpoints.hold(uow, endpoint_id))
    hooks.people.user(given_name="Zoë", email="zoë@example.com")
    hooks.deliver()
    (copy,) = receiver.copies
    for secret in (first, second):
        assert verify(copy, secret) == {"ok": True, "event": copy.document}
    assert verify(replace(copy, body=copy.body + b" "), first) == {"ok": False}
    assert verify(replace(copy, headers={**copy.headers, "webhook-id": "another"}), first) == {"ok": False}
    assert verify(replace(copy, headers={**copy.headers, "webhook-timestamp": "1796721120"}), first) == {"ok": False}
