"""``idp client``: the applications of a tenant."""

import json
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

import click

from idp.cli import output
from idp.cli.connect import current, tenant_unit
from idp.cli.options import confirm, named, tenant, verb, yes
from idp.oauth import clients, registration
from idp.oauth.errors import ClientMetadataInvalid, NoSuchClient
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import Client
from idp.rbac import service as rbac

TYPES = ("web", "spa", "native", "machine")
_client = named("client_id", "--client-id", "--client", metavar="CLIENT_ID", text="As `idp client list` shows it.")


@click.group()
def client() -> None:
    """Clients: create, list, show, rotate-secret, delete."""


def describe(row: Client) -> dict[str, Any]:
    """A client, by the names of RFC 7591."""
    return {
        "client_id": row.id,
        "client_name": row.name,
        "type": row.type,
        "token_endpoint_auth_method": row.token_endpoint_auth_method,
        "grant_types": row.grant_types,
        "redirect_uris": row.redirect_uris,
        "post_logout_redirect_uris": row.post_logout_redirect_uris,
        "allowed_origins": row.allowed_origins,
        "scope": " ".join(row.scope),
        "first_party": row.first_party,
        "direct_sign_in": row.direct_sign_in,
        "require_pkce": row.require_pkce,
        "created_at": row.created_at,
    }


@verb(client, "create")
@tenant
@click.option("--name", "client_name")
@click.option("--type", type=click.Choice(TYPES))
@click.option("--redirect-uri", "redirect_uris", multiple=True, metavar="URI")
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, metavar="URI")
@click.option("--allowed-origin", "allowed_origins", multiple=True, metavar="ORIGIN", help="For CORS.")
@click.option("--scope", multiple=True, metavar="SCOPE")
@click.option("--grant-type", "grant_types", multiple=True, metavar="GRANT")
@click.option("--auth-method", "token_endpoint_auth_method", metavar="METHOD", help="At the token endpoint.")
@click.option("--first-party", is_flag=True, help="Ours: nobody is asked for consent.")
@click.option("--direct-sign-in", is_flag=True, help="Ours, and may ask for passwords itself, by the sign-in API.")
@click.option("--no-require-pkce", is_flag=True, help="For one confidential client that sends none.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="That a machine holds; may be repeated.")
@click.option("--metadata", type=click.File(), metavar="FILE", help="RFC 7591 client metadata, - for stdin.")
def create(slug: str, metadata: IO[str] | None, no_require_pkce: bool, roles: tuple[str, ...], **options: Any) -> None:
    """Register a client; its secret, where it has one, is shown once.

    Metadata may come from a file, and options win over it.
    """
    given: dict[str, Any] = {} if metadata is None else _read(metadata)
    given |= {key: [*value] if isinstance(value, tuple) else value for key, value in options.items() if value}
    if isinstance(given.get("scope"), list):
        given["scope"] = " ".join(given["scope"])
    if no_require_pkce:
        given["require_pkce"] = False
    if "client_name" not in given:
        raise click.UsageError("Missing option '--name'")
    checked = ClientMetadata.read(given, loopback_http=not current().settings.is_https)
    with tenant_unit(slug) as uow:
        row, secret = registration.register(uow, checked)
        uow.flush()
        for role in roles:
            rbac.assign_to_client(uow, row, role)
        document = describe(row)
    head = {"client_id": document.pop("client_id"), **({"client_secret": secret} if secret else {})}
    output.record({**head, **document}, once="client_secret")


@verb(client, "list")
@tenant
def list_(slug: str) -> None:
    """List every client."""
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in clients.list_all(uow)]
    output.table(
        documents, ("client_id", "client_name", "type", "first_party", "scope"), empty="There is no client yet."
    )


@verb(client, "show")
@tenant
@_client
def show(slug: str, client_id: str) -> None:
    """Show a client."""
    with tenant_unit(slug) as uow:
        output.record(describe(clients.get(uow, _id(client_id))))


@verb(client, "rotate-secret")
@tenant
@_client
@click.option("--overlap-hours", type=click.IntRange(0, 720), default=24, show_default=True, metavar="N")
def rotate_secret(slug: str, client_id: str, overlap_hours: int) -> None:
    """Make another secret and show it once; the old one lives on for the overlap."""
    with tenant_unit(slug) as uow:
        row = clients.get(uow, _id(client_id))
        secret = registration.rotate_secret(uow, row, overlap=timedelta(hours=overlap_hours))
    output.record({"client_id": row.id, "client_secret": secret, "overlap_hours": overlap_hours}, once="client_secret")


@verb(client, "delete")
@tenant
@_client
@yes
def delete(slug: str, client_id: str, yes: bool) -> None:
    """Delete a client with its tokens and consents."""
    confirm(yes, f"Delete the client {client_id} of {slug}, for good?")
    with tenant_unit(slug) as uow:
        row = clients.get(uow, _id(client_id))
        registration.remove(uow, row)
    output.done({"client_id": row.id, "deleted": True}, f"{row.name} is deleted.")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NoSuchClient(f"There is no client {text!r}.") from None


def _read(metadata: IO[str]) -> dict[str, Any]:
    try:
        given = json.load(metadata)
    except ValueError as error:
        raise ClientMetadataInvalid(f"The metadata is not JSON: {error}.") from None
    if not isinstance(given, dict):
        raise ClientMetadataInvalid("The metadata must be one JSON object.")
    return given
