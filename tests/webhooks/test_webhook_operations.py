"""Webhooks by the management API: what is made, changed and shown, and what is refused (R46, R54)."""

from typing import Any

import pytest

from idp.events import subscriptions
from idp.events.types import EventType
from idp.tenants import resolve
from idp.tenants.models import Tenant
from idp.webhooks import deliveries, endpoints, urls
from tests.api.management.callers import Caller, person_caller
from tests.api.management.conftest import admin, machine, owner
from tests.factories import NOBODY, People
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver, Reply

__all__ = ["admin", "machine", "owner"]
URL = "https://acme.example/hooks"


def make(caller: Caller, **members: Any) -> dict[str, Any]:
    answer = caller.post("/webhooks", {"url": URL, "event_types": ["user.*"], **members})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def wanted(people: People) -> list[str]:
    with people.unit() as uow:
        row = uow.session.get(Tenant, people.tenant.id)
        assert row is not None
        return row.webhook_events


def test_a_webhook_is_made_shown_changed_and_deleted(admin: Caller, people: People) -> None:
    made = make(admin, description=" Our  CRM ", event_types=["user.created", "session.*", "user.created"])
    path = f"/webhooks/{made['id']}"
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["description"], made["event_types"], made["enabled"]) == (
        "Our CRM",
        ["session.*", "user.created"],
        True,
    )
    shown = admin.get(path)
    assert shown.json == made
    assert secret not in admin.get("/webhooks").text + shown.text
    assert wanted(people) == ["session.*", "user.created"]
    changed = admin.patch(path, {"event_types": ["*"]}, headers={"If-Match": shown.headers["ETag"]})
    assert (changed.status_code, changed.json["secret"]) == (200, None)
    assert changed.headers["ETag"] == admin.get(path).headers["ETag"]
    assert wanted(people) == ["*"]
    assert admin.patch(path, {"enabled": False}).json["disabled_at"] is not None
    assert wanted(people) == []
    assert [row["id"] for row in admin.get("/webhooks?filter[status]=disabled").json["items"]] == [made["id"]]
    assert admin.get("/webhooks?filter[status]=enabled").json["items"] == []
    assert admin.patch(path, {"enabled": True, "description": None}).json["description"] is None
    assert admin.delete(path, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert admin.delete(path).status_code == 204
    assert admin.get(path).json["code"] == "no-such-webhook"
    assert wanted(people) == []
    types = [row["type"] for row in admin.get("/events?sort=occurred_at").json["items"]]
    assert [name for name in types if name.startswith("webhook.")] == [
        "webhook.created",
        "webhook.updated",
        "webhook.disabled",
        "webhook.updated",
        "webhook.enabled",
        "webhook.deleted",
    ]
    assert "/hooks" not in admin.get("/events").text, "paths of webhooks may hold what nobody should see"


def test_a_change_of_webhooks_is_none_of_the_settings(admin: Caller) -> None:
    before = admin.get("/settings").headers["ETag"]
    make(admin)
    assert admin.get("/settings").headers["ETag"] == before


def test_another_url_brings_another_secret(admin: Caller) -> None:
    made = make(admin)
    path = f"/webhooks/{made['id']}"
    assert admin.patch(path, {"url": URL}).json["secret"] is None
    moved = admin.patch(path, {"url": "https://other.example/hooks"}).json
    assert moved["secret"] not in {None, made["secret"]}
    assert moved["previous_secret_until"] is None, "whoever knew it cannot speak for us at the new place"
    rotated = admin.post(f"{path}/secret")
    assert rotated.status_code == 201
    assert rotated.json["secret"] not in {moved["secret"], made["secret"]}
    assert admin.get(path).json["previous_secret_until"] == rotated.json["previous_secret_until"] is not None


def test_making_one_twice_by_one_key_makes_one_and_shows_the_same_secret(admin: Caller) -> None:
    body, headers = {"url": URL, "event_types": ["*"]}, {"Idempotency-Key": "only-this-once"}
    first, second = (admin.post("/webhooks", body, headers=headers) for _ in range(2))
    assert first.json == second.json
    assert admin.post("/webhooks", body).json["code"] == "webhook-taken"


@pytest.mark.parametrize(
    ("members", "pointer", "said"),
    [
        ({"url": "http://acme.example/hooks"}, "/url", "https://"),
        ({"url": "https://acme.example:8443/hooks"}, "/url", "443"),
        ({"url": "https://user:pass@acme.example/"}, "/url", "no user and no password"),
        ({"url": "https://acme.example/#there"}, "/url", "fragment"),
        ({"url": "https://10.0.0.1/"}, "/url", "cannot be called"),
        ({"url": "https://[::1]/"}, "/url", "cannot be called"),
        ({"url": "https://169.254.169.254/latest"}, "/url", "cannot be called"),
        ({"url": "ftp://acme.example/"}, "/url", "https://"),
        ({"url": "https:///hooks"}, "/url", "names a host"),
        ({"url": "https://acme.example/ä"}, "/url", "ASCII"),
        ({"url": "https://acme.example/" + "a" * 2028}, "/url", ""),
        ({"event_types": ["user.create"]}, "/event_types", "The nearest is 'user.created'."),
        ({"event_types": ["usr.*"]}, "/event_types", "The nearest is 'user.*'."),
        ({"event_types": ["nothing at all"]}, "/event_types", "Known are '*'"),
        ({"event_types": []}, "/event_types", ""),
        ({"description": "a" * 201}, "/description", ""),
        ({"secret": "whsec_AAAA"}, "/secret", ""),
        ({"tenant_id": str(NOBODY)}, "/tenant_id", ""),
    ],
)
def test_what_cannot_be_is_refused_by_name(admin: Caller, members: dict[str, Any], pointer: str, said: str) -> None:
    answer = admin.post("/webhooks", {"url": URL, "event_types": ["*"], **members})
    assert answer.status_code == 422
    assert [error["pointer"].rpartition("/0")[0] or error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert said in answer.text
    assert admin.get("/webhooks").json["items"] == []


def test_what_has_the_longest_url_can_be_made(admin: Caller) -> None:
    assert make(admin, url="https://acme.example/" + "a" * (urls.MAX_URL - 21))["id"]


def test_a_tenant_has_twenty_at_most(admin: Caller) -> None:
    for number in range(endpoints.MAX_ENDPOINTS):
        make(admin, url=f"{URL}/{number}", enabled=False)
    assert admin.post("/webhooks", {"url": URL, "event_types": ["*"]}).json["code"] == "too-many-webhooks"


def test_what_can_be_heard_of_is_listed(admin: Caller) -> None:
    listed = admin.get("/webhook-event-types").json["items"]
    assert [row["type"] for row in listed] == [kind.value for kind in EventType]
    assert all(f"{row['noun']}.*" in subscriptions.FILTERS for row in listed)


def test_whoever_may_read_may_not_write(app: Any, people: People) -> None:
    reader = person_caller(app, people, email="ron@example.com", roles=("admin",), scope=["webhooks:read"])
    assert reader.get("/webhooks").status_code == 200
    assert reader.post("/webhooks", {"url": URL, "event_types": ["*"]}).json["code"] == "permission-needed"


def test_what_another_tenant_has_does_not_exist(admin: Caller, app: Any, others: People) -> None:
    path = f"/webhooks/{make(admin)['id']}"
    stranger = person_caller(app, others, email="xaver@example.com", roles=("owner",))
    assert stranger.get(path).json["code"] == "no-such-webhook"
    assert stranger.patch(path, {"enabled": False}).json["code"] == "no-such-webhook"
    assert stranger.post(f"{path}/test").json["code"] == "no-such-webhook"
    assert stranger.get("/webhooks").json["items"] == []


def test_deliveries_are_listed_shown_and_sent_again(
    admin: Caller, machine: Any, hooks: Hooks, receiver: Receiver
) -> None:
    endpoint_id, secret = hooks.endpoint(receiver.url, "user.created")
    resolve.forget()
    path = f"/webhooks/{endpoint_id}/deliveries"
    receiver.script = [Reply(503), Reply(200)]
    user = hooks.people.user(email="ada@example.com")
    hooks.deliver()
    (waiting,) = admin.get(f"{path}?filter[state]=pending").json["items"]
    assert (waiting["event_type"], waiting["attempts"], waiting["delivered_at"]) == ("user.created", 1, None)
    hooks.make_due()
    hooks.deliver()
    shown = admin.get(f"{path}/{waiting['id']}").json
    assert (shown["state"], shown["attempts"], shown["next_attempt_at"]) == ("delivered", 2, None)
    assert [(one["status"], one["error"]) for one in shown["tries"]] == [(200, None), (503, "The answer was 503.")]
    assert shown["payload"] == receiver.copies[-1].verified(secret)
    assert shown["payload"]["data"]["user_id"] == str(user.id)
    for scope, payload in (("webhooks:read", None), ("webhooks:read events:read", shown["payload"])):
        seen = machine(scope=scope, roles=("admin",)).get(f"{path}/{waiting['id']}").json
        assert seen == shown | {"payload": payload}, "what happened is for those who may read events"
    again = admin.post(f"{path}/{waiting['id']}/replay")
    assert (again.status_code, again.json["state"]) == (202, "pending")
    hooks.deliver()
    assert receiver.ids == [waiting["id"]] * 3
    assert admin.get(f"{path}?filter[event_type]=user.created&filter[state]=delivered").json["items"] != []
    assert admin.get(f"{path}?filter[event_type]=user.deleted").json["items"] == []
    assert admin.get(f"{path}/{NOBODY}").json["code"] == "no-such-delivery"


def test_a_test_reaches_that_webhook_alone_even_when_it_is_disabled(
    admin: Caller, hooks: Hooks, receiver: Receiver, another: Receiver
) -> None:
    endpoint_id, secret = hooks.endpoint(receiver.url, "key.revoked", enabled=False)
    hooks.endpoint(another.url, "webhook.tested", "user.created")
    resolve.forget()
    sent = admin.post(f"/webhooks/{endpoint_id}/test")
    assert (sent.status_code, sent.json["event_type"]) == (202, "webhook.tested")
    hooks.deliver()
    (copy,) = receiver.copies
    assert copy.verified(secret)["data"]["target"]["id"] == str(endpoint_id)
    assert another.copies == []
    assert admin.post(f"/webhooks/{endpoint_id}/deliveries/{sent.json['id']}/replay").status_code == 202
    assert admin.post(f"/webhooks/{endpoint_id}/replay", {"since": "2026-01-01T00:00:00Z"}).json["code"] == (
        "webhook-disabled"
    )


def test_what_was_given_up_is_sent_again_together(
    admin: Caller, hooks: Hooks, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint_id, _ = hooks.endpoint(receiver.url, "user.created")
    resolve.forget()
    path = f"/webhooks/{endpoint_id}"
    receiver.then = Reply(500)
    for number in range(3):
        hooks.people.user(email=f"ada{number}@example.com")
    hooks.deliver()
    assert admin.patch(path, {"enabled": False}).status_code == 200
    hooks.make_due()
    hooks.deliver()
    failed = admin.get(f"{path}/deliveries?filter[state]=failed").json["items"]
    assert len(failed) == len(receiver.copies) == 3, "what waits for a webhook that is disabled is given up"
    one = f"{path}/deliveries/{failed[0]['id']}/replay"
    assert admin.post(one).json["code"] == "webhook-disabled"
    assert admin.patch(path, {"enabled": True}).json["failing_since"] is None
    receiver.then = Reply(200)
    assert admin.post(f"{path}/replay", {"since": "2999-01-01T00:00:00Z"}).json == {"count": 0, "has_more": False}
    monkeypatch.setattr(deliveries, "MAX_REPLAYED", 2)
    since = {"since": "1970-01-01T00:00:00+14:00"}
    assert admin.post(f"{path}/replay", since).json == {"count": 2, "has_more": True}
    assert admin.post(f"{path}/replay", since).json == {"count": 1, "has_more": False}
    hooks.deliver()
    assert sorted(receiver.ids) == sorted([row["id"] for row in failed] * 2)
    assert admin.post(f"{path}/replay", since).json == {"count": 0, "has_more": False}
    assert hooks.messages[-1].sent_at is not None
