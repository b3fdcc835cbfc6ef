"""``consents``: what people allowed applications, and taking it back for them (R14)."""

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from idp.api.fields import moment, shown
from idp.api.listing import Filter, Listing
from idp.api.management.people import touched
from idp.api.management.routes import management
from idp.api.schemas import Body, listed
from idp.api.tags import CONSENTS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.oauth import consents
from idp.oauth.models import Client, Consent
from idp.rbac.permissions import Permission

CONSENT = {
    "user_id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "client_id": "01981a4e-52ab-7e0c-8d5e-5c1f0d1b7a10",
    "client_name": "Notes",
    "scope": ["openid", "email"],
    "given_at": "2026-11-24T09:12:00.250000+00:00",
}


class NoSuchConsent(NotFound):
    """This person has given this client none."""

    code = "no-such-consent"


class ConsentOut(Body):
    """A person's yes to an application."""

    user_id = shown("Who said it.")
    client_id = shown("To which application.")
    client_name = shown("What it is called.")
    scope = fields.List(fields.String(), required=True)
    given_at = moment("When it was given, or widened.")


LISTING = Listing(
    "consents",
    orders={"user": Order((Consent.user_id, Consent.client_id))},
    default="user",
    filters={
        "user_id": Filter(fields.UUID(metadata={"description": "Of this person."}), lambda i: Consent.user_id == i),
        "client_id": Filter(fields.UUID(metadata={"description": "To this client."}), lambda i: Consent.client_id == i),
    },
)


@management.operation(
    "GET",
    "/consents",
    needs=Permission.CONSENTS_READ,
    tag=CONSENTS,
    query=LISTING.query,
    answer=(200, listed(ConsentOut), {"items": [CONSENT], "next_cursor": None}),
)
def list_consents(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List what people have consented to."""
    rows = select(Consent, Client.name).join(
        Client, (Client.tenant_id == Consent.tenant_id) & (Client.id == Consent.client_id)
    )
    page = LISTING.page(uow, rows, query)
    return LISTING.answer(uow, page, [_describe(row[0], row[1]) for row in page.rows], query)


@management.operation(
    "DELETE",
    "/consents/<uuid:user_id>/<uuid:client_id>",
    needs=Permission.CONSENTS_WRITE,
    tag=CONSENTS,
    answer=(204, None, None),
    refuses=("no-such-user", "no-such-consent", "beyond-your-own"),
)
def withdraw_consent(uow: UnitOfWork, user_id: UUID, client_id: UUID) -> None:
    """Withdraw a consent.

    What the application could do for this person ends now, with its tokens.
    """
    user, client = touched(uow, user_id), uow.find(Client, client_id)
    if client is None or uow.session.get(Consent, (uow.tenant.id, user.id, client.id)) is None:
        raise NoSuchConsent("They have given this client no consent.")
    consents.withdraw(uow, user.id, client)


def _describe(row: Consent, client_name: str) -> dict[str, Any]:
    return {
        "user_id": str(row.user_id),
        "client_id": str(row.client_id),
        "client_name": client_name,
        "scope": row.scope,
        "given_at": row.given_at.isoformat(),
    }
