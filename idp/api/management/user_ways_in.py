"""``users/{user_id}/factors``: by what somebody proves who they are; `identities` says by what they are known."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api.fields import moment
from idp.api.management.people import person
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import PEOPLE
from idp.authn.models import PasswordCredential
from idp.db.unit import UnitOfWork
from idp.rbac.permissions import Permission

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
FACTOR = {"kind": "password", "changed_at": _MOMENT}


class Factor(Body):
    """One of the things by which somebody proves who they are."""

    kind = fields.String(required=True, validate=validate.OneOf(["password"]))
    changed_at = moment("Since when it is this one.")


class Factors(Body):
    """All of them."""

    items = fields.List(fields.Nested(Factor), required=True)


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
