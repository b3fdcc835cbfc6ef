"""``resources/{resource_id}/permissions``: what can be permitted at one of the tenant's own APIs."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api.fields import shown
from idp.api.listing import Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import RESOURCES
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.oauth import resources
from idp.rbac import app_permissions, bounds
from idp.rbac.models import AppPermission
from idp.rbac.permissions import Permission

PERMISSION = {"name": "invoices:approve", "description": "Approve invoices."}


class DefinePermission(Body):
    """What a permission means."""

    description = fields.String(
        load_default="", validate=validate.Length(max=500), metadata={"description": "For people."}
    )


class ResourcePermission(Body):
    """Something that can be permitted at this API."""

    name = shown("`resource:action`, unique in the tenant; for roles, and for the claim `permissions`.")
    description = shown("For people.")


LISTING = Listing("resource-permissions", orders={"name": Order((AppPermission.name,))}, default="name")


@management.operation(
    "GET",
    "/resources/<uuid:resource_id>/permissions",
    needs=Permission.RESOURCES_READ,
    tag=RESOURCES,
    query=LISTING.query,
    answer=(200, listed(ResourcePermission), {"items": [PERMISSION], "next_cursor": None}),
    refuses=("no-such-resource",),
)
def list_resource_permissions(uow: UnitOfWork, query: dict[str, Any], resource_id: UUID) -> dict[str, Any]:
    """List the permissions of an API.

    `GET permissions` lists those of every API, and the product's own.
    """
    row = resources.get(uow, resource_id)
    page = LISTING.page(uow, select(AppPermission).where(AppPermission.resource_id == row.id), query)
    return LISTING.answer(uow, page, [describe_permission(found[0]) for found in page.rows], query)


@management.operation(
    "PUT",
    "/resources/<uuid:resource_id>/permissions/<permission>",
    needs=Permission.RESOURCES_WRITE,
    tag=RESOURCES,
    body=(DefinePermission, {"description": "Approve invoices."}),
    answer=(200, ResourcePermission, PERMISSION),
    refuses=("no-such-resource", "permission-invalid", "permission-taken", "too-many-of-them"),
)
def define_permission(uow: UnitOfWork, sent: dict[str, Any], resource_id: UUID, permission: str) -> dict[str, Any]:
    """Define a permission.

    Of an API of yours: `resource:action`, such as `invoices:approve`. One that is there is described anew.
    """
    bounds.take_turn(uow)
    row = resources.get(uow, resource_id)
    return describe_permission(app_permissions.define(uow, row.id, name=permission, description=sent["description"]))


@management.operation(
    "DELETE",
    "/resources/<uuid:resource_id>/permissions/<permission>",
    needs=Permission.RESOURCES_WRITE,
    tag=RESOURCES,
    answer=(204, None, None),
    refuses=("no-such-resource", "no-such-permission"),
)
def remove_permission(uow: UnitOfWork, resource_id: UUID, permission: str) -> None:
    """Take a permission away.

    From every role too.
    """
    bounds.take_turn(uow)
    app_permissions.remove(uow, resources.get(uow, resource_id).id, permission)


def describe_permission(row: AppPermission) -> dict[str, Any]:
    """A permission of an API, as the API shows it."""
    return {"name": row.name, "description": row.description}
