"""``clients/{client_id}/secrets``: made by us, shown once, two alive during a rotation (R9)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from idp.api.fields import moment, shown
from idp.api.management.client_schemas import ID, SECRET
from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import CLIENTS
from idp.db.unit import UnitOfWork
from idp.oauth import clients, registration
from idp.oauth.models import ClientSecret
from idp.rbac.permissions import Permission

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
ONE = {"id": "01981a4e-c110-7a66-9e0f-8b7c6d5e4f30", "created_at": _MOMENT, "expires_at": None}
NEW = {"client_id": ID, "client_secret": SECRET, "overlap_hours": 24}


class SecretOut(Body):
    """A living secret, but for what it is."""

    id = shown("For `secrets/{secret_id}`.")
    created_at = moment("When it was made.")
    expires_at = moment("When it ends; null when it stays.", allow_none=True)


class Secrets(Body):
    """All of them, the newest first."""

    items = fields.List(fields.Nested(SecretOut), required=True)


class RotateSecret(Body):
    """For how long the old one lives on."""

    overlap_hours = fields.Integer(
        strict=True,
        load_default=24,
        validate=validate.Range(0, 720),
        metadata={"description": "Hours for which the newest old secret stays good; 24 when left out."},
    )


class NewSecret(Body):
    """A secret, as it is shown this once."""

    client_id = shown("Whose it is.")
    client_secret = shown("Keep it now: it is not shown again.")
    overlap_hours = fields.Integer(required=True, strict=True)


@management.operation(
    "GET",
    "/clients/<uuid:client_id>/secrets",
    needs=Permission.CLIENTS_READ,
    tag=CLIENTS,
    answer=(200, Secrets, {"items": [ONE]}),
    refuses=("no-such-client",),
)
def list_client_secrets(uow: UnitOfWork, client_id: UUID) -> dict[str, Any]:
    """List a client's secrets.

    Those that live; what they are is stored nowhere.
    """
    return {"items": [_describe(row) for row in registration.list_secrets(uow, clients.get(uow, client_id))]}


@management.operation(
    "POST",
    "/clients/<uuid:client_id>/secrets",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    body=(RotateSecret, {"overlap_hours": 24}),
    answer=(201, NewSecret, NEW),
    refuses=("no-such-client", "client-has-no-secret", "client-is-built-in", "beyond-your-own"),
)
def rotate_client_secret(uow: UnitOfWork, sent: dict[str, Any], client_id: UUID) -> dict[str, Any]:
    """Make another secret.

    The newest old one stays good for the overlap, so that nothing stops while it is replaced; older ones end now.
    """
    client = clients.hold(uow, client_id)
    secret = registration.rotate_secret(uow, client, overlap=timedelta(hours=sent["overlap_hours"]))
    return {"client_id": str(client.id), "client_secret": secret, "overlap_hours": sent["overlap_hours"]}


@management.operation(
    "DELETE",
    "/clients/<uuid:client_id>/secrets/<uuid:secret_id>",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    answer=(204, None, None),
    refuses=("no-such-client", "no-such-secret", "last-secret", "client-is-built-in", "beyond-your-own"),
)
def revoke_client_secret(uow: UnitOfWork, client_id: UUID, secret_id: UUID) -> None:
    """End a secret.

    Within two seconds, and never the only one.
    """
    registration.revoke_secret(uow, clients.hold(uow, client_id), secret_id)


def _describe(row: ClientSecret) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at and row.expires_at.isoformat(),
    }
