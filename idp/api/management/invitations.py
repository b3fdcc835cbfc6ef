"""``invitations``: an address is let in, with roles that whoever invites may give (R33, R48)."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import func, select

from idp.accounts import invitations
from idp.accounts.models import Invitation
from idp.api.fields import email, moment, require_plain, shown, text
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import INVITATIONS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.rbac.permissions import Builtin, Permission
from idp.users.service import canonical

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
CREATE = {"email": "noor@acme.example", "roles": ["member"]}
INVITATION = {
    "id": "01981a4e-bb20-7e55-8c1d-6d2f3a4b5c60",
    **CREATE,
    "invited_by": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "created_at": _MOMENT,
    "expires_at": "2026-12-01T09:12:00.250000+00:00",
}
_REFUSES = ("registration-closed", "email-invalid", "no-such-role", "beyond-your-own")


class CreateInvitation(Body):
    """Whom to let in, and as what."""

    email = email("Where the invitation goes.")
    roles = fields.List(
        fields.String(validate=[validate.Length(1, 64), require_plain]),
        load_default=lambda: [Builtin.MEMBER.value],
        validate=validate.Length(1, 50),
        metadata={"description": "Names of roles; `member` when left out.", "default": ["member"]},
    )


class InvitationOut(Body):
    """An invitation that waits for an answer."""

    id = shown("For `invitations/{invitation_id}`.")
    email = shown("Where it went.")
    roles = fields.List(fields.String(), required=True)
    invited_by = shown("Who invited; null for an operator.", allow_none=True)
    created_at = moment("When it was made.")
    expires_at = moment("Until when it is good.")


LISTING = Listing(
    "invitations",
    orders={"created_at": Order((Invitation.id,))},
    default="-created_at",
    filters={
        "email": Filter(
            text("Exactly this address.", longest=254), lambda given: Invitation.canonical == canonical(given)
        )
    },
)
_OPEN = (
    Invitation.accepted_at.is_(None),
    Invitation.revoked_at.is_(None),
    Invitation.expires_at > func.now(),
)


@management.operation(
    "GET",
    "/invitations",
    needs=Permission.INVITATIONS_READ,
    tag=INVITATIONS,
    query=LISTING.query,
    answer=(200, listed(InvitationOut), {"items": [INVITATION], "next_cursor": None}),
)
def list_invitations(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List open invitations."""
    page = LISTING.page(uow, select(Invitation).where(*_OPEN), query)
    return LISTING.answer(uow, page, [_describe(row[0]) for row in page.rows], query)


@management.operation(
    "POST",
    "/invitations",
    needs=Permission.INVITATIONS_WRITE,
    tag=INVITATIONS,
    body=(CreateInvitation, CREATE),
    answer=(201, InvitationOut, INVITATION),
    refuses=_REFUSES,
)
def create_invitation(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Invite somebody.

    The mailed link lets its reader in, with these roles; an open invitation of the same address ends. The roles are
    those that you may give, now and when the invitation is accepted. Whoever was added without a password chooses one
    there.
    """
    return _whole(uow, invitations.invite(uow, sent["email"], roles=sent["roles"]))


@management.operation(
    "POST",
    "/invitations/<uuid:invitation_id>/resend",
    needs=Permission.INVITATIONS_WRITE,
    tag=INVITATIONS,
    answer=(201, InvitationOut, INVITATION),
    refuses=("no-such-invitation", *_REFUSES),
)
def resend_invitation(uow: UnitOfWork, invitation_id: UUID) -> dict[str, Any]:
    """Invite somebody again.

    Another invitation takes the place of the one that is named: with the same roles, a new link and its whole time.
    """
    return _whole(uow, invitations.resend(uow, invitation_id))


@management.operation(
    "DELETE",
    "/invitations/<uuid:invitation_id>",
    needs=Permission.INVITATIONS_WRITE,
    tag=INVITATIONS,
    answer=(204, None, None),
    refuses=("no-such-invitation", "beyond-your-own"),
)
def revoke_invitation(uow: UnitOfWork, invitation_id: UUID) -> None:
    """Take an invitation back.

    One that you could not have made stays.
    """
    invitations.revoke(uow, invitation_id)


def _whole(uow: UnitOfWork, row: Invitation) -> dict[str, Any]:
    uow.flush()
    uow.session.refresh(row)
    return _describe(row)


def _describe(row: Invitation) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "email": row.address,
        "roles": row.roles,
        "invited_by": None if row.invited_by is None else str(row.invited_by),
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
    }
