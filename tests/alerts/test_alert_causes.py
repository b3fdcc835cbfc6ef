"""What raises an alert at once, each from its real cause: by the endpoint, the page or the verb that does it."""

from datetime import timedelta
from typing import Any

import pytest

from idp.alerts.causes import REUSED
from idp.alerts.kinds import SWITCHABLE, Kind
from idp.authn.throttle import LOCKED_AT
from idp.ids import new_id
from idp.keys import service as keys
from idp.oauth.models import Client
from idp.policy import Policy
from idp.rbac import groups, operators, roles
from idp.rbac import service as rbac
from idp.rbac.operators import Operator
from idp.rbac.permissions import Permission
from idp.webhooks import endpoints
from tests.alerts.conftest import alerts_of, fresh, told_by_event
from tests.api.management.callers import person_caller
from tests.browser import Browser
from tests.factories import People
from tests.moments import pass_time
from tests.web.tenancy import decide
from tests.webhooks.posts import Hooks
from tests.webhooks.receiver import Receiver, Reply


def given(people: People) -> list[tuple[str | None, list[str]]]:
    """Role and privileges of each grant that was told of."""
    return [(alert.data.get("role"), alert.data["privileges"]) for alert in alerts_of(people, "privilege_grant")]


def test_a_reused_refresh_token_is_told_with_where_it_was_used(people: People, browser: Browser) -> None:
    people.user()
    client, secret = people.client()
    first = browser.tokens(client, secret)["refresh_token"]
    for _ in range(2):
        assert browser.token(client, secret, grant_type="refresh_token", refresh_token=first).status_code == 200
    assert alerts_of(people) == [], "an honest retry"
    pass_time(people, seconds=11)
    for _ in range(2):
        assert browser.token(client, secret, grant_type="refresh_token", refresh_token=first).status_code == 400
    (alert,) = alerts_of(people)
    assert (alert.kind, alert.data["client_id"]) == ("refresh_reuse", str(client.id))
    assert first not in repr(alert.data)
    (told,) = told_by_event(people, "refresh_reuse")
    assert told["ip"] == "127.0.0.1"


def test_a_session_that_ends_is_no_reuse(people: People, browser: Browser) -> None:
    people.user()
    client, secret = people.client()
    first = browser.tokens(client, secret)["refresh_token"]
    browser.token(client, secret, token=first)
    browser.post(browser.url("/oauth/revoke"), {"client_id": str(client.id), "token": first})
    browser.submit(browser.get(browser.url("/logout")))
    assert browser.token(client, secret, grant_type="refresh_token", refresh_token=first).status_code == 400
    assert alerts_of(people) == []


def test_the_reason_that_is_listened_to_is_the_one_that_is_given() -> None:
    """`test_a_reused_refresh_token…` would fail too; this says why."""
    from pathlib import Path

    import idp.oauth.refresh_families as families

    assert f'reason="{REUSED}"' in Path(families.__file__).read_text()


@pytest.mark.parametrize(("role", "is_told"), [("owner", True), ("admin", True), ("member", False)])
def test_a_role_of_the_products_own_is_told_when_it_gives_power(
    app: Any, people: People, role: str, is_told: bool
) -> None:
    olive = person_caller(app, people, email="olive@example.com", roles=("owner",))
    bob = people.user(email="bob@example.com")
    before = len(given(people))
    with people.unit() as uow:
        role_id = rbac.get_role(uow, role).id
    assert olive.put(f"/users/{bob.id}/roles/{role_id}").status_code == 204
    told = alerts_of(people, "privilege_grant")[before:]
    assert [alert.data["role"] for alert in told] == [role] * is_told
    for alert in told:
        assert "users:write" in alert.data["privileges"]
        assert "bob" not in repr(alert.data)


def test_a_role_of_the_tenants_own_is_told_by_what_it_permits(people: People) -> None:
    bob = people.user(email="bob@example.com")
    with people.unit() as uow:
        roles.create_role(uow, name="reader", permissions=["users:read", "events:read"])
        roles.create_role(uow, name="janitor", permissions=["sessions:write", "users:read"])
        roles.create_role(uow, name="boss", includes=["janitor"])
        for name in ("reader", "janitor", "boss"):
            rbac.assign_role(uow, bob, name)
            rbac.assign_role(uow, bob, name)
    assert given(people) == [("janitor", ["sessions:write"]), ("boss", ["sessions:write"])]


def test_to_read_what_upstreams_gave_is_power_and_to_read_else_is_none(people: People) -> None:
    bob = people.user(email="bob@example.com")
    readers = [permission.value for permission in Permission if permission.value.endswith(":read")]
    with people.unit() as uow:
        own = [name for name in readers if name not in {"tenants:read", "fleet:read", "upstream-tokens:read"}]
        roles.create_role(uow, name="reader", permissions=own)
        roles.create_role(uow, name="proxy", permissions=["upstream-tokens:read"])
        rbac.assign_role(uow, bob, "reader")
        rbac.assign_role(uow, bob, "proxy")
    assert given(people) == [("proxy", ["upstream-tokens:read"])]


