"""``users``: the tenant's people, found, added, changed and deleted (R36, R46, R48)."""

from typing import Any
from uuid import UUID

from flask import Response, jsonify
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, and_, func, select

from idp.accounts import invitations, leaving
from idp.api import etags, profile
from idp.api.fields import text
from idp.api.listing import Filter, Listing
from idp.api.management.people import (
    NEW,
    PERSON,
    STATUS,
    ChangeUser,
    CreateOneUser,
    UserOut,
    describe,
    person,
    touched,
    whole,
)
from idp.api.management.routes import management
from idp.api.schemas import Deletion, listed
from idp.api.tags import PEOPLE
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.rbac.models import GroupMember, Role, RoleAssignment
from idp.rbac.permissions import Permission
from idp.users import service as users
from idp.users.models import User, UserEmail

_LAST = "\U0010ffff"
"""Sorts behind whatever an address goes on with."""
DELETION = {"deletes_at": "2026-12-08T09:12:00.250000+00:00"}


def _has_status(status: str) -> ColumnElement[bool]:
    match status:
        case "disabled":
            return User.disabled_at.is_not(None)
        case "leaving":
            return and_(User.disabled_at.is_(None), User.deletes_at.is_not(None))
        case _:
            return and_(User.disabled_at.is_(None), User.deletes_at.is_(None))


def _begins_with(text: str) -> ColumnElement[bool]:
    """As a range, which an index serves under row-level security; LIKE could leak and so must wait for the policy.

    The last condition is for databases that sort by a language: there, strangers can stand between.
    """
    prefix = users.canonical(text)
    column = UserEmail.canonical
    return and_(column >= prefix, column < prefix + _LAST, func.starts_with(column, prefix))


def _holds(role: str) -> ColumnElement[bool]:
    same = (Role.tenant_id == RoleAssignment.tenant_id) & (Role.id == RoleAssignment.role_id)
    return User.id.in_(select(RoleAssignment.user_id).join(Role, same).where(Role.name == role))


LISTING = Listing(
    "users",
    orders={"created_at": Order((User.id,), twins=(UserEmail.user_id,)), "email": Order((UserEmail.canonical,))},
    default="created_at",
    filters={
        "email": Filter(
            text("Exactly this address, however it is spelled.", longest=254),
            lambda given: UserEmail.canonical == users.canonical(given),
        ),
        "email_starts_with": Filter(text("An address that begins so.", longest=254), _begins_with),
        "status": Filter(
            fields.String(validate=validate.OneOf(STATUS), metadata={"description": "How they stand."}), _has_status
        ),
        "role": Filter(text("Holds this role directly.", longest=64), _holds),
        "group": Filter(
            fields.UUID(metadata={"description": "Is in this group."}),
            lambda group_id: User.id.in_(select(GroupMember.user_id).where(GroupMember.group_id == group_id)),
        ),
    },
)
PEOPLE_ROWS = (
    select(User, UserEmail)
    .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
    .where(UserEmail.is_primary)
)


@management.operation(
    "GET",
    "/users",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    query=LISTING.query,
    answer=(200, listed(UserOut), {"items": [PERSON], "next_cursor": None}),
)
def list_users(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List people."""
    page = LISTING.page(uow, PEOPLE_ROWS, query)
    return LISTING.answer(uow, page, [describe(row[0], row[1]) for row in page.rows], query)


@management.operation(
    "POST",
    "/users",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    body=(CreateOneUser, NEW | {"send_invitation": True}),
    answer=(201, UserOut, PERSON),
    refuses=("email-invalid", "email-taken", "profile-invalid", "registration-closed"),
    etag=True,
)
def create_user(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Add a person.

    They have no password and no role, and their address is not proven. `send_invitation: true` mails them a link that
    proves it and lets them choose a password; `POST invitations` with their address does the same later, and gives
    roles.
    """
    invited = sent.pop("send_invitation", False)
    user = users.create(uow, via="api", **sent)
    if invited:
        invitations.invite(uow, sent["email"], roles=())
    return whole(uow, user)


@management.operation(
    "GET",
    "/users/<uuid:user_id>",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    answer=(200, UserOut, PERSON),
    refuses=("no-such-user",),
    etag=True,
)
def get_user(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """Show a person."""
    return whole(uow, person(uow, user_id))


@management.operation(
    "PATCH",
    "/users/<uuid:user_id>",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    body=(ChangeUser, {"nickname": "Ida", "website": None}),
    answer=(200, UserOut, PERSON | {"nickname": "Ida"}),
    refuses=("no-such-user", "profile-invalid", "beyond-your-own"),
    etag=True,
)
def change_user(uow: UnitOfWork, sent: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """Change a profile.

    Members that are sent are set, `null` takes one away, the others stay (RFC 7396). `deletes_at: null` keeps somebody
    who was to be deleted. Addresses, passwords, roles and standing have operations of their own.
    """
    user = touched(uow, user_id)
    etags.require_match(whole(uow, user))
    if "deletes_at" in sent:
        leaving.cancel_deletion(uow, user)
    users.update_profile(uow, user, profile.merged(user, sent))
    return whole(uow, user)


@management.operation(
    "DELETE",
    "/users/<uuid:user_id>",
    needs=Permission.USERS_DELETE,
    tag=PEOPLE,
    answer=(202, Deletion, DELETION),
    refuses=("no-such-user", "last-owner", "beyond-your-own"),
    etag=True,
)
def delete_user(uow: UnitOfWork, user_id: UUID) -> Response:
    """Have a person deleted.

    They are signed out everywhere now, and deleted for good when the tenant's grace period is over. Until then they can
    be kept: by you, `PATCH` with `deletes_at: null`, and by themselves when they sign in, unless they are disabled too.
    """
    user = touched(uow, user_id)
    etags.require_match(whole(uow, user))
    leaving.request_deletion(uow, user)
    response = jsonify(deletes_at=whole(uow, user)["deletes_at"])
    response.status_code = 202
    return response
