"""``idp role``: what can be held in a tenant, and what it permits."""

from typing import Any

import click

from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import confirm, named, tenant, verb, yes
from idp.db.unit import UnitOfWork
from idp.rbac import roles
from idp.rbac import service as rbac
from idp.rbac.models import Role

_role = named("name", "--name", "--role", metavar="ROLE", text="As `idp role list` shows it.")
_description = click.option("--description", metavar="TEXT", help="For people.")
_permissions = click.option(
    "--permission", "permissions", multiple=True, metavar="PERMISSION", help="That it gives; may be repeated."
)
_includes = click.option("--include", "includes", multiple=True, metavar="ROLE", help="May be repeated.")


@click.group()
def role() -> None:
    """Roles: list, show, create, update, delete.  ``idp user assign-role`` and ``idp group give-role`` give one."""


@verb(role, "list")
@tenant
def list_(slug: str) -> None:
    """List every role."""
    with tenant_unit(slug) as uow:
        rows = rbac.list_roles(uow)
        included = roles.included_by(uow, [row.id for row in rows])
        documents = [_described(uow, row, included[row.id]) for row in rows]
    output.table(documents, ("name", "is_builtin", "permissions", "includes"), empty="There is no role.")


@verb(role, "show")
@tenant
@_role
def show(slug: str, name: str) -> None:
    """Show a role."""
    with tenant_unit(slug) as uow:
        output.record(describe(uow, rbac.get_role(uow, name)))


@verb(role, "create")
@tenant
@_role
@_description
@_permissions
@_includes
def create(
    slug: str, name: str, description: str | None, permissions: tuple[str, ...], includes: tuple[str, ...]
) -> None:
    """Make a role."""
    with tenant_unit(slug) as uow:
        row = roles.create_role(
            uow, name=name, description=description or "", permissions=permissions, includes=includes
        )
        output.record(describe(uow, row))


@verb(role, "update")
@tenant
@_role
@click.option("--rename", metavar="NAME", help="What it is called from now on.")
@_description
@_permissions
@_includes
@click.option("--no-permissions", is_flag=True, help="It permits nothing by itself.")
@click.option("--no-includes", is_flag=True, help="It includes no other.")
def update(
    slug: str,
    name: str,
    rename: str | None,
    description: str | None,
    permissions: tuple[str, ...],
    includes: tuple[str, ...],
    no_permissions: bool,
    no_includes: bool,
) -> None:
    """Change a role.  What is given replaces what was there, what is left out stays."""
    if (permissions and no_permissions) or (includes and no_includes):
        raise click.UsageError("Give some or none, not both")
    with tenant_unit(slug) as uow:
        row = roles.update_role(
            uow,
            rbac.get_role(uow, name),
            name=rename,
            description=description,
            permissions=permissions if permissions or no_permissions else None,
            includes=includes if includes or no_includes else None,
        )
        output.record(describe(uow, row))


@verb(role, "delete")
@tenant
@_role
@yes
def delete(slug: str, name: str, yes: bool) -> None:
    """Delete a role; whoever holds it holds it no more."""
    confirm(yes, f"Delete the role {name} of {slug}?")
    with tenant_unit(slug) as uow:
        roles.delete_role(uow, rbac.get_role(uow, name))
    output.done({"name": name, "deleted": True}, f"{name} is deleted.")


def describe(uow: UnitOfWork, row: Role) -> dict[str, Any]:
    """A role, for people and programs."""
    uow.flush()
    return _described(uow, row, roles.included_by(uow, [row.id])[row.id])


def _described(uow: UnitOfWork, row: Role, included: list[str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "is_builtin": row.is_builtin,
        "permissions": roles.permissions_of(uow, row),
        "includes": included,
        "created_at": row.created_at,
    }
