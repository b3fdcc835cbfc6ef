"""Permissions of the tenant's own APIs: defined, taken away, and never somebody's by an old name."""

import pytest

from idp.oauth import resources
from idp.rbac import app_permissions
from idp.rbac import service as rbac
from idp.rbac.errors import NoSuchPermission, PermissionInvalid, PermissionTaken, RoleInvalid
from tests.factories import API, People
from tests.unit.rbac.actors import make_role

SEE = "invoices:see"


def permitted(people: People, name: str) -> list[str]:
    with people.unit() as uow:
        return list(rbac.get_role(uow, name).permissions)


@pytest.mark.parametrize("name", ["", "x", "*", "a:b:c", "A:b", "users:", "-a:b", "a b:c", "x" * 51 + ":a", "a:b\n"])
def test_a_permission_is_a_resource_and_an_action(people: People, name: str) -> None:
    resource = people.resource()
    with people.unit() as uow, pytest.raises(PermissionInvalid):
        app_permissions.define(uow, resource.id, name=name)


def test_a_name_is_ours_or_one_apis(people: People) -> None:
    one, two = people.resource(), people.resource("https://two.example.com", ("two:read",))
    with people.unit() as uow:
        app_permissions.define(uow, one.id, name=SEE)
        app_permissions.define(uow, one.id, name=SEE, description="Again.")
        for resource_id, name in ((two.id, SEE), (two.id, "users:read"), (two.id, "tenants:act")):
            with pytest.raises(PermissionTaken):
                app_permissions.define(uow, resource_id, name=name)
        assert [row.description for row in app_permissions.list_of(uow, [one.id])] == ["Again."]


def test_a_role_permits_what_is_defined_and_neither_a_star_nor_what_operators_may(people: People) -> None:
    for name in (SEE, "*", "tenants:act", "fleet:read"):
        with pytest.raises(RoleInvalid):
            make_role(people, "clerk", name)


def test_what_is_taken_away_is_taken_from_roles(people: People) -> None:
    resource = people.resource()
    with people.unit() as uow:
        app_permissions.define(uow, resource.id, name=SEE)
    make_role(people, "clerk", SEE, "users:read")
    with people.unit() as uow:
        app_permissions.remove(uow, resource.id, SEE)
        with pytest.raises(NoSuchPermission):
            app_permissions.remove(uow, resource.id, SEE)
    assert permitted(people, "clerk") == ["users:read"]


def test_the_next_api_with_the_same_name_finds_nobody_who_has_it(people: People) -> None:
    resource = people.resource()
    with people.unit() as uow:
        app_permissions.define(uow, resource.id, name=SEE)
    make_role(people, "clerk", SEE)
    with people.unit() as uow:
        resources.remove(uow, resources.get_by_identifier(uow, API))
    assert permitted(people, "clerk") == []
    again = people.resource()
    with people.unit() as uow:
        app_permissions.define(uow, again.id, name=SEE)
    assert permitted(people, "clerk") == []
