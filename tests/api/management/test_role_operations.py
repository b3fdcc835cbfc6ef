"""Roles by the management API: made, changed, deleted, and never beyond what whoever does it may do (R46, R48)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.management.callers import Caller, person_caller
from tests.factories import People

BILLING = {"name": "billing", "description": "Pays", "permissions": ["users:read"], "includes": ["member"]}


def test_a_role_is_made_shown_changed_and_deleted(admin: Caller) -> None:
    made = admin.post("/roles", BILLING)
    assert made.status_code == 201
    url = f"/roles/{made.json['id']}"
    shown = admin.get(url)
    assert shown.json == made.json
    assert shown.headers["ETag"] == made.headers["ETag"]
    changed = admin.patch(url, {"permissions": ["groups:read"]}, headers={"If-Match": shown.headers["ETag"]})
    assert changed.json["permissions"] == ["groups:read"]
    assert admin.patch(url, {"name": "x"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    assert admin.delete(url).status_code == 204
    assert admin.get(url).status_code == 404


def test_pages_lead_from_one_to_the_next(admin: Caller) -> None:
    for number in range(3):
        admin.post("/roles", {"name": f"r{number}"})
    first = admin.get("/roles?limit=4")
    assert [role["name"] for role in first.json["items"]] == ["admin", "member", "owner", "r0"]
    assert first.json["next_cursor"] in first.headers["Link"]
    rest = admin.get(f"/roles?limit=4&cursor={first.json['next_cursor']}")
    assert [role["name"] for role in rest.json["items"]] == ["r1", "r2"]
    assert admin.get(f"/roles?sort=-name&cursor={first.json['next_cursor']}").status_code == 422
    assert admin.get("/roles?limit=1000").status_code == 422
    assert admin.get("/roles?offset=1").json["errors"][0]["pointer"] == "/offset"
    assert admin.get("/roles?limit=1&limit=2").status_code == 422


def test_a_post_that_comes_twice_is_done_once(admin: Caller) -> None:
    headers = {"Idempotency-Key": "the-same-every-time"}
    first, second = (admin.post("/roles", BILLING, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert admin.post("/roles", {"name": "other"}, headers=headers).json["code"] == "idempotency-key-reused"


def test_nobody_makes_a_role_beyond_their_own(app: Any, people: People, machine: Callable[..., Caller]) -> None:
    maker = machine(scope="roles:write roles:read users:read", roles=("admin",))
    assert maker.post("/roles", BILLING).status_code == 201
    beyond = maker.post("/roles", {"name": "more", "permissions": ["users:write"]})
    assert (beyond.status_code, beyond.json["code"]) == (403, "beyond-your-own")
    assert maker.post("/roles", {"name": "more", "includes": ["admin"]}).json["code"] == "beyond-your-own"


def test_who_calls_is_shown_with_what_they_may_do(admin: Caller, machine: Callable[..., Caller]) -> None:
    assert "users:write" in admin.get("/principal").json["permissions"]
    assert machine(scope="users:read keys:read", roles=("member",)).get("/principal").json["permissions"] == []


def test_a_role_that_is_taken_away_binds_at_the_next_call(app: Any, people: People, owner: Caller) -> None:
    adam = person_caller(app, people, email="adam2@example.com", roles=("admin",))
    assert adam.get("/roles").status_code == 200
    with people.unit() as uow:
        from idp.rbac import service as rbac
        from idp.users.models import User

        rbac.unassign_role(uow, uow.get(User, adam.id), "admin")
    assert adam.get("/roles").json["code"] == "permission-needed"


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_strangers_get_in_nowhere(admin: Caller, token: str) -> None:
    admin.token = token
    answer = admin.get("/roles")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
