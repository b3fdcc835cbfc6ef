"""``connections``: the upstreams that a tenant trusts (R21, R22, R54)."""

from typing import Any

from marshmallow import fields, validate
from sqlalchemy import ColumnElement, select

from idp.api import etags
from idp.api.listing import Filter, Listing
from idp.api.management.connection_schemas import (
    CONNECTION,
    NEW,
    ChangeConnection,
    ConnectionOut,
    CreateConnection,
    describe,
    merged,
    pointing,
)
from idp.api.management.routes import management
from idp.api.schemas import listed
from idp.api.tags import CONNECTIONS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.federation import connections
from idp.federation.models import Connection
from idp.federation.options import Options
from idp.federation.providers.registry import KINDS
from idp.rbac.permissions import Permission

_FAULTS = ("connection-invalid", "no-such-role", "beyond-your-own")


def _has_status(status: str) -> ColumnElement[bool]:
    return Connection.disabled_at.is_(None) if status == "enabled" else Connection.disabled_at.is_not(None)


LISTING = Listing(
    "connections",
    orders={"position": Order((Connection.position, Connection.name)), "name": Order((Connection.name,))},
    default="position",
    filters={
        "kind": Filter(
            fields.String(validate=validate.OneOf(list(KINDS)), metadata={"description": "Of upstream."}),
            lambda kind: Connection.kind == kind,
        ),
        "status": Filter(
            fields.String(
                validate=validate.OneOf(["enabled", "disabled"]), metadata={"description": "How they stand."}
            ),
            _has_status,
        ),
    },
)


@management.operation(
    "GET",
    "/connections",
    needs=Permission.CONNECTIONS_READ,
    tag=CONNECTIONS,
    query=LISTING.query,
    answer=(200, listed(ConnectionOut), {"items": [CONNECTION], "next_cursor": None}),
)
def list_connections(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List connections.

    In the order of their buttons.
    """
    page = LISTING.page(uow, select(Connection), query)
    return LISTING.answer(uow, page, [describe(uow, row[0]) for row in page.rows], query)


@management.operation(
    "POST",
    "/connections",
    needs=Permission.CONNECTIONS_WRITE,
    tag=CONNECTIONS,
    body=(CreateConnection, NEW),
    answer=(201, ConnectionOut, CONNECTION),
    refuses=(*_FAULTS, "connection-name-taken", "too-many-connections"),
    etag=True,
)
def create_connection(uow: UnitOfWork, sent: dict[str, Any]) -> dict[str, Any]:
    """Trust an upstream.

    The answer names the URL to register there: `callback_url`. Make it with `enabled` false to try it out before
    anybody sees its button. Nobody maps a role that permits more than they may do themselves; `trusts_email` is for
    owners.
    """
    options = merged(Options(), sent.pop("options", {}))
    with pointing():
        return _whole(uow, connections.create(uow, **sent, options=options))


@management.operation(
    "GET",
    "/connections/<name>",
    needs=Permission.CONNECTIONS_READ,
    tag=CONNECTIONS,
    answer=(200, ConnectionOut, CONNECTION),
    refuses=("no-such-connection",),
    etag=True,
)
def get_connection(uow: UnitOfWork, name: str) -> dict[str, Any]:
    """Show a connection."""
    return describe(uow, connections.get(uow, name))


@management.operation(
    "PATCH",
    "/connections/<name>",
    needs=Permission.CONNECTIONS_WRITE,
    tag=CONNECTIONS,
    body=(ChangeConnection, {"label": "Sign in with GitHub", "options": {"organizations": ["acme", "acme-labs"]}}),
    answer=(
        200,
        ConnectionOut,
        CONNECTION
        | {
            "label": "Sign in with GitHub",
            "options": CONNECTION["options"] | {"organizations": ["acme", "acme-labs"]},
        },
    ),
    refuses=("no-such-connection", *_FAULTS),
    etag=True,
)
def change_connection(uow: UnitOfWork, sent: dict[str, Any], name: str) -> dict[str, Any]:
    """Change a connection.

    Members of `options` that are left out stay, lists are replaced as a whole, `claims` and `roles` are merged pair by
    pair. Another `client_secret` is used from now on, and the one before is tried too until `previous_secret_until`, so
    that it can be made in force upstream meanwhile. Another address of the upstream needs the `client_secret` in the
    same request, since it would be sent there.
    """
    row = connections.hold(uow, name)
    etags.require_match(describe(uow, row))
    changes = {**sent, "options": merged(row.options, sent.get("options", {}))}
    if "label" in sent and sent["label"] is None:
        changes["label"] = KINDS[row.kind].label
    with pointing():
        connections.update_connection(uow, row, **changes)
    return _whole(uow, row)


@management.operation(
    "DELETE",
    "/connections/<name>",
    needs=Permission.CONNECTIONS_WRITE,
    tag=CONNECTIONS,
    answer=(204, None, None),
    refuses=("no-such-connection", "connection-in-use"),
    etag=True,
)
def delete_connection(uow: UnitOfWork, name: str) -> None:
    """Trust an upstream no more.

    Everybody's identities there go with it; their accounts stay. Whoever only wants to stop sign-ins for a while sets
    `enabled` to false.
    """
    row = connections.hold(uow, name)
    etags.require_match(describe(uow, row))
    connections.remove(uow, row)


def _whole(uow: UnitOfWork, row: Connection) -> dict[str, Any]:
    uow.flush()
    uow.session.refresh(row)
    return describe(uow, row)
