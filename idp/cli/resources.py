"""``idp resource``: the APIs of a tenant, which are the audiences of its tokens (RFC 8707)."""

from typing import Any
from uuid import UUID

import click

from idp.cli import output
from idp.cli.client_secrets import parse_client_id
from idp.cli.connect import tenant_unit
from idp.cli.members import read_members
from idp.cli.options import confirm, named, tenant, verb, yes
from idp.db.unit import UnitOfWork
from idp.oauth import clients, resources
from idp.oauth.errors import ClientMetadataInvalid
from idp.oauth.models import ApiResource
from idp.rbac import app_permissions, bounds

_MEMBERS = ("name", "scope", "client_id", "permissions_claim")


_resource = named("identifier", "--identifier", metavar="URI", text="As `idp resource list` shows it.")


@click.group()
def resource() -> None:
    """API resources: create, list, show, set, delete; permissions, define-permission, remove-permission."""


def describe(uow: UnitOfWork, row: ApiResource) -> dict[str, Any]:
    """An API, for people and programs."""
    uow.flush()
    return {
        "identifier": row.identifier,
        "name": row.name,
        "scope": " ".join(row.scope),
        "client_id": row.client_id,
        "permissions_claim": row.permissions_claim,
        "permissions": [item.name for item in app_permissions.list_of(uow, [row.id])],
        "created_at": row.created_at,
    }


@verb(resource, "create")
@tenant
@click.option("--identifier", required=True, metavar="URI", help="The `aud` of its tokens.")
@click.option("--name", help="For people; the identifier when left out.")
@click.option("--scope", "scope", multiple=True, required=True, metavar="SCOPE", help="May be repeated.")
@click.option("--client", "client_id", type=click.UUID, metavar="CLIENT_ID", help="May introspect its tokens.")
@click.option("--permissions-claim", is_flag=True, help="Its tokens carry what their holder may do there.")
def create(
    slug: str,
    identifier: str,
    name: str | None,
    scope: tuple[str, ...],
    client_id: UUID | None,
    permissions_claim: bool,
) -> None:
    """Register an API and the scopes that belong to it."""
    wanted = [item for given in scope for item in given.split()]
    with tenant_unit(slug) as uow:
        owner = None if client_id is None else clients.get(uow, client_id).id
        row = resources.register(
            uow,
            identifier=identifier,
            name=name or identifier,
            scope=wanted,
            client_id=owner,
            permissions_claim=permissions_claim,
        )
        output.record(describe(uow, row))


@verb(resource, "list")
@tenant
def list_(slug: str) -> None:
    """List every API."""
    with tenant_unit(slug) as uow:
        documents = [describe(uow, row) for row in resources.list_all(uow)]
    output.table(documents, ("identifier", "name", "scope"), empty="There is no API resource yet.")


@verb(resource, "show")
@tenant
@_resource
def show(slug: str, identifier: str) -> None:
    """Show an API with the permissions that it defines."""
    with tenant_unit(slug) as uow:
        output.record(describe(uow, resources.get_by_identifier(uow, identifier)))


@verb(resource, "set")
@tenant
@click.argument("identifier", metavar="URI")
@click.argument("members", nargs=-1, required=True, metavar="KEY=VALUE…")
def set_(slug: str, identifier: str, members: tuple[str, ...]) -> None:
    """Change an API: its name, scope, client_id or permissions_claim.  Its identifier stays.

    Scopes are separated by commas or spaces and replaced as a whole; an empty client_id takes its client away.
    """
    changes = read_members(members, flags=("permissions_claim",), lists=("scope",))
    for unknown in sorted(changes.keys() - {*_MEMBERS}):
        raise ClientMetadataInvalid(f"{unknown}: only {', '.join(_MEMBERS)} can be set.", field=unknown)
    if "permissions_claim" in changes:
        changes["permissions_claim"] = bool(changes["permissions_claim"])
    if "name" in changes:
        changes["name"] = changes["name"] or ""
    if changes.get("client_id") is not None:
        changes["client_id"] = parse_client_id(changes["client_id"])
    with tenant_unit(slug) as uow:
        row = resources.hold(uow, resources.get_by_identifier(uow, identifier).id)
        output.record(describe(uow, resources.update_resource(uow, row, changes)))


@verb(resource, "delete")
@tenant
@_resource
@yes
def delete(slug: str, identifier: str, yes: bool) -> None:
    """Delete an API; tokens for it live out their minutes."""
    confirm(yes, f"Delete the API {identifier} of {slug}?")
    with tenant_unit(slug) as uow:
        resources.remove(uow, resources.get_by_identifier(uow, identifier))
    output.done({"identifier": identifier, "deleted": True}, f"{identifier} is deleted.")


@verb(resource, "define-permission")
@tenant
@click.argument("identifier", metavar="URI")
@click.argument("name", metavar="PERMISSION")
@click.option("--description", default="", metavar="TEXT", help="For people.")
def define(slug: str, identifier: str, name: str, description: str) -> None:
    """Define a permission of an API, such as invoices:approve, for roles to give; or describe one of it anew."""
    with tenant_unit(slug) as uow:
        bounds.take_turn(uow)
        row = resources.get_by_identifier(uow, identifier)
        found = app_permissions.define(uow, row.id, name=name, description=description)
        output.record({"identifier": identifier, "name": found.name, "description": found.description})


@verb(resource, "permissions")
@tenant
@_resource
def permissions(slug: str, identifier: str) -> None:
    """List the permissions of an API."""
    with tenant_unit(slug) as uow:
        rows = app_permissions.list_of(uow, [resources.get_by_identifier(uow, identifier).id])
        documents = [{"name": row.name, "description": row.description} for row in rows]
    output.table(documents, ("name", "description"), empty="It defines no permission yet.")


@verb(resource, "remove-permission")
@tenant
@click.argument("identifier", metavar="URI")
@click.argument("name", metavar="PERMISSION")
@yes
def remove(slug: str, identifier: str, name: str, yes: bool) -> None:
    """Take a permission away, from every role too."""
    confirm(yes, f"Take the permission {name} of {identifier} away, from every role of {slug} too?")
    with tenant_unit(slug) as uow:
        bounds.take_turn(uow)
        app_permissions.remove(uow, resources.get_by_identifier(uow, identifier).id, name)
    output.done({"identifier": identifier, "name": name, "removed": True}, f"{name} is removed.")
