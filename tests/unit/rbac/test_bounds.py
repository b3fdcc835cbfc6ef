"""Nobody gives, takes or controls more than they may do themselves, here and now (R48)."""

from uuid import UUID

import pytest

from idp.actor import ActorKind
from idp.rbac import bounds, groups, roles
from idp.rbac import service as rbac
from idp.rbac.errors import BeyondYourOwn, ClientIsNoMachine, NoSuchGroup, NoSuchRole, PermissionNeeded, RoleCycle
from idp.rbac.models import Group, Role
from idp.rbac.permissions import Permission
from idp.users.models import User
from tests.factories import NOBODY, People
from tests.unit.rbac.actors import acting, make_role, roles_of, somebody

MAY = ("roles:write", "roles:assign", "groups:write", "users:read")


@pytest.fixture
def helper(people: People) -> UUID:
    return somebody(people, *MAY).id


def test_whoever_lacks_a_permission_is_told_which(people: People, helper: UUID) -> None:
    with acting(people, helper, *MAY) as uow:
        bounds.require(uow, Permission.ROLES_WRITE)
        with pytest.raises(PermissionNeeded, match="keys:write"):
            bounds.require(uow, Permission.KEYS_WRITE)
    with people.unit() as uow:
        bounds.require(uow, Permission.KEYS_WRITE)


def test_what_a_token_leaves_out_cannot_be_granted(people: People, helper: UUID) -> None:
    with acting(people, helper, "roles:write") as uow, pytest.raises(BeyondYourOwn, match="users:read"):
        roles.create_role(uow, name="reader", permissions=["users:read"])


def test_what_was_taken_since_the_token_was_read_cannot_be_granted(people: People, helper: UUID) -> None:
    """A request that waited for the one that took it, or whose body came slowly."""
    with acting(people, helper, *MAY, "keys:read") as uow, pytest.raises(BeyondYourOwn, match="keys:read"):
        roles.create_role(uow, name="reader", permissions=["keys:read"])


def test_a_machine_is_asked_the_same(people: People) -> None:
    make_role(people, "robot", *MAY)
    client = people.client(type="machine", scope="users:read")[0]
    with people.unit() as uow:
        rbac.assign_to_client(uow, client, "robot")
    with acting(people, client.id, *MAY, "keys:read", kind=ActorKind.CLIENT) as uow:
        roles.create_role(uow, name="reader", permissions=["users:read"])
        with pytest.raises(BeyondYourOwn):
            roles.create_role(uow, name="more", permissions=["keys:read"])


def test_an_operator_who_is_nobody_here_has_what_they_came_with(people: People) -> None:
    with acting(people, NOBODY, "users:read") as uow:
        bounds.require_grantable(uow, ["users:read"])
        with pytest.raises(BeyondYourOwn):
            bounds.require_grantable(uow, ["keys:read"])


def test_a_role_grows_only_as_far_as_whoever_changes_it(people: People, helper: UUID) -> None:
    reader = make_role(people, "reader", "users:read")
    make_role(people, "keeper", "keys:write")
    for changes in ({"permissions": ["users:read", "keys:read"]}, {"includes": ["keeper"]}, {"includes": ["admin"]}):
        with acting(people, helper, *MAY) as uow, pytest.raises(BeyondYourOwn):
            roles.update_role(uow, uow.get(Role, reader), **changes)
    with acting(people, helper, *MAY) as uow:
        roles.update_role(uow, uow.get(Role, reader), permissions=["users:read", "roles:write"])


def test_a_role_that_permits_more_is_left_alone(people: People, helper: UUID) -> None:
    """Also when it does so by what it includes; to make it less is to take."""
    make_role(people, "keeper", "keys:write")
    chief = make_role(people, "chief", "users:read", includes=("keeper",))
    for changes in ({"permissions": []}, {"includes": []}, {"name": "nobody"}, {"description": "x"}):
        with acting(people, helper, *MAY) as uow, pytest.raises(BeyondYourOwn):
            roles.update_role(uow, uow.get(Role, chief), **changes)
    with acting(people, helper, *MAY) as uow, pytest.raises(BeyondYourOwn):
        roles.delete_role(uow, uow.get(Role, chief))


