"""How to feed what the management API says of roles, groups and permissions; see `tests.isolation.routes`."""

from collections.abc import Callable
from functools import cache
from typing import Any
from uuid import UUID

from idp.rbac import app_permissions, groups, roles
from idp.rbac import service as rbac
from idp.rbac.models import Group, Role
from tests.isolation.routes import Call, feeds, is_status, says
from tests.isolation.world import World

GONE = is_status(204)


@cache
def role(owner: World) -> Role:
    """A role that nobody else's is called like."""
    with owner.people.unit() as uow:
        return roles.create_role(uow, name=f"clerk-of-{owner.name}", permissions=["users:read"])


@cache
def group(owner: World) -> Group:
    """With its person in it, and a role."""
    with owner.people.unit() as uow:
        row = groups.create_group(uow, name=f"Clerks of {owner.name}")
        groups.add_member(uow, row, uow.get(type(owner.user), owner.user.id))
        rbac.assign_to_group(uow, row, "admin")
        return row


@cache
def held(owner: World) -> UUID:
    """A role that everybody holds who can."""
    row, of_group = role(owner), group(owner)
    with owner.people.unit() as uow:
        rbac.assign_role(uow, uow.get(type(owner.user), owner.user.id), row)
        rbac.assign_to_group(uow, uow.get(Group, of_group.id), row)
        rbac.assign_to_client(uow, uow.get(type(owner.machine), owner.machine.id), row)
    return row.id


def call(caller: World, did_it: Any, *, query: Any = None, json: Any = None, **path: UUID) -> Call:
    """A request by the caller's owner."""
    return Call(
        did_it,
        query=query or {},
        json=json,
        path={name: str(value) for name, value in path.items()},
        headers={"Authorization": f"Bearer {caller.management_token}"},
    )


@feeds("management.get_principal", "GET")
def principal(owner: World, caller: World) -> Call:
    """The caller is whose token it is."""
    return call(owner, is_status(200))


@feeds("management.list_roles", "GET")
def listed_roles(owner: World, caller: World) -> Call:
    return call(caller, says(role(owner).name))


@feeds("management.create_role", "POST")
def created_role(owner: World, caller: World) -> Call:
    return call(caller, is_status(201), json={"name": "included", "includes": [role(owner).name]})


@feeds("management.get_role", "GET")
def shown_role(owner: World, caller: World) -> Call:
    return call(caller, is_status(200), role_id=role(owner).id)


@feeds("management.change_role", "PATCH")
def changed_role(owner: World, caller: World) -> Call:
    return call(caller, is_status(200), json={"description": "Changed."}, role_id=role(owner).id)


@feeds("management.delete_role", "DELETE")
def deleted_role(owner: World, caller: World) -> Call:
    return call(caller, GONE, role_id=role(owner).id)


@feeds("management.list_role_holders", "GET")
def role_holders(owner: World, caller: World) -> Call:
    return call(caller, says(owner.email), query={"kind": "user"}, role_id=held(owner))


@feeds("management.list_permissions", "GET")
def listed_permissions(owner: World, caller: World) -> Call:
    with owner.people.unit() as uow:
        app_permissions.define(uow, owner.resource_id, name=f"{owner.name}:sing")
    return call(caller, says(f"{owner.name}:sing"), query={"limit": "200"})


@feeds("management.list_groups", "GET")
def listed_groups(owner: World, caller: World) -> Call:
    return call(caller, says(group(owner).name))


@feeds("management.create_group", "POST")
def created_group(owner: World, caller: World) -> Call:
    """A name is no secret: whoever asks next door makes one there, by their own token."""
    return call(owner, is_status(201), json={"name": "Anybody"})


@feeds("management.get_group", "GET")
def shown_group(owner: World, caller: World) -> Call:
    return call(caller, is_status(200), group_id=group(owner).id)


@feeds("management.change_group", "PATCH")
def changed_group(owner: World, caller: World) -> Call:
    return call(caller, is_status(200), json={"description": "Changed."}, group_id=group(owner).id)


@feeds("management.delete_group", "DELETE")
def deleted_group(owner: World, caller: World) -> Call:
    return call(caller, GONE, group_id=group(owner).id)


@feeds("management.list_group_members", "GET")
def group_members(owner: World, caller: World) -> Call:
    return call(caller, says(owner.email), group_id=group(owner).id)


@feeds("management.add_group_member", "PUT")
def added_member(owner: World, caller: World) -> Call:
    return call(caller, GONE, group_id=group(owner).id, user_id=owner.user.id)


@feeds("management.add_group_member", "PUT")
def added_stranger(owner: World, caller: World) -> Call:
    """A group of one's own, and somebody else's person."""
    return call(caller, GONE, group_id=group(caller).id, user_id=owner.user.id)


@feeds("management.remove_group_member", "DELETE")
def removed_member(owner: World, caller: World) -> Call:
    return call(caller, GONE, group_id=group(owner).id, user_id=owner.user.id)


@feeds("management.list_user_groups", "GET")
def groups_of_user(owner: World, caller: World) -> Call:
    return call(caller, says(group(owner).name), user_id=owner.user.id)


@feeds("management.explain_user_permissions", "GET")
def explained_user(owner: World, caller: World) -> Call:
    return call(caller, says(group(owner).name), user_id=owner.user.id)


@feeds("management.explain_client_permissions", "GET")
def explained_client(owner: World, caller: World) -> Call:
    held(owner)
    return call(caller, says(f"clerk-of-{owner.name}"), client_id=owner.machine.id)


HOLDERS: dict[str, Callable[[World], UUID]] = {
    "user": lambda world: world.user.id,
    "group": lambda world: group(world).id,
    "client": lambda world: world.machine.id,
}


def feed_assignments(kind: str) -> None:
    """The same verbs for each kind of holder, by the owner's and by the caller's own."""

    def of(world: World) -> dict[str, UUID]:
        return {f"{kind}_id": HOLDERS[kind](world)}

    @feeds(f"management.list_{kind}_roles", "GET")
    def listed(owner: World, caller: World) -> Call:
        held(owner)
        return call(caller, says(role(owner).name), **of(owner))

    @feeds(f"management.assign_{kind}_role", "PUT")
    @feeds(f"management.unassign_{kind}_role", "DELETE")
    def of_owner(owner: World, caller: World) -> Call:
        return call(caller, GONE, role_id=role(owner).id, **of(owner))

    @feeds(f"management.assign_{kind}_role", "PUT")
    @feeds(f"management.unassign_{kind}_role", "DELETE")
    def foreign_role(owner: World, caller: World) -> Call:
        return call(caller, GONE, role_id=role(owner).id, **of(caller))


for each in HOLDERS:
    feed_assignments(each)
