"""`roles` and `permissions` in access tokens: what their holder has in any way, for whom it is meant (R8, RFC 9068)."""

from typing import Any

import jwt
import pytest
from sqlalchemy import select, update

from idp.oauth import clients
from idp.oauth.models import ApiResource
from idp.rbac import app_permissions, groups, roles
from idp.rbac import service as rbac
from idp.users.models import User
from tests.browser import Browser
from tests.factories import API, People
from tests.protocol.test_introspect_and_revoke import Client, introspect

FILES = "https://files.example.com"
SCOPE = "openid email offline_access notes:read files:read"


@pytest.fixture
def ada(people: People) -> User:
    """A clerk by a group and a reader by what clerks include; of both APIs, each with a permission she lacks."""
    ada = people.user(roles=("member",))
    notes, files = people.resource(), people.resource(FILES, ("files:read",))
    with people.unit() as uow:
        for resource, names in ((notes, ("notes:see", "notes:burn")), (files, ("files:see", "files:burn"))):
            for name in names:
                app_permissions.define(uow, resource.id, name=name)
        roles.create_role(uow, name="reader", permissions=["notes:see", "files:see", "users:read"])
        roles.create_role(uow, name="clerk", includes=["reader"])
        group = groups.create_group(uow, name="Finance")
        rbac.assign_to_group(uow, group, "clerk")
        groups.add_member(uow, group, uow.get(User, ada.id))
    return ada


def claim(people: People, *identifiers: str) -> None:
    """Have the tokens for these APIs carry permissions."""
    with people.unit() as uow:
        uow.execute(update(ApiResource).where(ApiResource.identifier.in_(identifiers)).values(permissions_claim=True))
    clients.forget()


def give_up(people: People, ada: User) -> None:
    """She leaves the group."""
    with people.unit() as uow:
        groups.remove_member(uow, groups.get_by_name(uow, "Finance"), uow.get(User, ada.id))


def claims_of(answer: dict[str, Any]) -> dict[str, Any]:
    return jwt.decode(answer["access_token"], options={"verify_signature": False})


def of_person(browser: Browser, client: Client, **values: Any) -> dict[str, Any]:
    return claims_of(browser.tokens(*client, scope=SCOPE, **values))


def of_machine(browser: Browser, client: Client, **values: Any) -> dict[str, Any]:
    return claims_of(browser.token(*client, grant_type="client_credentials", **values).json)


def machine(people: People, **members: Any) -> Client:
    """That holds what Ada holds."""
    client, secret = people.client(type="machine", scope="notes:read files:read", **members)
    with people.unit() as uow:
        rbac.assign_to_client(uow, client, "clerk")
    clients.forget()
    return client, secret


def test_roles_by_group_and_by_inclusion_are_in_the_token(people: People, browser: Browser, ada: User) -> None:
    claims = of_person(browser, people.client(scope=SCOPE))
    assert claims["roles"] == ["clerk", "member", "reader"]
    assert "permissions" not in claims


def test_a_machines_roles_are_in_its_token(people: People, browser: Browser, ada: User) -> None:
    claims = of_machine(browser, machine(people))
    assert claims["roles"] == ["clerk", "reader"]
    assert "permissions" not in claims


@pytest.mark.parametrize("who", ["person", "machine"])
def test_a_client_that_asks_for_permissions_gets_those_of_its_audience(
    people: People, browser: Browser, ada: User, who: str
) -> None:
    """Neither those of another API nor the product's own, which are no business of either."""
    if who == "person":
        client = people.client(scope=SCOPE, permissions_claim=True)
        one, both = (of_person(browser, client, **asked) for asked in ({"resource": API}, {}))
    else:
        client = machine(people, permissions_claim=True)
        one, both = (of_machine(browser, client, **asked) for asked in ({"resource": API}, {}))
    assert one["permissions"] == ["notes:see"]
    assert both["permissions"] == ["files:see", "notes:see"]


