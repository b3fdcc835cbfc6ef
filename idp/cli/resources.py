"""``idp resource``: the APIs of a tenant, which are the audiences of its tokens (RFC 8707)."""

from typing import Any
from uuid import UUID

import click

from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import confirm, named, tenant, verb, yes
from idp.oauth import clients, resources
from idp.oauth.models import ApiResource


@click.group()
def resource() -> None:
    """API resources: create, list, delete."""


def describe(row: ApiResource) -> dict[str, Any]:
    """An API, for people and programs."""
    return {
        "identifier": row.identifier,
        "name": row.name,
        "scope": " ".join(row.scope),
        "client_id": row.client_id,
        "created_at": row.created_at,
    }


@verb(resource, "create")
@tenant
@click.option("--identifier", required=True, metavar="URI", help="The `aud` of its tokens.")
@click.option("--name", help="For people; the identifier when left out.")
@click.option("--scope", "scope", multiple=True, required=True, metavar="SCOPE", help="May be repeated.")
@click.option("--client", "client_id", type=click.UUID, metavar="CLIENT_ID", help="May introspect its tokens.")
def create(slug: str, identifier: str, name: str | None, scope: tuple[str, ...], client_id: UUID | None) -> None:
    """Register an API and the scopes that belong to it."""
    wanted = [item for given in scope for item in given.split()]
    with tenant_unit(slug) as uow:
        owner = None if client_id is None else clients.get(uow, client_id).id
        row = resources.register(uow, identifier=identifier, name=name or identifier, scope=wanted, client_id=owner)
        uow.flush()
        document = describe(row)
    output.record(document)


@verb(resource, "list")
@tenant
def list_(slug: str) -> None:
    """List every API."""
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in resources.list_all(uow)]
    output.table(documents, ("identifier", "name", "scope"), empty="There is no API resource yet.")


@verb(resource, "delete")
@tenant
@named("identifier", "--identifier", metavar="URI", text="As `idp resource list` shows it.")
@yes
def delete(slug: str, identifier: str, yes: bool) -> None:
    """Delete an API; tokens for it live out their minutes."""
    confirm(yes, f"Delete the API {identifier} of {slug}?")
    with tenant_unit(slug) as uow:
        resources.remove(uow, resources.get_by_identifier(uow, identifier))
    output.done({"identifier": identifier, "deleted": True}, f"{identifier} is deleted.")
