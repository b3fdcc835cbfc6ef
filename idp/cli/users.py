"""``idp user``: the people of a tenant."""

from typing import Any
from uuid import UUID

import click

from idp.cli import output, people
from idp.cli.access import reset_password, sessions, set_password, unlock, verify
from idp.cli.connect import tenant_unit
from idp.cli.identities import identities, unlink
from idp.cli.invitations import invite
from idp.cli.leaving import delete, erase, export
from idp.cli.options import password_stdin, read_password, tenant, verb
from idp.cli.rights import permissions
from idp.rbac import service as rbac
from idp.users import service as users

PAGE = 500
_role = click.option("--role", "roles", multiple=True, required=True, metavar="ROLE", help="May be repeated.")


@click.group()
def user() -> None:
    """People: invite, create, list, let in, shut out, what they may do, export, erase."""


@verb(user, "create")
@tenant
@click.option("--email", required=True)
@password_stdin
@click.option("--verified", is_flag=True, help="We know that the address is theirs.")
@click.option("--name", help="Their full name.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role to hold; may be repeated.")
def create(
    slug: str, email: str, password_stdin: bool, verified: bool, name: str | None, roles: tuple[str, ...]
) -> None:
    """Add a person; unless a password is given, one is made and shown once."""
    password, shown = read_password(password_stdin)
    with tenant_unit(slug) as uow:
        row = people.add(uow, email=email, password=password, roles=[*roles], verified=verified, name=name)
        document = {**people.whole(uow, row), **shown}
    output.record(document, once="password")


@verb(user, "list")
@tenant
def list_(slug: str) -> None:
    """List everybody, oldest first."""
    documents: list[dict[str, Any]] = []
    with tenant_unit(slug) as uow:
        after: UUID | None = None
        while page := users.list_page(uow, after=after, limit=PAGE):
            documents += [people.describe(row, email) for row, email in page]
            after = page[-1][0].id
            uow.session.expunge_all()
    output.table(
        documents, ("email", "email_verified", "name", "state", "created_at", "id"), empty="There is nobody yet."
    )


@verb(user, "show")
@tenant
@people.who
def show(slug: str, who: str) -> None:
    """Show a person with their roles."""
    with tenant_unit(slug) as uow:
        output.record(people.whole(uow, people.find(uow, who)))


@verb(user, "disable")
@tenant
@people.who
def disable(slug: str, who: str) -> None:
    """Shut a person out, now, with their sessions and tokens."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        users.disable(uow, row)
        document = people.whole(uow, row)
    output.done(document, f"{document['email']} is disabled and signed out.")


@verb(user, "enable")
@tenant
@people.who
def enable(slug: str, who: str) -> None:
    """Let a disabled person sign in again."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        users.enable(uow, row)
        document = people.whole(uow, row)
    output.done(document, f"{document['email']} can sign in again.")


@verb(user, "assign-role")
@tenant
@people.who
@_role
def assign_role(slug: str, who: str, roles: tuple[str, ...]) -> None:
    """Let a person hold roles."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        for role in roles:
            rbac.assign_role(uow, row, role)
        output.record(people.whole(uow, row))


@verb(user, "unassign-role")
@tenant
@people.who
@_role
def unassign_role(slug: str, who: str, roles: tuple[str, ...]) -> None:
    """Take roles from a person; binds at their next token."""
    with tenant_unit(slug) as uow:
        row = people.find(uow, who)
        for role in roles:
            rbac.unassign_role(uow, row, role)
        output.record(people.whole(uow, row))


for command in (
    *(invite, permissions, reset_password, set_password, verify, unlock, sessions, identities, unlink),
    *(export, erase, delete),
):
    user.add_command(command)
