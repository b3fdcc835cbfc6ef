"""``idp group``: people of a tenant who get the same roles together."""

from typing import Any

import click
from sqlalchemy import select

from idp.cli import output, people
from idp.cli.connect import tenant_unit
from idp.cli.options import confirm, named, tenant, verb, yes
from idp.db.unit import UnitOfWork
from idp.rbac import groups
from idp.rbac import service as rbac
from idp.rbac.models import Group

_group = named("name", "--group", "--name", metavar="GROUP", text="As `idp group list` shows it.")
_role = click.option("--role", "roles", multiple=True, required=True, metavar="ROLE", help="May be repeated.")


@click.group()
def group() -> None:
    """Groups: list, create, delete, who is in them, and what roles they give."""


@verb(group, "list")
@tenant
def list_(slug: str) -> None:
    """List every group with its roles."""
    with tenant_unit(slug) as uow:
        documents = [describe(uow, row) for row in uow.session.scalars(select(Group).order_by(Group.name)).all()]
    output.table(documents, ("name", "roles", "description", "id"), empty="There is no group yet.")


@verb(group, "create")
@tenant
@_group
@click.option("--description", default="", metavar="TEXT", help="For people.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="That it gives; may be repeated.")
def create(slug: str, name: str, description: str, roles: tuple[str, ...]) -> None:
    """Make a group, with nobody in it."""
    with tenant_unit(slug) as uow:
        row = groups.create_group(uow, name=name, description=description)
        for role in roles:
            rbac.assign_to_group(uow, row, role)
        output.record(describe(uow, row))


@verb(group, "delete")
@tenant
@_group
@yes
def delete(slug: str, name: str, yes: bool) -> None:
    """Delete a group; its people stay, and lose what they had through it."""
    confirm(yes, f"Delete the group {name} of {slug}?")
    with tenant_unit(slug) as uow:
        groups.delete_group(uow, groups.get_by_name(uow, name))
    output.done({"name": name, "deleted": True}, f"{name} is deleted.")


@verb(group, "add-member")
@tenant
@_group
@people.who
def add_member(slug: str, name: str, who: str) -> None:
    """Put a person into a group."""
    with tenant_unit(slug) as uow:
        person = people.find(uow, who)
        groups.add_member(uow, groups.get_by_name(uow, name), person)
        output.record(people.whole(uow, person))


@verb(group, "remove-member")
@tenant
@_group
@people.who
def remove_member(slug: str, name: str, who: str) -> None:
    """Take a person out of a group."""
    with tenant_unit(slug) as uow:
        person = people.find(uow, who)
        groups.remove_member(uow, groups.get_by_name(uow, name), person)
        output.record(people.whole(uow, person))


@verb(group, "give-role")
@tenant
@_group
@_role
def give_role(slug: str, name: str, roles: tuple[str, ...]) -> None:
    """Let the people of a group hold roles."""
    with tenant_unit(slug) as uow:
        row = groups.get_by_name(uow, name)
        for role in roles:
            rbac.assign_to_group(uow, row, role)
        output.record(describe(uow, row))


@verb(group, "take-role")
@tenant
@_group
@_role
def take_role(slug: str, name: str, roles: tuple[str, ...]) -> None:
    """Take roles from a group; binds at the next token of its people."""
    with tenant_unit(slug) as uow:
        row = groups.get_by_name(uow, name)
        for role in roles:
            rbac.unassign_from_group(uow, row, role)
        output.record(describe(uow, row))


def describe(uow: UnitOfWork, row: Group) -> dict[str, Any]:
    """A group, for people and programs."""
    uow.flush()
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "roles": [role.name for role in rbac.roles_of_group(uow, row.id)],
        "created_at": row.created_at,
    }
