"""What somebody may do, all told, and why: own roles, groups, inclusions, whatever the graph looks like."""

import time
from itertools import pairwise
from uuid import UUID

import pytest

from idp.rbac import app_permissions, effective, explanation, groups, permissions, roles
from idp.rbac import service as rbac
from idp.rbac.effective import Rights
from idp.rbac.explanation import Reason
from idp.users.models import User
from tests.factories import People
from tests.unit.rbac.actors import make_role


def put_into_group(people: People, user_id: UUID, *names: str, group: str = "Finance") -> None:
    with people.unit() as uow:
        row = groups.create_group(uow, name=group)
        for name in names:
            rbac.assign_to_group(uow, row, name)
        groups.add_member(uow, row, uow.get(User, user_id))


def of_user(people: People, user_id: UUID) -> Rights:
    with people.unit() as uow:
        return effective.of_user(uow, user_id)


def test_own_roles_those_of_groups_and_included_ones_add_up(people: People) -> None:
    make_role(people, "bottom", "users:read")
    make_role(people, "middle", "keys:read", includes=("bottom",))
    make_role(people, "top", includes=("middle",))
    make_role(people, "own", "mail:read")
    ada = people.user(roles=("own",))
    put_into_group(people, ada.id, "top")
    found = of_user(people, ada.id)
    assert found.roles == ("bottom", "middle", "own", "top")
    assert found.permissions == {"users:read", "keys:read", "mail:read"}


def test_a_role_that_is_reached_in_many_ways_counts_once(people: People) -> None:
    make_role(people, "bottom", "users:read")
    for name in ("left", "right"):
        make_role(people, name, includes=("bottom",))
    make_role(people, "top", includes=("left", "right", "bottom"))
    ada = people.user(roles=("top", "bottom"))
    put_into_group(people, ada.id, "left", "bottom")
    assert of_user(people, ada.id).roles == ("bottom", "left", "right", "top")


def test_nobody_and_somebody_without_roles_may_nothing(people: People, others: People) -> None:
    stranger = others.user(roles=("owner",))
    for user_id in (people.user().id, stranger.id):
        assert of_user(people, user_id) == Rights()


def test_what_built_in_roles_permit_depends_on_the_tenant() -> None:
    owner, admin = (permissions.of_builtin(name, "acme") for name in ("owner", "admin"))
    assert owner == permissions.catalogue("acme") | {"*"}
    assert admin == owner - permissions.OWNER_ONLY
    assert not owner & permissions.PLATFORM
    assert permissions.of_builtin("owner", "system") >= permissions.PLATFORM
    assert permissions.of_builtin("admin", "system") & permissions.OWNER_ONLY == frozenset()
    assert permissions.of_builtin("member", "system") == frozenset()


@pytest.mark.parametrize(
    ("wanted", "held", "missing"),
    [
        (["users:read"], ["users:read"], []),
        (["users:read", "keys:read"], ["users:read"], ["keys:read"]),
        (["users:read"], ["*"], ["users:read"]),
        (["tenants:act"], ["*"], ["tenants:act"]),
        (["invoices:see"], ["*"], []),
        (["invoices:see"], ["users:read"], ["invoices:see"]),
        (["*"], ["invoices:see", "users:read"], ["*"]),
        (["*"], ["*"], []),
        ([], [], []),
    ],
)
def test_the_star_covers_what_apps_define_and_nothing_of_ours(
    wanted: list[str], held: list[str], missing: list[str]
) -> None:
    assert permissions.lacking(wanted, held) == missing


def test_the_star_permits_what_is_defined_later(people: People) -> None:
    ada = people.user(roles=("admin",))
    resource = people.resource()
    with people.unit() as uow:
        app_permissions.define(uow, resource.id, name="invoices:see")
    found = of_user(people, ada.id)
    assert "invoices:see" not in found.permissions
    assert found.among(["invoices:see"]) == ["invoices:see"]
    assert Rights(permissions=frozenset({"a:b"})).among(["invoices:see", "a:b"]) == ["a:b"]


def test_a_graph_with_a_million_million_ways_is_walked_at_once(people: People) -> None:
    """Twelve layers of ten roles, each of which includes the whole layer below."""
    layers = [[f"r{layer}-{number}" for number in range(10)] for layer in range(12)]
    with people.unit() as uow:
        for name in layers[0]:
            roles.create_role(uow, name=name, permissions=["users:read"])
        for below, layer in pairwise(layers):
            for name in layer:
                roles.create_role(uow, name=name, includes=below)
    ada = people.user(roles=(layers[-1][0],))
    begun = time.monotonic()
    assert len(of_user(people, ada.id).roles) == 11 * 10 + 1
    with people.unit() as uow:
        (reasons,) = explanation.of_user(uow, ada.id).values()
    assert len(reasons) == 10
    assert {len(reason.path) for reason in reasons} == {12}
    assert time.monotonic() - begun < 5


def test_every_way_is_told_by_its_shortest_path(people: People) -> None:
    make_role(people, "bottom", "users:read")
    make_role(people, "middle", "keys:read", includes=("bottom",))
    make_role(people, "top", includes=("middle", "bottom"))
    ada = people.user(roles=("bottom",))
    put_into_group(people, ada.id, "top", group="Finance")
    put_into_group(people, ada.id, "middle", group="Audit")
    with people.unit() as uow:
        told = explanation.of_user(uow, ada.id)
    assert list(told) == ["keys:read", "users:read"]
    assert told["keys:read"] == [Reason(("middle",), "Audit"), Reason(("top", "middle"), "Finance")]
    assert told["users:read"] == [
        Reason(("bottom",)),
        Reason(("middle", "bottom"), "Audit"),
        Reason(("top", "bottom"), "Finance"),
    ]


def test_what_is_told_is_what_holds(people: People) -> None:
    make_role(people, "support", "users:read", includes=("admin",))
    client = people.client(type="machine", scope="users:read")[0]
    ada = people.user(roles=("member",))
    put_into_group(people, ada.id, "support")
    with people.unit() as uow:
        rbac.assign_to_client(uow, client, "support")
        assert explanation.of_user(uow, ada.id).keys() == effective.of_user(uow, ada.id).permissions
        assert explanation.of_client(uow, client.id).keys() == effective.of_client(uow, client.id).permissions
