"""``idp client secrets``, ``rotate-secret`` and ``revoke-secret``: two live during a rotation (R9)."""

from datetime import timedelta
from uuid import UUID

import click

from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import named, program, tenant
from idp.oauth import clients, registration
from idp.oauth.errors import NoSuchClient, NoSuchSecret

client_id = named("client_id", "--client-id", "--client", metavar="CLIENT_ID", text="As `idp client list` shows it.")


@program("secrets")
@tenant
@client_id
def secrets(slug: str, client_id: str) -> None:
    """List the living secrets of a client, newest first; what they are is stored nowhere."""
    with tenant_unit(slug) as uow:
        rows = registration.list_secrets(uow, clients.get(uow, parse_client_id(client_id)))
        documents = [{"id": row.id, "created_at": row.created_at, "expires_at": row.expires_at} for row in rows]
    output.table(documents, ("id", "created_at", "expires_at"), empty="This client has no secret.")


@program("rotate-secret")
@tenant
@client_id
@click.option("--overlap-hours", type=click.IntRange(0, 720), default=24, show_default=True, metavar="N")
def rotate_secret(slug: str, client_id: str, overlap_hours: int) -> None:
    """Make another secret and show it once; the old one lives on for the overlap."""
    with tenant_unit(slug) as uow:
        row = clients.hold(uow, parse_client_id(client_id))
        secret = registration.rotate_secret(uow, row, overlap=timedelta(hours=overlap_hours))
    output.record({"client_id": row.id, "client_secret": secret, "overlap_hours": overlap_hours}, once="client_secret")


@program("revoke-secret")
@tenant
@client_id
@named("secret_id", "--secret-id", metavar="SECRET_ID", text="As `idp client secrets` shows it.")
def revoke_secret(slug: str, client_id: str, secret_id: str) -> None:
    """End one secret of a client within two seconds; never the only one."""
    with tenant_unit(slug) as uow:
        row = clients.hold(uow, parse_client_id(client_id))
        registration.revoke_secret(uow, row, _secret_id(secret_id))
    output.done({"client_id": row.id, "secret_id": secret_id, "revoked": True}, f"A secret of {row.name} is revoked.")


def parse_client_id(text: str) -> UUID:
    """An id as somebody typed it.

    Raises:
        NoSuchClient: it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchClient(f"There is no client {text!r}.") from None


def _secret_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchSecret(f"There is no secret {text!r}.") from None
