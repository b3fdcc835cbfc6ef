"""Signing keys by the management API: never their private parts, handed over in time, revoked at once (R18)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import select, update

from idp.events.models import Event
from idp.keys import service as keys
from idp.keys.models import SigningKey
from tests.api.management.callers import Caller, person_caller
from tests.factories import People

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "private_sealed", "public_jwk"}


def ripen(people: People) -> None:
    """Let the standby key have been published for long enough."""
    with people.unit() as uow:
        uow.execute(
            update(SigningKey)
            .where(SigningKey.activated_at.is_(None))
            .values(published_at=uow.now - keys.PUBLISH_LEAD - timedelta(minutes=1))
        )
    keys.forget()


def published(app: Any, people: People) -> set[str]:
    answer = app.test_client().get(f"{people.tenant.issuer}/jwks.json")
    return {key["kid"] for key in answer.json["keys"]}


def test_keys_are_listed_and_shown_without_their_private_parts(app: Any, admin: Caller, people: People) -> None:
    (active,) = admin.get("/keys").json["items"]
    assert (active["state"], active["alg"], active["retiring_at"]) == ("active", "RS256", None)
    assert {active["kid"]} == published(app, people)
    shown = admin.get(f"/keys/{active['kid']}")
    assert shown.json == active
    assert PRIVATE.isdisjoint(shown.json)
    with people.unit() as uow:
        sealed = uow.session.scalars(select(SigningKey.private_sealed)).one()
    assert sealed is not None
    assert sealed.hex() not in shown.text


def test_pages_of_keys_lead_from_one_to_the_next(admin: Caller) -> None:
    standby = admin.post("/keys/rotate").json["kid"]
    first = admin.get("/keys?limit=1")
    assert [key["kid"] for key in first.json["items"]] == [standby]
    rest = admin.get(f"/keys?limit=1&cursor={first.json['next_cursor']}").json
    assert [key["state"] for key in rest["items"]] == ["active"]
    assert rest["next_cursor"] is None


def test_a_rotation_waits_until_others_can_know_the_key(app: Any, admin: Caller, people: People) -> None:
    (before,) = admin.get("/keys").json["items"]
    answer = admin.post("/keys/rotate")
    assert answer.status_code == 202
    assert (answer.json["state"], answer.json["activated_at"]) == ("pending", None)
    assert answer.json["requested_at"] is not None
    assert answer.json["ready_at"] > answer.json["published_at"]
    again = admin.post("/keys/rotate").json
    assert again == answer.json
    assert admin.get(f"/keys/{before['kid']}").json["state"] == "active"
    assert published(app, people) == {before["kid"], again["kid"]}


def test_a_rotation_is_now_when_others_know_the_key(admin: Caller, people: People) -> None:
    (before,) = admin.get("/keys").json["items"]
    standby = admin.post("/keys/rotate").json
    ripen(people)
    answer = admin.post("/keys/rotate")
    assert (answer.status_code, answer.json["kid"], answer.json["state"]) == (202, standby["kid"], "active")
    assert admin.get(f"/keys/{before['kid']}").json["state"] == "retiring"
    assert admin.get("/principal").status_code == 200


def test_a_rotation_that_comes_twice_is_done_once(admin: Caller) -> None:
    headers = {"Idempotency-Key": "the-same-every-time"}
    first, second = (admin.post("/keys/rotate", headers=headers) for _ in range(2))
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"


def test_a_revoked_key_is_out_and_its_tokens_count_no_more(app: Any, admin: Caller, people: People) -> None:
    signer = jwt.get_unverified_header(admin.token)["kid"]
    revoked = admin.post(f"/keys/{signer}/revoke")
    assert (revoked.status_code, revoked.json["state"]) == (200, "revoked")
    refused = admin.get("/keys")
    assert (refused.status_code, refused.json["code"]) == (401, "invalid-token")
    assert signer not in published(app, people)
    other = person_caller(app, people, email="anna@example.com", roles=("admin",))
    states = {key["kid"]: key["state"] for key in other.get("/keys").json["items"]}
    assert states.pop(signer) == "revoked"
    assert list(states.values()) == ["active"]
    again = other.post(f"/keys/{signer}/revoke")
    assert (again.status_code, again.json) == (200, revoked.json)


def test_who_revoked_a_key_is_in_the_log(admin: Caller, people: People) -> None:
    standby = admin.post("/keys/rotate").json["kid"]
    assert admin.post(f"/keys/{standby}/revoke").json["state"] == "revoked"
    with people.unit() as uow:
        event = uow.session.scalars(select(Event).where(Event.type == "key.revoked")).one()
    assert (event.actor_id, event.data) == (admin.id, {"kid": standby})


@pytest.mark.parametrize("kid", ["nothing", "%00", "a%00b", "%F0%9F%94%91", "x" * 500, "..%5C", "'%20OR%201=1--"])
def test_a_key_that_is_none_is_not_there(admin: Caller, kid: str) -> None:
    for answer in (admin.get(f"/keys/{kid}"), admin.post(f"/keys/{kid}/revoke")):
        assert (answer.status_code, answer.json["code"]) == (404, "no-such-key")
        assert len(answer.json["detail"]) < 500


def test_another_tenants_key_is_not_there(app: Any, admin: Caller, others: People) -> None:
    other = person_caller(app, others, email="xaver@example.com", roles=("admin",))
    with others.unit() as uow:
        kid = keys.rotate(uow).kid
    assert admin.get(f"/keys/{kid}").json["code"] == "no-such-key"
    assert admin.post(f"/keys/{kid}/revoke").json["code"] == "no-such-key"
    assert other.get(f"/keys/{kid}").json["state"] == "pending"
    assert kid not in json.dumps(admin.get("/keys").json)


def test_whoever_may_only_look_rotates_and_revokes_nothing(
    app: Any, admin: Caller, people: People, machine: Callable[..., Caller]
) -> None:
    (active,) = admin.get("/keys").json["items"]
    reader = machine(scope="keys:read", roles=("admin",))
    member = person_caller(app, people, email="mia@example.com", roles=("member",))
    assert reader.get(f"/keys/{active['kid']}").status_code == 200
    for who in (reader, member):
        for path in ("/keys/rotate", f"/keys/{active['kid']}/revoke"):
            refused = who.post(path)
            assert (refused.status_code, refused.json["code"]) == (403, "permission-needed")
    for path in ("/keys", f"/keys/{active['kid']}"):
        assert member.get(path).json["code"] == "permission-needed"
    assert admin.get("/keys").json["items"] == [active]