@pytest.mark.parametrize("who", ["person", "machine"])
def test_an_api_that_asks_for_permissions_gets_its_own(people: People, browser: Browser, ada: User, who: str) -> None:
    client = people.client(scope=SCOPE) if who == "person" else machine(people)
    claim(people, FILES)
    of = of_person if who == "person" else of_machine
    assert of(browser, client)["permissions"] == ["files:see"]
    assert of(browser, client, resource=FILES)["permissions"] == ["files:see"]
    assert "permissions" not in of(browser, client, resource=API)


def test_whoever_may_nothing_there_is_told_so(people: People, browser: Browser, ada: User) -> None:
    give_up(people, ada)
    assert of_person(browser, people.client(scope=SCOPE, permissions_claim=True))["permissions"] == []


def test_a_client_of_no_api_gets_no_permissions(people: People, browser: Browser, ada: User) -> None:
    client = people.client(scope="openid email", permissions_claim=True)
    assert "permissions" not in claims_of(browser.tokens(*client, scope="openid email"))


def test_an_admin_has_what_the_tenants_apis_define(people: People, browser: Browser, ada: User) -> None:
    with people.unit() as uow:
        rbac.assign_role(uow, uow.get(User, ada.id), "admin")
    claims = of_person(browser, people.client(scope=SCOPE, permissions_claim=True), resource=API)
    assert claims["permissions"] == ["notes:burn", "notes:see"]
    assert "admin" in claims["roles"]


def test_what_is_taken_binds_at_the_next_refresh(people: People, browser: Browser, ada: User) -> None:
    client = people.client(scope=SCOPE, permissions_claim=True)
    answer = browser.tokens(*client, scope=SCOPE)
    assert claims_of(answer)["permissions"] == ["files:see", "notes:see"]
    give_up(people, ada)
    answer = browser.token(*client, grant_type="refresh_token", refresh_token=answer["refresh_token"]).json
    assert (claims_of(answer)["roles"], claims_of(answer)["permissions"]) == (["member"], [])


def test_a_role_that_is_changed_binds_at_the_next_refresh(people: People, browser: Browser, ada: User) -> None:
    client = people.client(scope=SCOPE, permissions_claim=True)
    answer = browser.tokens(*client, scope=SCOPE)
    with people.unit() as uow:
        roles.update_role(uow, rbac.get_role(uow, "reader"), permissions=["notes:burn"])
    answer = browser.token(*client, grant_type="refresh_token", refresh_token=answer["refresh_token"]).json
    assert claims_of(answer)["permissions"] == ["notes:burn"]


def test_introspection_answers_those_of_now_and_never_more(people: People, browser: Browser, ada: User) -> None:
    client = people.client(scope=SCOPE, permissions_claim=True)
    token = browser.tokens(*client, scope=SCOPE)["access_token"]
    with people.unit() as uow:
        roles.update_role(uow, rbac.get_role(uow, "reader"), permissions=["notes:see", "notes:burn"])
    found = introspect(browser, client, token)
    assert (found["roles"], found["permissions"]) == (["clerk", "member", "reader"], ["notes:see"])
    give_up(people, ada)
    found = introspect(browser, client, token)
    assert (found["roles"], found["permissions"]) == (["member"], [])


def test_introspection_answers_a_machines_of_now(people: People, browser: Browser, ada: User) -> None:
    client = machine(people, permissions_claim=True)
    token = browser.token(*client, grant_type="client_credentials").json["access_token"]
    assert introspect(browser, client, token)["permissions"] == ["files:see", "notes:see"]
    with people.unit() as uow:
        rbac.unassign_from_client(uow, client[0], "clerk")
    clients.forget()
    found = introspect(browser, client, token)
    assert (found["roles"], found["permissions"]) == ([], [])


def test_a_permission_that_its_api_takes_away_is_in_no_token(people: People, browser: Browser, ada: User) -> None:
    client = people.client(scope=SCOPE, permissions_claim=True)
    with people.unit() as uow:
        notes_id = uow.session.scalars(select(ApiResource.id).where(ApiResource.identifier == API)).one()
        app_permissions.remove(uow, notes_id, "notes:see")
    clients.forget()
    assert of_person(browser, client)["permissions"] == ["files:see"]
