"""``clients``: applications, registered, changed, shut out and deleted (R9, R14, R48, RFC 7591)."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import ColumnElement, select

from idp.api import etags
from idp.api.fields import text
from idp.api.listing import Filter, Listing
from idp.api.management.client_schemas import (
    CLIENT,
    NEW,
    REGISTERED,
    ChangeClient,
    ClientOut,
    RegisterClient,
    RegisteredClient,
    describe,
)
from idp.api.management.routes import management
from idp.api.schemas import listed
from idp.api.tags import CLIENTS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.http.context import current_settings
from idp.oauth import clients, registration
from idp.oauth.management import CONSOLE
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import Client
from idp.rbac.permissions import Permission

_CHANGES = ("no-such-client", "beyond-your-own", "permission-needed", "client-is-built-in")
_FAULTS = ("client-metadata-invalid", "permission-needed", "beyond-your-own")


def _has_status(status: str) -> ColumnElement[bool]:
    return Client.disabled_at.is_(None) if status == "active" else Client.disabled_at.is_not(None)


LISTING = Listing(
    "clients",
    orders={"created_at": Order((Client.id,)), "name": Order((Client.name, Client.id))},
    default="created_at",
    filters={
        "name": Filter(text("Exactly this name.", longest=100), lambda name: Client.name == name),
        "type": Filter(
            fields.String(
                validate=validate.OneOf(["web", "spa", "native", "machine"]), metadata={"description": "What it is."}
            ),
            lambda kind: Client.type == kind,
        ),
        "first_party": Filter(
            fields.String(
                validate=validate.OneOf(["true", "false"]), metadata={"description": "Whether it is the tenant's own."}
            ),
            lambda given: Client.first_party.is_(given == "true"),
        ),
        "status": Filter(
            fields.String(validate=validate.OneOf(["active", "disabled"]), metadata={"description": "How it stands."}),
            _has_status,
        ),
    },
)


@management.operation(
    "GET",
    "/clients",
    needs=Permission.CLIENTS_READ,
    tag=CLIENTS,
    query=LISTING.query,
    answer=(200, listed(ClientOut), {"items": [CLIENT], "next_cursor": None}),
)
def list_clients(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List clients.

    The console's own, which every tenant has, is not among them.
    """
    page = LISTING.page(uow, select(Client).where(Client.id != CONSOLE), query)
    return LISTING.answer(uow, page, [describe(row[0]) for row in page.rows], query)


@management.operation(
    "POST",
    "/clients",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    body=(RegisterClient, NEW),
    answer=(201, RegisteredClient, REGISTERED),
    refuses=_FAULTS,
)
def register_client(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Register a client.

    Its secret, where it has one, is in this answer and in no other. Scopes of this API are for first-party clients and
    machines, and for what you may do yourself; `first_party` and `direct_sign_in` are for owners to set.
    """
    given = {name: value for name, value in sent.items() if value is not None}
    metadata = ClientMetadata.read(given, loopback_http=_loopback_http())
    client, secret = registration.register(uow, metadata)
    return whole(uow, client) | ({} if secret is None else {"client_secret": secret})


@management.operation(
    "GET",
    "/clients/<uuid:client_id>",
    needs=Permission.CLIENTS_READ,
    tag=CLIENTS,
    answer=(200, ClientOut, CLIENT),
    refuses=("no-such-client",),
    etag=True,
)
def get_client(uow: UnitOfWork, client_id: UUID) -> dict[str, Any]:
    """Show a client."""
    return whole(uow, clients.get(uow, client_id))


@management.operation(
    "PATCH",
    "/clients/<uuid:client_id>",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    body=(ChangeClient, {"redirect_uris": ["https://notes.example/callback", "https://notes.example/back"]}),
    answer=(
        200,
        ClientOut,
        CLIENT | {"redirect_uris": ["https://notes.example/callback", "https://notes.example/back"]},
    ),
    refuses=(*_CHANGES, "client-metadata-invalid"),
    etag=True,
)
def change_client(uow: UnitOfWork, sent: dict[str, Any], client_id: UUID) -> dict[str, Any]:
    """Change a client.

    Lists are replaced as a whole, and what comes of it is judged as a whole. Type, method of authentication and grant
    types stay. A first-party client is changed by owners; when it becomes a third party, what people let it do ends,
    because nobody was asked.
    """
    client = clients.hold(uow, client_id)
    etags.require_match(whole(uow, client))
    registration.update_client(uow, client, sent, loopback_http=_loopback_http())
    return whole(uow, client)


@management.operation(
    "DELETE",
    "/clients/<uuid:client_id>",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    answer=(204, None, None),
    refuses=_CHANGES,
    etag=True,
)
def delete_client(uow: UnitOfWork, client_id: UUID) -> None:
    """Delete a client.

    Its grants, tokens and consents go with it.
    """
    client = clients.hold(uow, client_id)
    etags.require_match(whole(uow, client))
    registration.remove(uow, client)


@management.operation(
    "POST",
    "/clients/<uuid:client_id>/disable",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    answer=(200, ClientOut, CLIENT | {"disabled_at": CLIENT["updated_at"]}),
    refuses=_CHANGES,
    etag=True,
)
def disable_client(uow: UnitOfWork, client_id: UUID) -> dict[str, Any]:
    """Shut a client out.

    What it may do for people ends now; within two seconds it gets no token and none of its own is taken.
    """
    client = clients.hold(uow, client_id)
    registration.disable(uow, client)
    return whole(uow, client)


@management.operation(
    "POST",
    "/clients/<uuid:client_id>/enable",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    answer=(200, ClientOut, CLIENT),
    refuses=_CHANGES,
    etag=True,
)
def enable_client(uow: UnitOfWork, client_id: UUID) -> dict[str, Any]:
    """Let a client in again.

    Nothing that ended comes back.
    """
    client = clients.hold(uow, client_id)
    registration.enable(uow, client)
    return whole(uow, client)


def whole(uow: UnitOfWork, client: Client) -> dict[str, Any]:
    """A client as the API shows it, read anew."""
    uow.flush()
    uow.session.refresh(client)
    return describe(client)


def _loopback_http() -> bool:
    return not current_settings().is_https
