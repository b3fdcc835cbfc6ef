"""``users/{user_id}/identities`` and ``…/factors``: by what somebody is known, and by what they prove it."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api.fields import flag, moment, shown
from idp.api.management.people import person
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import PEOPLE
from idp.authn.models import PasswordCredential
from idp.db.unit import UnitOfWork
from idp.rbac.permissions import Permission
from idp.users.models import UserEmail

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
IDENTITY = {"kind": "email", "address": "ida@acme.example", "is_primary": True, "verified_at": _MOMENT}
FACTOR = {"kind": "password", "changed_at": _MOMENT}


class Identity(Body):
    """One of the names by which somebody is known."""

    kind = fields.String(required=True, validate=validate.OneOf(["email"]))
    address = shown("Email address.")
    is_primary = flag("Whether mail goes to it.", required=True)
    verified_at = moment("Since when it is proven to be theirs.", allow_none=True)


class Identities(Body):
    """All of them."""

    items = fields.List(fields.Nested(Identity), required=True)


class Factor(Body):
    """One of the things by which somebody proves who they are."""

    kind = fields.String(required=True, validate=validate.OneOf(["password"]))
    changed_at = moment("Since when it is this one.")


class Factors(Body):
    """All of them."""

    items = fields.List(fields.Nested(Factor), required=True)


@management.operation(
    "GET",
    "/users/<uuid:user_id>/identities",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    answer=(200, Identities, {"items": [IDENTITY]}),
    refuses=("no-such-user",),
)
def list_user_identities(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """List by what a person is known."""
    user = person(uow, user_id)
    rows = uow.session.scalars(select(UserEmail).where(UserEmail.user_id == user.id).order_by(UserEmail.id)).all()
    return {
        "items": [
            {
                "kind": "email",
                "address": row.address,
                "is_primary": row.is_primary,
                "verified_at": row.verified_at and row.verified_at.isoformat(),
            }
            for row in rows
        ]
    }


@management.operation(
    "GET",
    "/users/<uuid:user_id>/factors",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    answer=(200, Factors, {"items": [FACTOR]}),
    refuses=("no-such-user",),
)
def list_user_factors(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """List by what a person proves who they are.

    Nobody gets to see, or to choose, a secret of theirs.
    """
    user = person(uow, user_id)
    password = uow.session.scalar(select(PasswordCredential).where(PasswordCredential.user_id == user.id))
    return {"items": [] if password is None else [{"kind": "password", "changed_at": password.changed_at.isoformat()}]}