def test_groups_and_machines_are_told_of_too(people: People) -> None:
    bob = people.user(email="bob@example.com")
    client, _ = people.client(type="machine", scope="users:write")
    with people.unit() as uow:
        roles.create_role(uow, name="janitor", permissions=["sessions:write"])
        choir, staff = (groups.create_group(uow, name=name) for name in ("choir", "staff"))
        groups.add_member(uow, choir, bob)
        rbac.assign_to_group(uow, staff, "janitor")
        groups.add_member(uow, staff, bob)
        rbac.assign_to_client(uow, uow.get(Client, client.id), "janitor")
    assert given(people) == [
        ("janitor", ["sessions:write"]),
        (None, ["sessions:write"]),
        ("janitor", ["sessions:write"]),
    ]


def test_a_role_that_comes_to_permit_more_is_told_when_somebody_holds_it(people: People) -> None:
    bob = people.user(email="bob@example.com")
    with people.unit() as uow:
        inner = roles.create_role(uow, name="inner")
        outer = roles.create_role(uow, name="outer", includes=["inner"])
        roles.update_role(uow, inner, permissions=["keys:write"])
    assert given(people) == [], "nobody holds it"
    with people.unit() as uow:
        roles.update_role(uow, roles.get(uow, inner.id), permissions=[])
        rbac.assign_role(uow, bob, roles.get(uow, outer.id))
        roles.update_role(uow, roles.get(uow, inner.id), permissions=["users:read"])
    assert given(people) == []
    with people.unit() as uow:
        roles.update_role(uow, roles.get(uow, inner.id), permissions=["users:read", "keys:write"])
    with people.unit() as uow:
        roles.update_role(uow, roles.get(uow, inner.id), description="No more, no less.")
        roles.update_role(uow, roles.get(uow, inner.id), permissions=["keys:write"])
    assert given(people) == [("inner", ["keys:write"])]
    with people.unit() as uow:
        roles.update_role(uow, roles.get(uow, outer.id), includes=["inner", "admin"])
    (_, (role, privileges)) = given(people)
    assert role == "outer"
    assert "users:write" in privileges
    assert "keys:write" not in privileges, "they had it"


def test_an_operator_who_comes_to_change_something_is_told(people: People) -> None:
    for permissions in (["users:read"], ["users:read", "users:write"]):
        with people.unit() as uow:
            operators.begin(
                uow,
                Operator(new_id(), "Ola Berg"),
                reason="Ticket 4711: nobody can sign in.",
                lasting=timedelta(minutes=5),
                permissions=permissions,
            )
    assert given(people) == [(None, ["users:write"])]


def test_a_revoked_key_is_told(app: Any, people: People) -> None:
    olive = person_caller(app, people, email="olive@example.com", roles=("owner",))
    with people.unit() as uow:
        kid = keys.publish(uow).kid
    for _ in range(2):
        assert olive.post(f"/keys/{kid}/revoke").status_code == 200
    (alert,) = alerts_of(people, "key_revoked")
    assert alert.data["kid"] == kid


def test_a_webhook_that_was_turned_off_is_told_unless_somebody_did_it(hooks: Hooks, receiver: Receiver) -> None:
    for script in ([], [Reply(410)]):
        endpoint_id, _ = hooks.endpoint(f"{receiver.url}/{len(script)}", "user.deleted")
        receiver.script = script
        hooks.test(endpoint_id)
        hooks.deliver()
        with hooks.unit() as uow:
            endpoints.update_endpoint(uow, endpoints.hold(uow, endpoint_id), enabled=False)
    (alert,) = alerts_of(hooks.people, "webhook_disabled")
    assert alert.data["reason"] == "gone"


def test_a_webhook_hears_of_alerts(hooks: Hooks, receiver: Receiver) -> None:
    _, secret = hooks.endpoint(receiver.url, "alert.raised")
    hooks.people.user(roles=("admin",))
    hooks.deliver()
    (copy,) = receiver.copies
    body = copy.verified(secret)
    (alert,) = alerts_of(hooks.people)
    assert (body["type"], body["data"]["target"]["id"]) == ("alert.raised", str(alert.id))
    assert body["data"]["data"]["alert"] == "privilege_grant"


@pytest.mark.parametrize("change", [{"alert_contacts": "x@example.com"}, {"alert_spray_accounts": "50"}])
def test_that_the_alerting_was_changed_is_told_whatever_is_off(people: People, change: dict[str, str]) -> None:
    decide(people, alert_kinds_off=" ".join(kind.value for kind in SWITCHABLE))
    decide(people, password_min_length="20", **change)
    decide(people, default_locale="de")
    told = [alert.data["changed"] for alert in alerts_of(people)]
    assert told == [["alert_kinds_off"], [*change]]
    fresh(people).user(roles=("owner",))
    assert {alert.kind for alert in alerts_of(people)} == {"alerting_changed"}


def test_a_tenant_can_switch_off_every_kind_but_words_about_the_alerts() -> None:
    assert set(Kind) - SWITCHABLE == {Kind.ALERTING_CHANGED, Kind.OVERFLOW, Kind.TEST}
    assert Policy().alert_brute_force_failures <= LOCKED_AT
