"""``idp client``: the applications of a tenant; `idp.cli.client_secrets` adds what they prove themselves by."""

import json
from pathlib import Path
from typing import IO, Any

import click

from idp.cli import output
from idp.cli.client_secrets import client_id as _client
from idp.cli.client_secrets import parse_client_id, revoke_secret, rotate_secret, secrets
from idp.cli.connect import current, tenant_unit
from idp.cli.members import read_members
from idp.cli.options import confirm, tenant, verb, yes
from idp.db.unit import UnitOfWork
from idp.oauth import clients, registration
from idp.oauth.errors import ClientMetadataInvalid
from idp.oauth.metadata import ClientMetadata
from idp.oauth.models import Client
from idp.rbac import service as rbac

TYPES = ("web", "spa", "native", "machine")
_FLAGS = ("first_party", "direct_sign_in", "require_pkce", "require_pushed_authorization_requests", "permissions_claim")
_LISTS = ("redirect_uris", "post_logout_redirect_uris", "allowed_origins", "scope")


@click.group()
def client() -> None:
    """Clients: create, list, show, set, disable, enable, delete; secrets, rotate-secret, revoke-secret."""


def describe(row: Client) -> dict[str, Any]:
    """A client, by the names of RFC 7591."""
    return {
        "client_id": row.id,
        **registration.members_of(row),
        "disabled_at": row.disabled_at,
        "created_at": row.created_at,
    }


def whole(uow: UnitOfWork, row: Client) -> dict[str, Any]:
    """A client with the roles that it was given."""
    uow.flush()
    return {**describe(row), "roles": [role.name for role in rbac.roles_of_client(uow, row.id)]}


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
@click.option("--permissions-claim", is_flag=True, help="Its tokens for the tenant's APIs carry `permissions`.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="That a machine holds; may be repeated.")
@click.option("--metadata", type=click.File(), metavar="FILE", help="RFC 7591 client metadata, - for stdin.")
def create(slug: str, metadata: IO[str] | None, no_require_pkce: bool, roles: tuple[str, ...], **options: Any) -> None:
    """Register a client; its secret, where it has one, is shown once.

    Metadata may come from a file, and options win over it.

    With --type machine, --role and --scope a program manages the tenant, and nobody needs to have signed in before:
    the role is what it may do, and the scope is as much of that as it may ask for.

    \b
      idp client create --tenant acme --name Terraform --type machine --role admin \\
          --scope "users:read users:write"
      curl ISSUER/oauth/token -u CLIENT_ID:CLIENT_SECRET -d grant_type=client_credentials
      curl ISSUER/api/v1/principal -H "Authorization: Bearer ACCESS_TOKEN"
    """  # noqa: D301 - how click is told to leave lines as they are
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
        document = whole(uow, row)
    head = {"client_id": document.pop("client_id"), **({"client_secret": secret} if secret else {})}
    output.record({**head, **document}, once="client_secret")


@verb(client, "list")
@tenant
def list_(slug: str) -> None:
    """List every client."""
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in clients.list_all(uow)]
    output.table(
        documents,
        ("client_id", "client_name", "type", "first_party", "disabled_at", "scope"),
        empty="There is no client yet.",
    )


@verb(client, "show")
@tenant
@_client
def show(slug: str, client_id: str) -> None:
    """Show a client with its roles."""
    with tenant_unit(slug) as uow:
        output.record(whole(uow, clients.get(uow, parse_client_id(client_id))))


@verb(client, "set")
@tenant
@click.argument("client_id", metavar="CLIENT_ID")
@click.argument("members", nargs=-1, required=True, metavar="KEY=VALUE…")
def set_(slug: str, client_id: str, members: tuple[str, ...]) -> None:
    """Change members of a client, called as `idp client show` calls them.

    Lists are separated by commas or spaces and replaced as a whole; ``jwks=@FILE`` reads the public keys of
    private_key_jwt; an empty value takes away, or brings back what is usual.  Type, method of authentication and grant
    types stay.
    """
    changes = read_members(members, flags=_FLAGS, lists=_LISTS)
    if changes.get("jwks") is not None:
        changes["jwks"] = _read_keys(changes["jwks"])
    if "scope" in changes:
        changes["scope"] = " ".join(changes["scope"])
    with tenant_unit(slug) as uow:
        row = clients.hold(uow, parse_client_id(client_id))
        loopback_http = not current().settings.is_https
        output.record(whole(uow, registration.update_client(uow, row, changes, loopback_http=loopback_http)))


@verb(client, "disable")
@tenant
@_client
def disable(slug: str, client_id: str) -> None:
    """Shut a client out within two seconds, and end what it may do for people."""
    with tenant_unit(slug) as uow:
        row = clients.hold(uow, parse_client_id(client_id))
        registration.disable(uow, row)
        output.done(whole(uow, row), f"{row.name} is shut out; `idp client enable` lets it in again.")


@verb(client, "enable")
@tenant
@_client
def enable(slug: str, client_id: str) -> None:
    """Let a client in again; nothing that ended comes back."""
    with tenant_unit(slug) as uow:
        row = clients.hold(uow, parse_client_id(client_id))
        registration.enable(uow, row)
        output.done(whole(uow, row), f"{row.name} is let in.")


@verb(client, "delete")
@tenant
@_client
@yes
def delete(slug: str, client_id: str, yes: bool) -> None:
    """Delete a client with its tokens and consents."""
    confirm(yes, f"Delete the client {client_id} of {slug}, for good?")
    with tenant_unit(slug) as uow:
        row = clients.hold(uow, parse_client_id(client_id))
        registration.remove(uow, row)
    output.done({"client_id": row.id, "deleted": True}, f"{row.name} is deleted.")


def _read(file: IO[str], what: str = "The metadata") -> dict[str, Any]:
    try:
        given = json.load(file)
    except ValueError as error:
        raise ClientMetadataInvalid(f"{what} is not JSON: {error}.") from None
    if not isinstance(given, dict):
        raise ClientMetadataInvalid(f"{what} must be one JSON object.")
    return given


def _read_keys(value: str) -> Any:
    if not value.startswith("@"):
        raise ClientMetadataInvalid("Keys are given as jwks=@FILE.", field="jwks")
    with Path(value[1:]).open() as file:
        return _read(file, value[1:])


for command in (secrets, rotate_secret, revoke_secret):
    client.add_command(command)
