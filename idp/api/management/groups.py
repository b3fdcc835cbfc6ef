"""``groups``: people who get the same roles together (RFC 7643 §4.2)."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api import etags
from idp.api.fields import moment, shown, text
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import GROUPS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.rbac import groups
from idp.rbac.models import Group
from idp.rbac.permissions import Permission

CREATE = {"name": "Finance", "description": "Whoever sees the books."}
GROUP = {
    "id": "01981a4e-bb20-7a51-8f10-3b7e5a9c2d41",
    **CREATE,
    "created_at": "2026-11-24T09:12:00.250000+00:00",
    "updated_at": "2026-11-24T09:12:00.250000+00:00",
}


def _name(*, required: bool = False) -> fields.String:
    return text("Unique in the tenant.", longest=groups.MAX_NAME, required=required)


class ChangeGroup(Body):
    """Changes of a group; members that are left out stay."""

    name = _name()
    description = fields.String(validate=validate.Length(max=500), metadata={"description": "For people."})


class CreateGroup(ChangeGroup):
    """A group to make."""

    name = _name(required=True)


class GroupOut(Body):
    """A group."""

    id = shown("For `groups/{group_id}`.")
    name = shown("Unique in the tenant.")
    description = shown("For people.")
    created_at = moment("When it was made.")
    updated_at = moment("When it changed last.")


GroupPage = listed(GroupOut)
LISTING = Listing(
    "groups",
    orders={"name": Order((Group.name, Group.id)), "created_at": Order((Group.id,))},
    default="name",
    filters={"name": Filter(text("Exactly this one.", longest=groups.MAX_NAME), lambda name: Group.name == name)},
)


@management.operation(
    "GET",
    "/groups",
    needs=Permission.GROUPS_READ,
    tag=GROUPS,
    query=LISTING.query,
    answer=(200, GroupPage, {"items": [GROUP], "next_cursor": None}),
)
def list_groups(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List groups."""
    page = LISTING.page(uow, select(Group), query)
    return LISTING.answer(uow, page, [describe(row[0]) for row in page.rows], query)


@management.operation(
    "POST",
    "/groups",
    needs=Permission.GROUPS_WRITE,
    tag=GROUPS,
    body=(CreateGroup, CREATE),
    answer=(201, GroupOut, GROUP),
    refuses=("role-invalid", "group-name-taken", "too-many-of-them"),
    etag=True,
)
def create_group(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Make a group.

    Nobody is in it, and it gives no role.
    """
    return _one(uow, groups.create_group(uow, **sent))


@management.operation(
    "GET",
    "/groups/<uuid:group_id>",
    needs=Permission.GROUPS_READ,
    tag=GROUPS,
    answer=(200, GroupOut, GROUP),
    refuses=("no-such-group",),
    etag=True,
)
def get_group(uow: UnitOfWork, group_id: UUID) -> dict[str, Any]:
    """Show a group."""
    return describe(groups.get(uow, group_id))


@management.operation(
    "PATCH",
    "/groups/<uuid:group_id>",
    needs=Permission.GROUPS_WRITE,
    tag=GROUPS,
    body=(ChangeGroup, {"name": "Accounting"}),
    answer=(200, GroupOut, GROUP | {"name": "Accounting"}),
    refuses=("no-such-group", "role-invalid", "group-name-taken", "beyond-your-own"),
    etag=True,
)
def change_group(uow: UnitOfWork, sent: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """Change a group."""
    group = groups.get_to_change(uow, group_id)
    etags.require_match(describe(group))
    return _one(uow, groups.update_group(uow, group, **sent))


@management.operation(
    "DELETE",
    "/groups/<uuid:group_id>",
    needs=Permission.GROUPS_WRITE,
    tag=GROUPS,
    answer=(204, None, None),
    refuses=("no-such-group", "beyond-your-own"),
    etag=True,
)
def delete_group(uow: UnitOfWork, group_id: UUID) -> None:
    """Delete a group.

    Its people stay, and lose what they had through it.
    """
    group = groups.get_to_change(uow, group_id)
    etags.require_match(describe(group))
    groups.delete_group(uow, group)


def describe(row: Group) -> dict[str, Any]:
    """A group as the API shows it."""
    return {
        "id": str(row.id),
        "name": row.name,
        "description": row.description,
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
    }


def _one(uow: UnitOfWork, group: Group) -> dict[str, Any]:
    uow.flush()
    uow.session.refresh(group)
    return describe(group)
