"""Tenants by the platform API: made with their owner, listed, changed, suspended, resumed, deleted (R47, R51, R62)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from idp.events.models import Event
from idp.ids import new_id
from idp.oauth import management
from idp.rbac import service as rbac
from idp.tenants import resolve
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.users.models import User, UserEmail
from idp.wiring import Wiring
from tests.api.application import pointers, refused
from tests.api.management.callers import Caller, person_caller
from tests.browser import Browser
from tests.factories import People
from tests.post import Post


def wanted(**changes: Any) -> dict[str, Any]:
    slug = f"p-{new_id().hex[-12:]}"
    return {"slug": slug, "name": "Acme", "admin": {"email": f"ida@{slug}.example"}, **changes}


def row(wiring: Wiring, slug: str) -> Tenant:
    with wiring.platform_unit() as platform:
        return tenants.get(platform, slug)


def test_a_tenant_is_made_and_its_first_owner_comes_in_by_invitation(
    app: Any, wiring: Wiring, operator: Caller
) -> None:
    body = wanted(
        settings={"password_min_length": 12, "refresh_grace_seconds": 0}, budget={"limit_visit_ip": "9/minute"}
    )
    made = operator.post("/tenants", body)
    assert made.status_code == 201, made.text
    assert made.headers["Location"] == f"{operator.base}/tenants/{body['slug']}"
    assert made.json["settings"]["password_min_length"] == 12
    assert made.json["settings"]["refresh_grace_seconds"] == 0
    assert made.json["budget"]["limit_visit_ip"] == "9/minute"
    tenant = row(wiring, body["slug"])

    post = Post(wiring, tenant)
    post.deliver()
    (mail,) = post.mails()
    assert mail.to == body["admin"]["email"]
    browser = Browser(app, tenant)
    page = browser.follow(browser.get(mail.links("invitation=")[0]))
    browser.submit(page, name="Ida Noor", password="lantern orbit quiet harvest")
    assert people_of(wiring, tenant) == [(body["admin"]["email"], "Ida Noor", ["owner"])]


def test_a_first_owner_who_has_a_name_keeps_it(app: Any, wiring: Wiring, operator: Caller) -> None:
    body = wanted(admin={"email": "ida@example.com", "name": "Ida Noor"})
    assert operator.post("/tenants", body).status_code == 201
    tenant = row(wiring, body["slug"])
    assert people_of(wiring, tenant) == [("ida@example.com", "Ida Noor", [])]
    post, browser = Post(wiring, tenant), Browser(app, tenant)
    page = browser.follow(browser.get(post.link("ida@example.com", "?invitation=")))
    assert len(post.mails()) == 1
    browser.submit(page, password="lantern orbit quiet harvest")
    assert people_of(wiring, tenant) == [("ida@example.com", "Ida Noor", ["owner"])]


def people_of(wiring: Wiring, tenant: Tenant) -> list[tuple[str, str | None, list[str]]]:
    """Address, name and roles of everybody."""
    with wiring.tenant_unit(tenant) as uow:
        rows = uow.execute(select(UserEmail, User).join(User, User.id == UserEmail.user_id)).all()
        return [(email.address, user.profile.name, rbac.names_of(uow, user.id)) for email, user in rows]


def test_what_was_made_names_the_operator(wiring: Wiring, operator: Caller) -> None:
    slug = operator.post("/tenants", wanted()).json["slug"]
    assert {(kind, who) for _type, kind, who in events_of(wiring, slug)} == {("operator", operator.id)}


def events_of(wiring: Wiring, slug: str) -> list[tuple[str, str, Any]]:
    with wiring.tenant_unit(row(wiring, slug)) as uow:
        rows = uow.session.scalars(select(Event).order_by(Event.id)).all()
        return [(each.type, each.actor_kind, each.actor_id) for each in rows]


def test_the_same_key_makes_one_tenant(operator: Caller) -> None:
    body, headers = wanted(), {"Idempotency-Key": f"key-{new_id()}"}
    first, second = (operator.post("/tenants", body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["Location"] == first.headers["Location"]
    assert refused(operator.post("/tenants", body), "slug-taken", 409)
    assert refused(operator.post("/tenants", wanted(), headers=headers), "idempotency-key-reused", 409)


@pytest.mark.parametrize(
    ("changes", "code", "status", "pointer"),
    [
        ({"slug": "A"}, "body-invalid", 422, "/slug"),
        ({"admin": {"email": "nobody"}}, "email-invalid", 422, None),
        ({"admin": {"email": "a@b.example", "password": "x"}}, "body-invalid", 422, "/admin/password"),
        ({"settings": {"password_min_length": 3}}, "body-invalid", 422, "/settings/password_min_length"),
        ({"settings": {"password_min_length": "12"}}, "body-invalid", 422, "/settings/password_min_length"),
        ({"settings": {"accent": "red"}}, "setting-unknown", 422, "/settings/accent"),
        ({"settings": {"colour": "red"}}, "body-invalid", 422, "/settings/colour"),
        ({"budget": {"limit_visit_ip": "often"}}, "setting-unknown", 422, "/budget/limit_visit_ip"),
        ({"settings": {"registration": "closed"}}, "registration-closed", 403, None),
        ({"name": " "}, "setting-unknown", 422, "/name"),
        ({"id": "x"}, "body-invalid", 422, "/id"),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    operator: Caller, changes: dict[str, Any], code: str, status: int, pointer: str | None
) -> None:
    body = wanted(**changes)
    answer = operator.post("/tenants", body)
    assert refused(answer, code, status)
    assert pointer is None or pointer in pointers(answer)
    assert operator.get(f"/tenants/{body['slug']}").status_code == 404


def test_a_tenant_is_changed_on_condition_and_null_is_the_default(operator: Caller, tenant: Tenant) -> None:
    url = f"/tenants/{tenant.slug}"
    shown = operator.get(url)
    sent = {
        "name": "Globex",
        "settings": {"registration_domains": ["globex.example"]},
        "budget": {"limit_client": "5/minute"},
    }
    changed = operator.patch(url, sent, headers={"If-Match": shown.headers["ETag"]})
    assert changed.status_code == 200, changed.text
    assert changed.json["name"] == "Globex"
    assert changed.json["settings"] == shown.json["settings"] | {"registration_domains": ["globex.example"]}
    assert changed.json["budget"] == shown.json["budget"] | {"limit_client": "5/minute"}
    assert operator.patch(url, {"name": "x"}, headers={"If-Match": shown.headers["ETag"]}).status_code == 412
    back = operator.patch(url, {"settings": {"registration_domains": None}, "budget": {"limit_client": None}})
    assert (back.json["settings"], back.json["budget"]) == (shown.json["settings"], shown.json["budget"])
    assert operator.patch(url, {}).json == back.json


def test_pages_go_on_by_slug_and_nobody_counts_them(operator: Caller) -> None:
    head = f"q{new_id().hex[-8:]}"
    made = [operator.post("/tenants", wanted(slug=f"{head}-{letter}")).json["slug"] for letter in "bac"]
    asked = f"/tenants?filter[slug_starts_with]={head}&limit=2"
    first = operator.get(asked)
    assert [item["slug"] for item in first.json["items"]] == sorted(made)[:2]
    assert first.json.keys() == {"items", "next_cursor"}
    rest = operator.get(f"{asked}&cursor={first.json['next_cursor']}")
    assert [item["slug"] for item in rest.json["items"]] == [f"{head}-c"]
    newest = operator.get(f"/tenants?filter[slug_starts_with]={head}&sort=-created_at")
    assert [item["slug"] for item in newest.json["items"]] == made[::-1]
    assert [item["slug"] for item in operator.get(f"/tenants?filter[slug]={head}-a").json["items"]] == [f"{head}-a"]
    operator.post(f"/tenants/{head}-a/suspend")
    suspended = operator.get(f"/tenants?filter[slug_starts_with]={head}&filter[status]=suspended")
    assert [item["slug"] for item in suspended.json["items"]] == [f"{head}-a"]
    assert refused(operator.get("/tenants?offset=1"), "query-invalid", 422)
    assert refused(operator.get(f"/tenants?sort=created_at&cursor={first.json['next_cursor']}"), "cursor-invalid", 422)


def test_a_suspended_tenant_is_shut_and_operators_still_reach_it(
    app: Any, people: People, operator: Caller, tenant: Tenant
) -> None:
    owner = person_caller(app, people, email="olive@example.com", roles=("owner",))
    url = f"/tenants/{tenant.slug}"
    suspended = operator.post(f"{url}/suspend")
    assert suspended.json["status"] == "suspended"
    resolve.forget()
    anyone = app.test_client(use_cookies=False).get(
        f"{owner.base}/roles", headers={"Authorization": f"Bearer {owner.token}"}
    )
    assert refused(anyone, "tenant-suspended", 403)
    assert operator.get(url).json["status"] == "suspended"
    assert operator.post(f"{url}/suspend").json["suspended_at"] == suspended.json["suspended_at"]
    begun = operator.post(f"{url}/accesses", {"reason": "to look at it", "minutes": 1, "permissions": ["users:read"]})
    assert refused(begun, "tenant-suspended", 403)
    assert operator.post(f"{url}/resume").json["status"] == "active"
    resolve.forget()
    assert owner.get("/roles").status_code == 200


def test_a_tenant_is_deleted_once_its_slug_is_said_twice(app: Any, operator: Caller, tenant: Tenant) -> None:
    url = f"/tenants/{tenant.slug}"
    assert refused(operator.delete(url), "query-invalid", 422)
    wrong = operator.delete(f"{url}?confirm=other")
    assert (refused(wrong, "query-invalid", 422), pointers(wrong)) == (True, ["/confirm"])
    assert operator.delete(f"{url}?confirm={tenant.slug}").status_code == 204
    assert refused(operator.get(url), "no-such-tenant", 404)
    assert refused(operator.delete(f"{url}?confirm={tenant.slug}"), "no-such-tenant", 404)
    assert refused(operator.post("/tenants", wanted(slug=tenant.slug)), "slug-taken", 409)
    assert operator.get(f"/tenants?filter[slug]={tenant.slug}").json["items"] == []
    resolve.forget()
    assert app.test_client().get(f"/t/{tenant.slug}/jwks.json").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "/tenants/system?confirm=system", None),
        ("POST", "/tenants/system/suspend", None),
        ("PATCH", "/tenants/system", {"settings": {"registration": "open"}}),
        (
            "POST",
            "/tenants/system/accesses",
            {"reason": "to be more than I am", "minutes": 5, "permissions": ["owners:write"]},
        ),
    ],
)
def test_the_tenant_of_the_operators_stays_as_it_is(operator: Caller, method: str, path: str, body: Any) -> None:
    assert refused(operator.call(method, path, body), "tenant-is-built-in", 409)


def test_there_is_nothing_where_there_is_no_tenant(operator: Caller) -> None:
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/suspend"),
        ("POST", "/resume"),
        ("GET", "/usage"),
        ("GET", "/accesses"),
        ("DELETE", "?confirm=no-such"),
    ):
        body: dict[str, Any] | None = {} if method == "PATCH" else None
        assert refused(operator.call(method, f"/tenants/no-such{path}", body), "no-such-tenant", 404)


def test_an_admin_of_the_operators_may_do_all_but_delete_and_act(
    platform_caller: Callable[..., Caller], tenant: Tenant
) -> None:
    admin = platform_caller("admin")
    url = f"/tenants/{tenant.slug}"
    assert admin.get(url).status_code == 200
    assert admin.post(f"{url}/suspend").status_code == 200
    assert admin.post(f"{url}/resume").status_code == 200
    assert admin.get("/health").status_code == 200
    assert refused(admin.delete(f"{url}?confirm={tenant.slug}"), "permission-needed", 403)
    act = {"reason": "to look at it", "minutes": 1, "permissions": ["users:read"]}
    assert refused(admin.post(f"{url}/accesses", act), "permission-needed", 403)
    member = platform_caller("member")
    assert refused(member.get("/tenants"), "permission-needed", 403)


def test_a_machine_client_with_a_role_makes_tenants(program: Callable[..., Caller]) -> None:
    terraform = program("tenants:read tenants:write", "admin")
    made = terraform.post("/tenants", wanted())
    assert made.status_code == 201
    assert terraform.get(f"/tenants/{made.json['slug']}").json == made.json
    assert refused(terraform.get("/health"), "permission-needed", 403)
    assert refused(program("tenants:read").get("/tenants"), "permission-needed", 403)


def test_tokens_of_others_and_for_other_floors_are_refused(
    app: Any, people: People, operators: People, platform_caller: Callable[..., Caller]
) -> None:
    stranger = person_caller(app, people, email="olive@example.com", roles=("owner",))
    stranger.base = management.platform_audience(operators.tenant)
    assert refused(stranger.get("/tenants"), "invalid-token", 401)
    for_system_alone = platform_caller("owner", scope=("users:read",))
    assert refused(for_system_alone.get("/tenants"), "invalid-token", 401)
    for_the_platform = platform_caller("owner")
    for_the_platform.base = management.audience(operators.tenant)
    assert refused(for_the_platform.get("/users"), "invalid-token", 401)
    for_the_platform.base = management.audience(people.tenant)
    assert refused(for_the_platform.get("/users"), "invalid-token", 401)


@pytest.mark.parametrize("name", ["tenants:read", "tenants:act", "fleet:read"])
def test_no_role_of_another_tenant_permits_what_operators_may(app: Any, people: People, name: str) -> None:
    owner = person_caller(app, people, email="olive@example.com", roles=("owner",))
    assert refused(owner.post("/roles", {"name": "lifted", "permissions": [name]}), "role-invalid", 422)