def test_a_group_passes_on_only_what_one_has(people: People, helper: UUID) -> None:
    make_role(people, "keeper", "keys:write")
    with people.unit() as uow:
        group = groups.create_group(uow, name="Keepers")
        rbac.assign_to_group(uow, group, "keeper")
    for act in (
        lambda uow, row: groups.add_member(uow, row, uow.get(User, helper)),
        lambda uow, row: groups.remove_member(uow, row, uow.get(User, helper)),
        lambda uow, row: groups.update_group(uow, row, name="Nobody"),
        groups.delete_group,
        lambda uow, row: rbac.assign_to_group(uow, row, "admin"),
        lambda uow, row: rbac.unassign_from_group(uow, row, "keeper"),
    ):
        with acting(people, helper, *MAY) as uow, pytest.raises(BeyondYourOwn):
            act(uow, uow.get(Group, group.id))
    assert "keeper" not in roles_of(people, helper)


def test_whoever_may_do_more_is_out_of_reach_and_so_is_oneself_by_a_token_with_less(
    people: People, helper: UUID
) -> None:
    above, beside = people.user(roles=("admin",)), somebody(people, "users:read")
    with acting(people, helper, *MAY) as uow:
        bounds.require_over_user(uow, beside.id)
        bounds.require_over_user(uow, helper)
        with pytest.raises(BeyondYourOwn):
            bounds.require_over_user(uow, above.id)
    with acting(people, helper, "users:read") as uow, pytest.raises(BeyondYourOwn):
        bounds.require_over_user(uow, helper)


def test_machines_that_may_do_more_are_out_of_reach(people: People, helper: UUID) -> None:
    client = people.client(type="machine", scope="users:read")[0]
    with people.unit() as uow:
        rbac.assign_to_client(uow, client, "admin")
    with acting(people, helper, *MAY) as uow, pytest.raises(BeyondYourOwn):
        bounds.require_over_client(uow, client.id)
    with acting(people, client.id, "users:read", kind=ActorKind.CLIENT) as uow, pytest.raises(BeyondYourOwn):
        bounds.require_over_client(uow, client.id)


def test_only_a_client_that_acts_for_itself_holds_a_role(people: People) -> None:
    app = people.client()[0]
    with people.unit() as uow, pytest.raises(ClientIsNoMachine):
        rbac.assign_to_client(uow, app, "member")
    with people.unit() as uow:
        assert not rbac.unassign_from_client(uow, app, "member")


def test_no_role_includes_itself_by_any_way(people: People) -> None:
    one = make_role(people, "one")
    make_role(people, "two", includes=("one",))
    make_role(people, "three", includes=("two",))
    for name in ("one", "two", "three"):
        with people.unit() as uow, pytest.raises(RoleCycle):
            roles.update_role(uow, uow.get(Role, one), includes=[name])


def test_what_somebody_deleted_meanwhile_is_gone(people: People) -> None:
    reader = make_role(people, "reader")
    with people.unit() as uow:
        group = groups.create_group(uow, name="Finance")
    with people.unit() as late:
        role, finance = late.get(Role, reader), late.get(Group, group.id)
        with people.unit() as uow:
            roles.delete_role(uow, uow.get(Role, reader))
            groups.delete_group(uow, uow.get(Group, group.id))
        user = people.user()
        for act, missing in (
            (lambda: roles.update_role(late, role, description="x"), NoSuchRole),
            (lambda: roles.delete_role(late, role), NoSuchRole),
            (lambda: rbac.assign_role(late, user, role), NoSuchRole),
            (lambda: groups.update_group(late, finance, name="x"), NoSuchGroup),
            (lambda: groups.add_member(late, finance, user), NoSuchGroup),
        ):
            with pytest.raises(missing):
                act()
