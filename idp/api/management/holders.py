"""``roles/{role_id}/holders``: who holds a role, one kind of holder at a time."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api.fields import moment, shown
from idp.api.listing import Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import ROLES
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.oauth.models import Client
from idp.rbac import roles
from idp.rbac.models import ClientRole, Group, GroupRole, RoleAssignment
from idp.rbac.permissions import Permission
from idp.users.models import UserEmail

KINDS = ("user", "group", "client")
HOLDER = {
    "kind": "user",
    "id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "name": "ida@acme.example",
    "assigned_at": "2026-11-24T09:12:00.250000+00:00",
}
_OF_KIND = {
    kind: Listing(f"{kind}-holders", orders={"id": Order((column,), twins=(twin,))}, default="id")
    for kind, column, twin in (
        ("user", RoleAssignment.user_id, UserEmail.user_id),
        ("group", GroupRole.group_id, Group.id),
        ("client", ClientRole.client_id, Client.id),
    )
}


class HoldersQuery(_OF_KIND["user"].query):  # type: ignore[misc]
    """Whom to list."""

    kind = fields.String(
        required=True, validate=validate.OneOf(KINDS), metadata={"description": "Which kind of holder."}
    )


class HolderOut(Body):
    """Whoever holds a role."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    id = shown("For `users/{user_id}`, `groups/{group_id}` or `clients/{client_id}`.")
    name = shown("A person's email address, a group's or a client's name.")
    assigned_at = moment("Since when.")


@management.operation(
    "GET",
    "/roles/<uuid:role_id>/holders",
    needs=Permission.ROLES_READ,
    tag=ROLES,
    query=HoldersQuery,
    answer=(200, listed(HolderOut), {"items": [HOLDER], "next_cursor": None}),
    refuses=("no-such-role",),
)
def list_role_holders(uow: UnitOfWork, query: dict[str, Any], role_id: UUID) -> dict[str, Any]:
    """List who holds a role.

    People who hold it themselves, groups whose people hold it, or machine clients, as `kind` says. Whoever holds
    another role that includes it is not among them.
    """
    kind = query["kind"]
    listing = _OF_KIND[kind]
    page = listing.page(uow, _holders(kind, roles.get(uow, role_id).id), query)
    rows: Any = page.rows
    holders = [{"kind": kind, "id": str(row[0]), "name": row[1], "assigned_at": row[2].isoformat()} for row in rows]
    return listing.answer(uow, page, holders, query)


def _holders(kind: str, role_id: UUID) -> Any:
    """A statement for id, name and time of each."""
    match kind:
        case "user":
            same = (UserEmail.tenant_id == RoleAssignment.tenant_id) & (UserEmail.user_id == RoleAssignment.user_id)
            return (
                select(RoleAssignment.user_id, UserEmail.address, RoleAssignment.assigned_at)
                .join(UserEmail, same)
                .where(RoleAssignment.role_id == role_id, UserEmail.is_primary)
            )
        case "group":
            same = (Group.tenant_id == GroupRole.tenant_id) & (Group.id == GroupRole.group_id)
            return (
                select(GroupRole.group_id, Group.name, GroupRole.assigned_at)
                .join(Group, same)
                .where(GroupRole.role_id == role_id)
            )
        case _:
            same = (Client.tenant_id == ClientRole.tenant_id) & (Client.id == ClientRole.client_id)
            return (
                select(ClientRole.client_id, Client.name, ClientRole.assigned_at)
                .join(Client, same)
                .where(ClientRole.role_id == role_id)
            )
