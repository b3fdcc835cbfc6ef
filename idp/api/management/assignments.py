"""``users|groups|clients/{id}/roles``: who holds which role, and ``roles/{role_id}/holders`` (R48)."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from idp.api.listing import Listing
from idp.api.management.group_members import person
from idp.api.management.roles import ROLE, RolePage, describe
from idp.api.management.routes import management
from idp.api.tags import CLIENTS, GROUPS, PEOPLE
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.oauth import clients
from idp.rbac import groups, roles
from idp.rbac import service as rbac
from idp.rbac.models import ClientRole, GroupRole, Role, RoleAssignment
from idp.rbac.permissions import Permission

_BY_NAME = {"name": Order((Role.name, Role.id))}
OF_USER = Listing("user-roles", orders=_BY_NAME, default="name")
OF_GROUP = Listing("group-roles", orders=_BY_NAME, default="name")
OF_CLIENT = Listing("client-roles", orders=_BY_NAME, default="name")
_ANSWER = (200, RolePage, {"items": [ROLE], "next_cursor": None})
_DONE = (204, None, None)


@management.operation(
    "GET",
    "/users/<uuid:user_id>/roles",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    query=OF_USER.query,
    answer=_ANSWER,
    refuses=("no-such-user",),
)
def list_user_roles(uow: UnitOfWork, query: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """List the roles that somebody holds themselves.

    Those of their groups, and those that a role includes, are in `users/{user_id}/permissions`.
    """
    held = _held(RoleAssignment).where(RoleAssignment.user_id == person(uow, user_id).id)
    return _page(uow, OF_USER, held, query)


@management.operation(
    "PUT",
    "/users/<uuid:user_id>/roles/<uuid:role_id>",
    needs=Permission.ROLES_ASSIGN,
    tag=PEOPLE,
    answer=_DONE,
    refuses=("no-such-user", "no-such-role", "beyond-your-own"),
)
def assign_user_role(uow: UnitOfWork, user_id: UUID, role_id: UUID) -> None:
    """Let somebody hold a role.

    It must not permit more than whoever assigns it may do. Whoever holds it already goes on holding it.
    """
    rbac.assign_role(uow, person(uow, user_id), roles.get(uow, role_id))


@management.operation(
    "DELETE",
    "/users/<uuid:user_id>/roles/<uuid:role_id>",
    needs=Permission.ROLES_ASSIGN,
    tag=PEOPLE,
    answer=_DONE,
    refuses=("no-such-user", "no-such-role", "beyond-your-own", "last-owner"),
)
def unassign_user_role(uow: UnitOfWork, user_id: UUID, role_id: UUID) -> None:
    """Take a role from somebody.

    At this API it binds at the next call, in tokens at the next refresh. It must not permit more than whoever takes it
    may do, and the last owner stays one.
    """
    rbac.unassign_role(uow, person(uow, user_id), roles.get(uow, role_id))


@management.operation(
    "GET",
    "/groups/<uuid:group_id>/roles",
    needs=Permission.GROUPS_READ,
    tag=GROUPS,
    query=OF_GROUP.query,
    answer=_ANSWER,
    refuses=("no-such-group",),
)
def list_group_roles(uow: UnitOfWork, query: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """List the roles that a group gives its people."""
    held = _held(GroupRole).where(GroupRole.group_id == groups.get(uow, group_id).id)
    return _page(uow, OF_GROUP, held, query)


@management.operation(
    "PUT",
    "/groups/<uuid:group_id>/roles/<uuid:role_id>",
    needs=Permission.ROLES_ASSIGN,
    tag=GROUPS,
    answer=_DONE,
    refuses=("no-such-group", "no-such-role", "beyond-your-own", "owners-are-people"),
)
def assign_group_role(uow: UnitOfWork, group_id: UUID, role_id: UUID) -> None:
    """Let the people of a group hold a role.

    Every role but `owner`, which people hold one by one.
    """
    rbac.assign_to_group(uow, groups.get(uow, group_id), roles.get(uow, role_id))


@management.operation(
    "DELETE",
    "/groups/<uuid:group_id>/roles/<uuid:role_id>",
    needs=Permission.ROLES_ASSIGN,
    tag=GROUPS,
    answer=_DONE,
    refuses=("no-such-group", "no-such-role", "beyond-your-own"),
)
def unassign_group_role(uow: UnitOfWork, group_id: UUID, role_id: UUID) -> None:
    """Take a role from a group.

    Its people lose it, unless they hold it in another way.
    """
    rbac.unassign_from_group(uow, groups.get(uow, group_id), roles.get(uow, role_id))


@management.operation(
    "GET",
    "/clients/<uuid:client_id>/roles",
    needs=Permission.CLIENTS_READ,
    tag=CLIENTS,
    query=OF_CLIENT.query,
    answer=_ANSWER,
    refuses=("no-such-client",),
)
def list_client_roles(uow: UnitOfWork, query: dict[str, Any], client_id: UUID) -> dict[str, Any]:
    """List the roles that a machine client holds.

    What it may do by a token is what its roles permit and its scope names, both.
    """
    held = _held(ClientRole).where(ClientRole.client_id == clients.get(uow, client_id).id)
    return _page(uow, OF_CLIENT, held, query)


@management.operation(
    "PUT",
    "/clients/<uuid:client_id>/roles/<uuid:role_id>",
    needs=Permission.ROLES_ASSIGN,
    tag=CLIENTS,
    answer=_DONE,
    refuses=("no-such-client", "no-such-role", "beyond-your-own", "client-is-no-machine"),
)
def assign_client_role(uow: UnitOfWork, client_id: UUID, role_id: UUID) -> None:
    """Let a machine client hold a role.

    Only a client with the `client_credentials` grant acts for itself; what others may do is what their people may.
    """
    rbac.assign_to_client(uow, clients.get(uow, client_id), roles.get(uow, role_id))


@management.operation(
    "DELETE",
    "/clients/<uuid:client_id>/roles/<uuid:role_id>",
    needs=Permission.ROLES_ASSIGN,
    tag=CLIENTS,
    answer=_DONE,
    refuses=("no-such-client", "no-such-role", "beyond-your-own"),
)
def unassign_client_role(uow: UnitOfWork, client_id: UUID, role_id: UUID) -> None:
    """Take a role from a machine client.

    It binds within seconds, also for tokens that are out.
    """
    rbac.unassign_from_client(uow, clients.get(uow, client_id), roles.get(uow, role_id))


def _held(model: rbac.Assignment) -> Select[Any]:
    return select(Role).join(model, (model.tenant_id == Role.tenant_id) & (model.role_id == Role.id))


def _page(uow: UnitOfWork, listing: Listing, held: Select[Any], query: dict[str, Any]) -> dict[str, Any]:
    page = listing.page(uow, held, query)
    return listing.answer(uow, page, describe(uow, [row[0] for row in page.rows]), query)
