"""What can be permitted, and why somebody may do what they may, by the management API."""

from typing import Any
from uuid import UUID

from idp.rbac import app_permissions, groups, roles
from idp.rbac import service as rbac
from idp.rbac.permissions import DESCRIPTIONS, catalogue
from tests.api.management.callers import Caller
from tests.factories import API, NOBODY, People


def every(caller: Caller, path: str) -> list[dict[str, Any]]:
    """The items of all pages."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = caller.get(f"{path}{cursor}").json
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = f"&cursor={page['next_cursor']}"


def define(people: People, *names: str, identifier: str = API, scope: tuple[str, ...] = ("notes:read",)) -> UUID:
    resource_id: UUID = people.resource(identifier, scope).id
    with people.unit() as uow:
        for name in names:
            app_permissions.define(uow, resource_id, name=name, description=f"May {name}.")
    return resource_id


def test_the_catalogue_is_ours_and_that_of_the_tenants_apis(admin: Caller, people: People, others: People) -> None:
    define(people, "invoices:approve", "invoices:see")
    define(others, "secret:thing")
    listed = every(admin, "/permissions?limit=7")
    names = [item["name"] for item in listed]
    assert len(names) == len(set(names))
    assert set(names) == catalogue(people.tenant.slug) | {"invoices:approve", "invoices:see"}
    by_name = {item["name"]: item for item in listed}
    assert by_name["invoices:see"] == {"name": "invoices:see", "description": "May invoices:see.", "resource": API}
    assert by_name["users:read"]["resource"] is None
    assert by_name["users:read"]["description"] == DESCRIPTIONS["users:read"]  # type: ignore[index]
    assert every(admin, "/permissions?limit=7&sort=-name") == listed[::-1]


def test_the_catalogue_of_one_api(admin: Caller, people: People) -> None:
    define(people, "invoices:approve")
    define(people, "files:see", identifier="https://files.example.com", scope=("files:read",))
    listed = every(admin, f"/permissions?filter[resource]={API}")
    assert [item["name"] for item in listed] == ["invoices:approve"]
    assert every(admin, "/permissions?filter[resource]=https://nothing.example.com") == []


def test_what_somebody_may_do_is_explained(admin: Caller, people: People) -> None:
    ada = people.user(roles=("member",))
    with people.unit() as uow:
        roles.create_role(uow, name="reader", permissions=["users:read"])
        roles.create_role(uow, name="support", permissions=["sessions:read"], includes=["reader"])
        rbac.assign_role(uow, ada, "reader")
        desk = groups.create_group(uow, name="Help desk")
        rbac.assign_to_group(uow, desk, "support")
        groups.add_member(uow, desk, ada)
    assert admin.get(f"/users/{ada.id}/permissions").json["items"] == [
        {"permission": "sessions:read", "because": [{"path": ["support"], "group": "Help desk"}]},
        {
            "permission": "users:read",
            "because": [{"path": ["reader"], "group": None}, {"path": ["support", "reader"], "group": "Help desk"}],
        },
    ]


def test_whoever_may_do_everything_with_the_tenants_apis_has_a_star(admin: Caller) -> None:
    items = admin.get(f"/users/{admin.id}/permissions").json["items"]
    assert items[0] == {"permission": "*", "because": [{"path": ["admin"], "group": None}]}


def test_what_a_machine_may_do_is_explained_whatever_its_scope(admin: Caller, people: People) -> None:
    client = people.client(type="machine", scope="keys:read")[0]
    with people.unit() as uow:
        roles.create_role(uow, name="reader", permissions=["users:read"])
        roles.create_role(uow, name="robot", includes=["reader"])
        rbac.assign_to_client(uow, client, "robot")
    assert admin.get(f"/clients/{client.id}/permissions").json["items"] == [
        {"permission": "users:read", "because": [{"path": ["robot", "reader"], "group": None}]}
    ]


def test_nobody_is_explained(admin: Caller, others: People) -> None:
    for path in (f"/users/{NOBODY}", f"/users/{others.user().id}"):
        assert admin.get(f"{path}/permissions").json["code"] == "no-such-user"
    for path in (f"/clients/{NOBODY}", f"/clients/{others.client()[0].id}"):
        assert admin.get(f"{path}/permissions").json["code"] == "no-such-client"
