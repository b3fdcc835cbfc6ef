"""``users/{user_id}/identities``: by what somebody is known, here and at upstreams."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api.fields import flag, moment, shown
from idp.api.management.people import person
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import PEOPLE
from idp.db.unit import UnitOfWork
from idp.federation import identities, tokens
from idp.federation.models import Connection, FederatedIdentity
from idp.rbac import bounds
from idp.rbac.permissions import Permission
from idp.users.models import UserEmail

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
ADDRESS = {"kind": "email", "address": "ida@acme.example", "is_primary": True, "verified_at": _MOMENT}
UPSTREAM = {
    "kind": "connection",
    "id": "01981a4e-d510-7d33-8e6f-4a2b1c0d9e80",
    "connection": "github",
    "label": "GitHub",
    "issuer": "https://github.com",
    "subject": "583231",
    "email": "ida@acme.example",
    "username": "ida",
    "linked_at": _MOMENT,
    "last_used_at": _MOMENT,
    "keeps_token": False,
}
TOKEN = {"access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a", "expires_at": _MOMENT, "scope": "read:user"}


class Identity(Body):
    """One of the names by which somebody is known: an address here, or who they are at a connection."""

    kind = fields.String(
        required=True,
        validate=validate.OneOf(["email", "connection"]),
        metadata={"description": "`email` has the next three members, `connection` all the others."},
    )
    address = fields.String(metadata={"description": "Email address."})
    is_primary = flag("Whether mail goes to it.")
    verified_at = fields.String(
        allow_none=True, metadata={"description": "Since when it is proven to be theirs.", "format": "date-time"}
    )
    id = fields.String(metadata={"description": "For `identities/{identity_id}`."})
    connection = fields.String(metadata={"description": "Name of the connection."})
    label = fields.String(metadata={"description": "What its button says."})
    issuer = fields.String(metadata={"description": "What names the upstream."})
    subject = fields.String(metadata={"description": "Who they are there; never anybody else."})
    email = fields.String(allow_none=True, metadata={"description": "That the upstream named last; to be shown only."})
    username = fields.String(allow_none=True, metadata={"description": "What they were called there last."})
    linked_at = fields.String(metadata={"description": "Since when it opens the account.", "format": "date-time"})
    last_used_at = fields.String(
        allow_none=True, metadata={"description": "When they came by it last.", "format": "date-time"}
    )
    keeps_token = flag("Whether a token of the upstream's is kept.")


class Identities(Body):
    """All of them."""

    items = fields.List(fields.Nested(Identity), required=True)


class UpstreamToken(Body):
    """An access token of the upstream's."""

    access_token = shown("As the upstream issued it, for its API.")
    expires_at = moment("When it is over; null when the upstream does not say.", allow_none=True)
    scope = shown("As the upstream says; space-separated.")


@management.operation(
    "GET",
    "/users/<uuid:user_id>/identities",
    needs=Permission.USERS_READ,
    tag=PEOPLE,
    answer=(200, Identities, {"items": [ADDRESS, UPSTREAM]}),
    refuses=("no-such-user",),
)
def list_user_identities(uow: UnitOfWork, user_id: UUID) -> dict[str, Any]:
    """List by what a person is known.

    Addresses, and who they are at the connections that they can sign in by.
    """
    user = person(uow, user_id)
    addresses = select(UserEmail).where(UserEmail.user_id == user.id).order_by(UserEmail.id)
    known = [_address(row) for row in uow.session.scalars(addresses)]
    return {"items": known + [_upstream(row, connection) for row, connection in identities.list_of(uow, user.id)]}


@management.operation(
    "DELETE",
    "/users/<uuid:user_id>/identities/<uuid:identity_id>",
    needs=Permission.USERS_WRITE,
    tag=PEOPLE,
    answer=(204, None, None),
    refuses=("no-such-user", "no-such-identity", "beyond-your-own", "last-way-in"),
)
def remove_user_identity(uow: UnitOfWork, user_id: UUID, identity_id: UUID) -> None:
    """Take an identity at a connection from a person.

    It opens the account no more, and they are signed out everywhere. What is left may be a recovery by mail; when
    nothing would be, it is refused.
    """
    identities.remove(uow, person(uow, user_id), identity_id)


@management.operation(
    "GET",
    "/users/<uuid:user_id>/identities/<uuid:identity_id>/token",
    needs=Permission.UPSTREAM_TOKENS_READ,
    tag=PEOPLE,
    answer=(200, UpstreamToken, TOKEN),
    refuses=("no-such-user", "no-such-identity", "no-upstream-token", "beyond-your-own", "upstream-busy"),
)
def get_user_identity_token(uow: UnitOfWork, user_id: UUID, identity_id: UUID) -> dict[str, Any]:
    """Read a person's access token of the upstream's.

    Where the connection keeps tokens. One that is over is renewed first, if the upstream lets us. Whoever has it can
    act there for the person: every reading is an event.
    """
    user = person(uow, user_id)
    bounds.require_over_user(uow, user.id)
    token = tokens.read(uow, identities.get(uow, user.id, identity_id))
    return {
        "access_token": token.access_token,
        "expires_at": token.expires_at and token.expires_at.isoformat(),
        "scope": token.scope,
    }


def _address(row: UserEmail) -> dict[str, Any]:
    return {
        "kind": "email",
        "address": row.address,
        "is_primary": row.is_primary,
        "verified_at": row.verified_at and row.verified_at.isoformat(),
    }


def _upstream(row: FederatedIdentity, connection: Connection) -> dict[str, Any]:
    return {
        "kind": "connection",
        "id": str(row.id),
        "connection": connection.name,
        "label": connection.label,
        "issuer": row.issuer,
        "subject": row.subject,
        "email": row.email,
        "username": row.username,
        "linked_at": row.linked_at.isoformat(),
        "last_used_at": row.last_used_at and row.last_used_at.isoformat(),
        "keeps_token": row.tokens_sealed is not None,
    }
