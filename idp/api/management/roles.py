"""``roles``: what can be held, made by the product and by the tenant (R48)."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api import etags
from idp.api.fields import moment, require_plain, shown, text
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import ROLES
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.rbac import roles
from idp.rbac.models import Role
from idp.rbac.permissions import Permission

_NAME = r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"
_PERMISSIONS = "Names of the product's permissions, and of those that the tenant's APIs define."
_INCLUDES = "Names of roles that whoever holds this one holds too."

CREATE = {
    "name": "billing",
    "description": "Sees people, approves invoices.",
    "permissions": ["users:read"],
    "includes": ["member"],
}
ROLE = {
    "id": "01981a4e-aa10-7d3b-9a6f-4f0c7d1e2b30",
    **CREATE,
    "is_builtin": False,
    "created_at": "2026-11-24T09:12:00.250000+00:00",
    "updated_at": "2026-11-24T09:12:00.250000+00:00",
}


def _names(description: str, longest: int, *, required: bool = False) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=[validate.Length(1, 101), require_plain]),
        required=required,
        validate=validate.Length(max=longest),
        metadata={"description": description},
    )


class ChangeRole(Body):
    """Changes of a role; members that are left out stay."""

    name = text("Unique in the tenant.", longest=64, pattern=_NAME)
    description = fields.String(validate=validate.Length(max=500), metadata={"description": "For people."})
    permissions = _names(_PERMISSIONS, roles.MAX_PERMISSIONS)
    includes = _names(_INCLUDES, roles.MAX_INCLUDED)


class CreateRole(ChangeRole):
    """A role to make."""

    name = text("Unique in the tenant.", longest=64, required=True, pattern=_NAME)


class RoleOut(Body):
    """A role."""

    id = shown("For `roles/{role_id}`.")
    name = shown("As it stands in tokens.")
    description = shown("For people.")
    is_builtin = fields.Boolean(required=True, metadata={"description": "Whether the product made it."})
    permissions = _names(_PERMISSIONS, 1_000, required=True)
    includes = _names(_INCLUDES, roles.MAX_INCLUDED, required=True)
    created_at = moment("When it was made.")
    updated_at = moment("When it changed last.")


RolePage = listed(RoleOut)
LISTING = Listing(
    "roles",
    orders={"name": Order((Role.name, Role.id)), "created_at": Order((Role.id,))},
    default="name",
    filters={"name": Filter(text("Exactly this one.", longest=64), lambda name: Role.name == name)},
)
_FAULTS = ("role-invalid", "role-name-taken", "no-such-role", "owners-are-people", "beyond-your-own")


@management.operation(
    "GET",
    "/roles",
    needs=Permission.ROLES_READ,
    tag=ROLES,
    query=LISTING.query,
    answer=(200, RolePage, {"items": [ROLE], "next_cursor": None}),
)
def list_roles(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List roles.

    Built-in ones are among them: `owner` may do everything, `admin` everything but what only owners may, `member`
    nothing but be one.
    """
    page = LISTING.page(uow, select(Role), query)
    return LISTING.answer(uow, page, describe(uow, [row[0] for row in page.rows]), query)


@management.operation(
    "POST",
    "/roles",
    needs=Permission.ROLES_WRITE,
    tag=ROLES,
    body=(CreateRole, CREATE),
    answer=(201, RoleOut, ROLE),
    refuses=(*_FAULTS, "role-cycle", "too-many-of-them"),
    etag=True,
)
def create_role(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Make a role.

    It permits what it lists and what the roles that it includes permit. Nobody can make one that permits more than
    they may do themselves.
    """
    return _one(uow, roles.create_role(uow, **sent))


@management.operation(
    "GET",
    "/roles/<uuid:role_id>",
    needs=Permission.ROLES_READ,
    tag=ROLES,
    answer=(200, RoleOut, ROLE),
    refuses=("no-such-role",),
    etag=True,
)
def get_role(uow: UnitOfWork, role_id: UUID) -> dict[str, Any]:
    """Show a role."""
    return _one(uow, roles.get(uow, role_id))


@management.operation(
    "PATCH",
    "/roles/<uuid:role_id>",
    needs=Permission.ROLES_WRITE,
    tag=ROLES,
    body=(ChangeRole, {"permissions": ["users:read", "groups:read"]}),
    answer=(200, RoleOut, ROLE | {"permissions": ["groups:read", "users:read"]}),
    refuses=(*_FAULTS, "role-cycle", "role-is-built-in"),
    etag=True,
)
def change_role(uow: UnitOfWork, sent: dict[str, Any], role_id: UUID) -> dict[str, Any]:
    """Change a role.

    Lists are replaced as a whole. What changes binds at the next use of whatever the holders have; access tokens that
    are checked offline live out their minutes.
    """
    role = roles.get_to_change(uow, role_id)
    etags.require_match(_one(uow, role))
    return _one(uow, roles.update_role(uow, role, **sent))


@management.operation(
    "DELETE",
    "/roles/<uuid:role_id>",
    needs=Permission.ROLES_WRITE,
    tag=ROLES,
    answer=(204, None, None),
    refuses=("no-such-role", "role-is-built-in", "beyond-your-own"),
    etag=True,
)
def delete_role(uow: UnitOfWork, role_id: UUID) -> None:
    """Delete a role.

    Whoever holds it holds it no more.
    """
    role = roles.get_to_change(uow, role_id)
    etags.require_match(_one(uow, role))
    roles.delete_role(uow, role)


def describe(uow: UnitOfWork, rows: Collection[Role]) -> Sequence[dict[str, Any]]:
    """Roles as the API shows them."""
    included = roles.included_by(uow, [row.id for row in rows])
    return [
        {
            "id": str(row.id),
            "name": row.name,
            "description": row.description,
            "is_builtin": row.is_builtin,
            "permissions": roles.permissions_of(uow, row),
            "includes": included[row.id],
            "created_at": row.created_at.isoformat(),
            "updated_at": row.updated_at.isoformat(),
        }
        for row in rows
    ]


def _one(uow: UnitOfWork, role: Role) -> dict[str, Any]:
    uow.flush()
    uow.session.refresh(role)
    return describe(uow, [role])[0]
