"""``resources``: the tenant's own APIs, their scopes and their permissions (RFC 8707)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api import etags
from idp.api.fields import flag, moment, shown, text
from idp.api.listing import Filter, Listing
from idp.api.management.resource_permissions import PERMISSION, ResourcePermission, describe_permission
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import RESOURCES
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.oauth import resources
from idp.oauth.models import ApiResource
from idp.rbac import app_permissions, bounds
from idp.rbac.permissions import Permission

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
NEW = {"identifier": "https://api.acme.example", "name": "Invoices API", "scope": ["invoices:read", "invoices:write"]}
RESOURCE = {
    "id": "01981a4e-d210-7b77-8f1a-9c8d7e6f5a40",
    **NEW,
    "client_id": None,
    "permissions_claim": False,
    "permissions": [PERMISSION],
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}


def _scope(*, required: bool) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=validate.Length(1, 100)),
        required=required,
        validate=validate.Length(1, 200),
        metadata={"description": "Scopes that mean something to this API; each belongs to one API."},
    )


class ChangeResource(Body):
    """Changes of an API; members that are left out stay."""

    name = text("For people.", longest=100)
    scope = _scope(required=False)
    client_id = fields.UUID(
        allow_none=True,
        metadata={"description": "The API's own client, which may introspect its tokens; it can do nothing more."},
    )
    permissions_claim = flag("Whether its tokens carry what their holder may do here, as `permissions`.")


class CreateResource(ChangeResource):
    """An API to register."""

    identifier = text("Absolute URI; `aud` of its tokens.", longest=resources.MAX_IDENTIFIER, required=True)
    name = text("For people.", longest=100, required=True)
    scope = _scope(required=True)


class ResourceOut(Body):
    """An API."""

    id = shown("For `resources/{resource_id}`.")
    identifier = shown("`aud` of its tokens.")
    name = shown("For people.")
    scope = fields.List(fields.String(), required=True)
    client_id = shown("Its own client.", allow_none=True)
    permissions_claim = fields.Boolean(required=True)
    permissions = fields.List(fields.Nested(ResourcePermission), required=True)
    created_at = moment("When it was registered.")
    updated_at = moment("When it changed last.")


LISTING = Listing(
    "resources",
    orders={"identifier": Order((ApiResource.identifier,)), "created_at": Order((ApiResource.id,))},
    default="identifier",
    filters={
        "identifier": Filter(
            text("Exactly this one.", longest=resources.MAX_IDENTIFIER), lambda given: ApiResource.identifier == given
        )
    },
)


@management.operation(
    "GET",
    "/resources",
    needs=Permission.RESOURCES_READ,
    tag=RESOURCES,
    query=LISTING.query,
    answer=(200, listed(ResourceOut), {"items": [RESOURCE], "next_cursor": None}),
)
def list_resources(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List APIs.

    The tenant's own; this one, `{issuer}/api/v1`, is everybody's and not among them.
    """
    page = LISTING.page(uow, select(ApiResource), query)
    return LISTING.answer(uow, page, _describe(uow, [row[0] for row in page.rows]), query)


@management.operation(
    "POST",
    "/resources",
    needs=Permission.RESOURCES_WRITE,
    tag=RESOURCES,
    body=(CreateResource, NEW),
    answer=(201, ResourceOut, RESOURCE | {"permissions": []}),
    refuses=("client-metadata-invalid", "resource-taken"),
    etag=True,
)
def create_resource(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Register an API.

    Its identifier is the audience of its tokens, and its scopes are what clients ask for to get them.
    """
    return _whole(uow, resources.register(uow, **sent))


@management.operation(
    "GET",
    "/resources/<uuid:resource_id>",
    needs=Permission.RESOURCES_READ,
    tag=RESOURCES,
    answer=(200, ResourceOut, RESOURCE),
    refuses=("no-such-resource",),
    etag=True,
)
def get_resource(uow: UnitOfWork, resource_id: UUID) -> dict[str, Any]:
    """Show an API."""
    return _whole(uow, resources.get(uow, resource_id))


@management.operation(
    "PATCH",
    "/resources/<uuid:resource_id>",
    needs=Permission.RESOURCES_WRITE,
    tag=RESOURCES,
    body=(ChangeResource, {"permissions_claim": True}),
    answer=(200, ResourceOut, RESOURCE | {"permissions_claim": True}),
    refuses=("no-such-resource", "client-metadata-invalid", "resource-taken"),
    etag=True,
)
def change_resource(uow: UnitOfWork, sent: dict[str, Any], resource_id: UUID) -> dict[str, Any]:
    """Change an API.

    Its identifier stays: it stands in tokens and in the code of those who check them.
    """
    row = resources.hold(uow, resource_id)
    etags.require_match(_whole(uow, row))
    return _whole(uow, resources.update_resource(uow, row, sent))


@management.operation(
    "DELETE",
    "/resources/<uuid:resource_id>",
    needs=Permission.RESOURCES_WRITE,
    tag=RESOURCES,
    answer=(204, None, None),
    refuses=("no-such-resource",),
    etag=True,
)
def delete_resource(uow: UnitOfWork, resource_id: UUID) -> None:
    """Delete an API.

    Its permissions leave every role; tokens that are out live out their minutes.
    """
    bounds.take_turn(uow)
    row = resources.hold(uow, resource_id)
    etags.require_match(_whole(uow, row))
    resources.remove(uow, row)


def _describe(uow: UnitOfWork, rows: Sequence[ApiResource]) -> list[dict[str, Any]]:
    defined: dict[UUID, list[dict[str, Any]]] = {row.id: [] for row in rows}
    for permission in app_permissions.list_of(uow, defined):
        defined[permission.resource_id].append(describe_permission(permission))
    return [
        {
            "id": str(row.id),
            "identifier": row.identifier,
            "name": row.name,
            "scope": row.scope,
            "client_id": None if row.client_id is None else str(row.client_id),
            "permissions_claim": row.permissions_claim,
            "permissions": defined[row.id],
            "created_at": row.created_at.isoformat(),
            "updated_at": row.updated_at.isoformat(),
        }
        for row in rows
    ]


def _whole(uow: UnitOfWork, row: ApiResource) -> dict[str, Any]:
    uow.flush()
    uow.session.refresh(row)
    return _describe(uow, [row])[0]
