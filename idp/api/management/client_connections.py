"""``clients/{client_id}/connections``: by which upstreams people come to an application."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import CLIENTS
from idp.db.unit import UnitOfWork
from idp.federation import connections, offers
from idp.http.context import current_settings
from idp.oauth import clients, registration
from idp.rbac.permissions import Permission

EXAMPLE = {"connections": ["github"]}


class ClientConnections(Body):
    """Which connections a client may use."""

    connections = fields.List(
        fields.String(validate=validate.Length(1, 50)),
        required=True,
        allow_none=True,
        validate=validate.Length(1, connections.MAX_CONNECTIONS),
        metadata={"description": "Names of connections; null: all that there are and will be."},
    )


@management.operation(
    "GET",
    "/clients/<uuid:client_id>/connections",
    needs=Permission.CLIENTS_READ,
    tag=CLIENTS,
    answer=(200, ClientConnections, EXAMPLE),
    refuses=("no-such-client",),
)
def get_client_connections(uow: UnitOfWork, client_id: UUID) -> dict[str, Any]:
    """Show which connections a client may use."""
    return {"connections": offers.allowed_for(uow, clients.get(uow, client_id).id)}


@management.operation(
    "PUT",
    "/clients/<uuid:client_id>/connections",
    needs=Permission.CLIENTS_WRITE,
    tag=CLIENTS,
    body=(ClientConnections, EXAMPLE),
    answer=(200, ClientConnections, EXAMPLE),
    refuses=(
        "no-such-client",
        "no-such-connection",
        "client-is-built-in",
        "client-metadata-invalid",
        "permission-needed",
        "beyond-your-own",
    ),
)
def set_client_connections(uow: UnitOfWork, sent: dict[str, Any], client_id: UUID) -> dict[str, Any]:
    """Say which connections a client may use.

    Its sign-in page offers these and no others. Passwords are not touched by it.
    """
    client = clients.hold(uow, client_id)
    # Whoever decides by what people come to a client decides of the client.
    registration.update_client(uow, client, {}, loopback_http=not current_settings().is_https)
    offers.allow(uow, client, sent["connections"])
    return {"connections": offers.allowed_for(uow, client.id)}
