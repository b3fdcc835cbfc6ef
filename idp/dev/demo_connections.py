"""The connection of the demo: people of Globex sign in at Acme, so that nobody needs an upstream of their own to try.

Globex is to Acme what any OpenID provider would be.  Made once, found again, and mended where it no longer fits.
"""

from typing import Any

from sqlalchemy import update

from idp.db.unit import UnitOfWork
from idp.dev import demo_clients
from idp.federation import connections
from idp.federation.models import Connection, FederatedIdentity
from idp.tenants.models import Tenant
from idp.wiring import Wiring

NAME = "globex"


def connect(wiring: Wiring, home: Tenant, upstream: Tenant, known: dict[str, Any]) -> dict[str, Any]:
    """Let `home` trust `upstream`.

    Args:
        wiring: of the instance.
        home: where people sign in.
        upstream: whose people they are.
        known: what `demo.json` said of its client of `upstream` before.

    Returns:
        what it says now.
    """
    with wiring.tenant_unit(home) as uow:
        callback = connections.callback_url(uow, NAME)
    with wiring.tenant_unit(upstream) as uow:
        client = demo_clients.register(
            uow,
            known,
            client_name=home.name,
            type="web",
            redirect_uris=[callback],
            scope="openid profile email",
            first_party=True,
        )
    with wiring.tenant_unit(home) as uow:
        whole = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        found = connections.find(uow, NAME)
        if found is None:
            options = {"issuer": upstream.issuer, "creation": "on"}
            connections.create(uow, name=NAME, kind="oidc", label=upstream.name, options=options, **whole)
        elif found.kind == "oidc":
            connections.update_connection(uow, found, options={"issuer": upstream.issuer}, **whole)
            _follow(uow, found, upstream.issuer)
    return client


def _follow(uow: UnitOfWork, connection: Connection, issuer: str) -> None:
    """Whoever came from another port of ours is the same person."""
    theirs = FederatedIdentity.connection_id == connection.id
    uow.execute(
        update(FederatedIdentity).where(theirs).values(issuer=issuer), execution_options={"synchronize_session": False}
    )
