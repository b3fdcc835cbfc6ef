"""``permissions``: everything that can be permitted here, and why somebody may do what they may."""

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import String, column, null, select, union_all, values

from idp.api.fields import shown, text
from idp.api.listing import Filter, Listing
from idp.api.management.group_members import person
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import CLIENTS, PEOPLE, ROLES
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.oauth import clients
from idp.oauth.models import ApiResource
from idp.rbac import explanation
from idp.rbac.explanation import Reason
from idp.rbac.models import AppPermission
from idp.rbac.permissions import DESCRIPTIONS, Permission, catalogue

PERMISSION = {"name": "invoices:approve", "description": "Approve invoices.", "resource": "https://api.acme.example"}
EXPLAINED = {"permission": "users:read", "because": [{"path": ["support", "reader"], "group": "Help desk"}]}
_NAME, _RESOURCE = column("name", String), column("resource", String)


class PermissionOut(Body):
    """Something that can be permitted."""

    name = shown("As it stands in roles and in the claim `permissions`.")
    description = shown("For people.")
    resource = shown("Identifier of the API that defines it; null for the product's own.", allow_none=True)


class ReasonOut(Body):
    """One way in which a permission is held."""

    path = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Names of roles, from the one that is held to the one that permits it."},
    )
    group = shown("Through which group the first is held; null when it is held directly.", allow_none=True)


class ExplainedOut(Body):
    """A permission that is held, and why."""

    permission = shown("Its name; `*` stands for every permission that the tenant's own APIs define, now and later.")
    because = fields.List(fields.Nested(ReasonOut), required=True, metadata={"description": "Every way it is held."})


ExplainedPage = listed(ExplainedOut)
LISTING = Listing(
    "permissions",
    orders={"name": Order((_NAME,))},
    default="name",
    filters={
        "resource": Filter(
            text("Of this API only.", longest=500),
            lambda identifier: _RESOURCE.in_([identifier]),
        )
    },
)


@management.operation(
    "GET",
    "/permissions",
    needs=Permission.ROLES_READ,
    tag=ROLES,
    query=LISTING.query,
    answer=(200, listed(PermissionOut), {"items": [PERMISSION], "next_cursor": None}),
)
def list_permissions(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List everything that can be permitted.

    The product's own permissions, whose names are the scopes of this API, and those that the tenant's APIs define.
    """
    page = LISTING.page(uow, _all(uow), query)
    rows: Any = page.rows
    found = [{"name": row[0], "description": row[1], "resource": row[2]} for row in rows]
    return LISTING.answer(uow, page, found, query)


@management.operation(
    "GET",
    "/users/<uuid:user_id>/permissions",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    answer=(200, ExplainedPage, {"items": [EXPLAINED], "next_cursor": None}),
    refuses=("no-such-user",),
)
def explain_user_permissions(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """Explain what somebody may do.

    Each permission with every role and group by which they have it. It is one page: there are not so many. `*` stands
    for every permission that the tenant's own APIs define.
    """
    return _explained(explanation.of_user(uow, person(uow, user_id).id))


@management.operation(
    "GET",
    "/clients/<uuid:client_id>/permissions",
    needs=Permission.CLIENTS_READ,
    tag=CLIENTS,
    answer=(200, ExplainedPage, {"items": [EXPLAINED], "next_cursor": None}),
    refuses=("no-such-client",),
)
def explain_client_permissions(uow: UnitOfWork, client_id: UUID) -> dict[str, Any]:
    """Explain what a machine client may do.

    By its roles; by a token it may do what is in the token's scope as well. No group holds a client.
    """
    return _explained(explanation.of_client(uow, clients.get(uow, client_id).id))


def _explained(held: dict[str, list[Reason]]) -> dict[str, Any]:
    items = [
        {"permission": name, "because": [{"path": [*reason.path], "group": reason.group} for reason in reasons]}
        for name, reasons in held.items()
    ]
    return {"items": items, "next_cursor": None}


def _all(uow: UnitOfWork) -> Any:
    """Name, description and API of each."""
    ours = values(column("name", String), column("description", String), name="ours").data(
        [(name, DESCRIPTIONS[Permission(name)]) for name in sorted(catalogue(uow.tenant.slug))]
    )
    same = (ApiResource.tenant_id == AppPermission.tenant_id) & (ApiResource.id == AppPermission.resource_id)
    of_apps = select(AppPermission.name, AppPermission.description, ApiResource.identifier.label("resource")).join(
        ApiResource, same
    )
    everything = union_all(
        select(ours.c.name, ours.c.description, null().cast(String).label("resource")), of_apps
    ).subquery()
    return select(everything.c.name, everything.c.description, everything.c.resource)
