"""Acting for a tenant: explicit, time-boxed, audited, and over the moment anybody wants it to be (R6, R8, R48)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from idp.accounts import leaving
from idp.events.models import Event
from idp.ids import new_id
from idp.keys import signing
from idp.oauth import clients, management
from idp.rbac import permissions
from idp.rbac import service as rbac
from idp.rbac.models import OperatorAccess
from idp.tenants.models import Tenant
from idp.users import service as users
from idp.users.models import User
from tests.api.application import pointers, refused
from tests.api.management.callers import Caller, person_caller
from tests.api.platform.conftest import ABOVE, REASON, Acting
from tests.factories import NOBODY, People, make_client, make_user


def test_an_operator_may_do_what_they_named_and_nothing_else(acting: Acting, people: People) -> None:
    acme = acting.begin("users:read", "roles:read")
    assert acting.begun["permissions"] == ["roles:read", "users:read"]
    assert acting.begun["expires_in"] <= 300
    assert acme.get("/users").status_code == 200
    assert refused(acme.get("/clients"), "permission-needed", 403)
    assert refused(acme.post("/users", {"email": "a@example.com"}), "permission-needed", 403)
    who = acme.get("/principal").json
    assert who == {
        "kind": "operator",
        "id": str(acting.operator.id),
        "roles": [],
        "permissions": ["roles:read", "users:read"],
    }


def test_the_token_is_the_tenants_own_and_ends_with_the_access(acting: Acting, people: People) -> None:
    acme = acting.begin("users:read", minutes=1)
    with people.unit() as uow:
        claims = signing.verify(uow, acme.token, "at+jwt", aud=management.audience(people.tenant))
    assert claims["iss"] == people.tenant.issuer
    assert claims["sub"] == str(acting.operator.id)
    assert claims["client_id"] == str(management.CONSOLE)
    assert claims["operator_access_id"] == acting.begun["id"]
    assert claims["scope"] == "users:read"
    assert claims["exp"] - claims["iat"] <= 60
    long = acting.begin("users:read", minutes=60)
    with people.unit() as uow:
        claims = signing.verify(uow, long.token, "at+jwt", aud=management.audience(people.tenant))
    assert claims["exp"] - claims["iat"] == 600


def test_what_is_done_names_the_operator_here_and_there(
    acting: Acting, people: People, operators: People, tenant: Tenant
) -> None:
    acme = acting.begin("users:write")
    made = acme.post("/users", {"email": "ida@example.com"})
    assert made.status_code == 201, made.text
    assert acting.operator.delete(f"{acting.url}/{acting.begun['id']}").status_code == 204
    with people.unit() as uow:
        rows = uow.session.scalars(select(Event).where(Event.actor_id == acting.operator.id).order_by(Event.id)).all()
    assert {row.actor_kind for row in rows} == {"operator"}
    kinds = ["operator_access.begun", "alert.raised", "user.created", "operator_access.ended"]
    assert [row.type for row in rows] == kinds
    assert rows[0].data["reason"] == REASON
    with operators.unit() as uow:
        rows = uow.session.scalars(select(Event).where(Event.data["tenant"].astext == tenant.slug)).all()
    assert [row.type for row in rows] == ["operator_access.begun", "operator_access.ended"]
    assert {(row.actor_kind, row.actor_id) for row in rows} == {("operator", acting.operator.id)}


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reason": "because"}, "/reason"),
        ({"reason": " " * 40}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"minutes": 0}, "/minutes"),
        ({"minutes": 61}, "/minutes"),
        ({"permissions": []}, "/permissions"),
        ({"permissions": ["tenants:act"]}, "/permissions/0"),
        ({"permissions": ["users:fly"]}, "/permissions/0"),
        ({"operator_id": "x"}, "/operator_id"),
    ],
)
def test_an_access_without_reason_bounds_or_permissions_is_refused(
    acting: Acting, changes: dict[str, Any], pointer: str
) -> None:
    answer = acting.operator.post(
        acting.url, {"reason": REASON, "minutes": 5, "permissions": ["users:read"], **changes}
    )
    assert answer.status_code == 422
    assert pointers(answer) == [pointer]
    assert acting.operator.get(acting.url).json["items"] == []


def test_another_token_only_for_the_same_operator_while_it_lasts(
    acting: Acting, platform_caller: Callable[..., Caller], people: People
) -> None:
    acme = acting.begin("users:read")
    url = f"{acting.url}/{acting.begun['id']}"
    again = acting.operator.post(f"{url}/token")
    assert again.status_code == 200
    acme.token = again.json["access_token"]
    assert acme.get("/users").status_code == 200
    another = platform_caller("owner")
    assert refused(another.post(f"{url}/token"), "no-such-access", 404)
    assert refused(acting.operator.post(f"{acting.url}/{NOBODY}/token"), "no-such-access", 404)
    expire(people)
    assert refused(acting.operator.post(f"{url}/token"), "access-ended", 410)


def expire(people: People) -> None:
    with people.unit() as uow:
        uow.execute(update(OperatorAccess).values(expires_at=OperatorAccess.created_at - timedelta(seconds=1)))


def shut(caller: Caller) -> bool:
    return refused(caller.get("/users"), "invalid-token", 401)


def test_an_expired_access_opens_nothing(acting: Acting, people: People) -> None:
    acme = acting.begin("users:read")
    expire(people)
    assert shut(acme)
    listed = acting.operator.get(f"{acting.url}?filter[status]=over").json["items"]
    assert [item["status"] for item in listed] == ["over"]
    assert acting.operator.delete(f"{acting.url}/{acting.begun['id']}").status_code == 204
    assert acting.operator.get(acting.url).json["items"][0]["ended_at"] is None


def test_an_ended_access_opens_nothing_and_ends_once(acting: Acting, platform_caller: Callable[..., Caller]) -> None:
    acme = acting.begin("users:read")
    url = f"{acting.url}/{acting.begun['id']}"
    assert platform_caller("owner").delete(url).status_code == 204
    assert shut(acme)
    ended_at = acting.operator.get(acting.url).json["items"][0]["ended_at"]
    assert acting.operator.delete(url).status_code == 204
    assert acting.operator.get(acting.url).json["items"][0]["ended_at"] == ended_at
    assert refused(acting.operator.post(f"{url}/token"), "access-ended", 410)
    assert refused(acting.operator.delete(f"{acting.url}/{NOBODY}"), "no-such-access", 404)


def test_the_tenants_people_see_it_and_end_it(app: Any, acting: Acting, people: People) -> None:
    acme = acting.begin("users:read")
    owner = person_caller(app, people, email="olive@example.com", roles=("owner",))
    (seen,) = owner.get("/operator-accesses?filter[status]=active").json["items"]
    assert seen["id"] == acting.begun["id"]
    assert (seen["reason"], seen["permissions"], seen["operator_id"]) == (
        REASON,
        ["users:read"],
        str(acting.operator.id),
    )
    assert seen["operator_name"].startswith("op-")
    assert owner.delete(f"/operator-accesses/{seen['id']}").status_code == 204
    assert shut(acme)
    assert owner.get("/operator-accesses").json["items"][0]["status"] == "over"
    assert refused(owner.delete(f"/operator-accesses/{NOBODY}"), "no-such-access", 404)
    with people.unit() as uow:
        ended = uow.session.scalars(select(Event).where(Event.type == "operator_access.ended")).one()
    assert (ended.actor_kind, ended.actor_id) == ("user", owner.id)


@pytest.mark.parametrize("leave", [users.disable, leaving.request_deletion])
def test_an_operator_who_is_shut_out_or_leaves_is_out_at_once(
    acting: Acting, operators: People, leave: Callable[..., Any]
) -> None:
    acme = acting.begin("users:read")
    assert acme.get("/users").status_code == 200
    with operators.unit() as uow:
        make_another_owner(uow)
        leave(uow, uow.get(User, acting.operator.id))
    assert shut(acme)


def test_an_operator_without_the_right_to_act_is_out_at_once(acting: Acting, operators: People) -> None:
    acme = acting.begin("users:read")
    assert acme.get("/users").status_code == 200
    with operators.unit() as uow:
        make_another_owner(uow)
        rbac.unassign_role(uow, uow.get(User, acting.operator.id), "owner")
        rbac.assign_role(uow, uow.get(User, acting.operator.id), "admin")
    assert shut(acme)


def make_another_owner(uow: Any) -> None:
    make_user(uow, email=f"spare-{new_id().hex}@example.com", roles=("owner",))


def test_a_machine_operator_acts_as_long_as_it_holds_the_role(
    app: Any, operators: People, program: Callable[..., Caller], tenant: Tenant
) -> None:
    machine = program("tenants:act", "owner")
    acting = Acting(app, machine, tenant)
    acme = acting.begin("users:read")
    assert acting.begun["operator_name"] == "Notes"
    assert acme.get("/users").status_code == 200
    with operators.unit() as uow:
        rbac.unassign_from_client(uow, clients.get(uow, machine.id), "owner")
    clients.forget()
    assert shut(acme)


def test_nobody_becomes_more_than_they_named(acting: Acting, people: People) -> None:
    """R48: the ceiling in the tenant is what was asked for, owners:write and mail:write too."""
    with people.unit() as uow:
        ida = make_user(uow, email="ida@example.com")
        olive = make_user(uow, email="olive@example.com", roles=("owner",))
    acme = acting.begin("users:read", "users:write", "roles:read", "roles:write", "roles:assign")
    assert refused(acme.put(f"/users/{ida.id}/roles/{role_id(acme, 'admin')}"), "beyond-your-own", 403)
    assert refused(acme.put(f"/users/{ida.id}/roles/{role_id(acme, 'owner')}"), "beyond-your-own", 403)
    assert refused(acme.post("/roles", {"name": "x", "permissions": ["owners:write"]}), "beyond-your-own", 403)
    assert refused(acme.post(f"/users/{olive.id}/disable"), "beyond-your-own", 403)
    assert acme.post("/roles", {"name": "x", "permissions": ["users:read"]}).status_code == 201
    everything = sorted(permissions.catalogue(people.tenant.slug))
    all_of_it = acting.begin(*everything)
    assert all_of_it.get("/principal").json["permissions"] == everything


def role_id(caller: Caller, name: str) -> str:
    return str(caller.get(f"/roles?filter[name]={name}").json["items"][0]["id"])


def test_no_other_endpoint_takes_the_token_for_a_persons(app: Any, acting: Acting, people: People) -> None:
    acme = acting.begin("users:read")
    http, issuer = app.test_client(use_cookies=False), people.tenant.issuer
    bearer = {"Authorization": f"Bearer {acme.token}"}
    assert http.get(f"{issuer}/oauth/userinfo", headers=bearer).status_code == 401
    for path in ("me", "sessions"):
        assert http.get(f"{issuer}/api/v1/auth/{path}", headers=bearer).status_code == 401
    with people.unit() as uow:
        client, secret = make_client(uow, type="machine", scope="users:read")
    clients.forget()
    told = http.post(f"{issuer}/oauth/introspect", data={"token": acme.token}, auth=(str(client.id), secret))
    assert told.json == {"active": False}
    refreshed = http.post(
        f"{issuer}/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": acme.token, "client_id": str(management.CONSOLE)},
    )
    assert refreshed.json["error"] == "invalid_grant"


def test_the_token_opens_no_other_floor_and_no_other_tenant(
    acting: Acting, operators: People, other_tenant: Tenant
) -> None:
    acme = acting.begin("users:read")
    acme.base = management.audience(other_tenant)
    assert shut(acme)
    acme.base = management.audience(operators.tenant)
    assert shut(acme)
    acme.base = management.platform_audience(operators.tenant)
    assert refused(acme.get("/tenants"), "invalid-token", 401)


def test_a_token_that_was_revoked_is_no_use(app: Any, acting: Acting, people: People) -> None:
    acme = acting.begin("users:read")
    app.test_client(use_cookies=False).post(
        f"{people.tenant.issuer}/oauth/revoke", data={"token": acme.token, "client_id": str(management.CONSOLE)}
    )
    assert shut(acme)
    assert acting.operator.post(f"{acting.url}/{acting.begun['id']}/token").status_code == 200


def test_a_token_of_the_same_shape_without_an_access_is_no_use(acting: Acting, people: People) -> None:
    """A claim alone opens nothing: the row must be there, of that operator."""
    acme = acting.begin("users:read")
    with people.unit() as uow:
        claims = signing.verify(uow, acme.token, "at+jwt", aud=management.audience(people.tenant))
        for changes in ({"operator_access_id": str(NOBODY)}, {"sub": str(NOBODY)}):
            acme.token = signing.sign(uow, claims | changes, "at+jwt")
            assert shut(acme)
        acme.token = signing.sign(uow, claims | {"scope": "users:read users:write"}, "at+jwt")
        assert acme.get("/principal").json["permissions"] == ["users:read"]


def test_beginning_twice_with_one_key_begins_once(acting: Acting) -> None:
    body = {"reason": REASON, "minutes": 5, "permissions": ["users:read"]}
    first, second = (
        acting.operator.post(acting.url, body, headers={"Idempotency-Key": "once-and-no-more"}) for _ in range(2)
    )
    assert first.json == second.json
    assert len(acting.operator.get(acting.url).json["items"]) == 1


def test_a_token_without_the_scope_begins_nothing(platform_caller: Callable[..., Caller], tenant: Tenant) -> None:
    narrow = platform_caller("owner", scope=tuple(name for name in ABOVE if name != "tenants:act"))
    body = {"reason": REASON, "minutes": 5, "permissions": ["users:read"]}
    assert refused(narrow.post(f"/tenants/{tenant.slug}/accesses", body), "permission-needed", 403)
