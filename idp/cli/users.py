"""``idp user``: the people of a tenant."""

from typing import Any
from uuid import UUID

import click

from idp.authn import passwords, sessions
from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import confirm, named, password_stdin, read_password, tenant, verb, yes
from idp.db.unit import UnitOfWork
from idp.rbac import service as rbac
from idp.users import service as users
from idp.users.errors import NoSuchUser
from idp.users.models import User, UserEmail

PAGE = 500
_who = named("who", "--email", "--user", metavar="USER", text="Their email address, or their id.")
_role = click.option("--role", "roles", multiple=True, required=True, metavar="ROLE", help="May be repeated.")


@click.group()
def user() -> None:
    """People: create, list, disable, enable, delete, passwords, roles, sessions."""


def add_person(
    uow: UnitOfWork, *, email: str, password: str, roles: list[str], verified: bool, name: str | None
) -> User:
    """A person who can sign in at once."""
    person = users.create(uow, email=email, verified=verified, name=name)
    uow.flush()
    passwords.set_password(uow, person, password)
    for role in roles:
        rbac.assign_role(uow, person, role)
    uow.flush()
    return person


def describe(row: User, email: UserEmail) -> dict[str, Any]:
    """A person, for people and programs."""
    return {
        "id": row.id,
        "email": email.address,
        "email_verified": email.verified_at is not None,
        "name": row.profile.name,
        "state": "active" if row.disabled_at is None else "disabled",
        "created_at": row.created_at,
        "disabled_at": row.disabled_at,
    }


def _whole(uow: UnitOfWork, row: User) -> dict[str, Any]:
    uow.flush()
    return {**describe(row, users.primary_email(uow, row.id)), "roles": rbac.names_of(uow, row.id)}


def _get(uow: UnitOfWork, who: str) -> User:
    try:
        row = uow.find(User, UUID(who))
    except ValueError:
        return users.get_by_email(uow, who)
    if row is None:
        raise NoSuchUser(f"Nobody here has the id {who}.")
    return row


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
        row = add_person(uow, email=email, password=password, roles=[*roles], verified=verified, name=name)
        document = {**_whole(uow, row), **shown}
    output.record(document, once="password")


@verb(user, "list")
@tenant
def list_(slug: str) -> None:
    """List everybody, oldest first."""
    documents: list[dict[str, Any]] = []
    with tenant_unit(slug) as uow:
        after: UUID | None = None
        while page := users.list_page(uow, after=after, limit=PAGE):
            documents += [describe(row, email) for row, email in page]
            after = page[-1][0].id
            uow.session.expunge_all()
    output.table(
        documents, ("email", "email_verified", "name", "state", "created_at", "id"), empty="There is nobody yet."
    )


@verb(user, "show")
@tenant
@_who
def show(slug: str, who: str) -> None:
    """Show a person with their roles."""
    with tenant_unit(slug) as uow:
        output.record(_whole(uow, _get(uow, who)))


@verb(user, "disable")
@tenant
@_who
def disable(slug: str, who: str) -> None:
    """Shut a person out, now, with their sessions and tokens."""
    with tenant_unit(slug) as uow:
        row = _get(uow, who)
        users.disable(uow, row)
        document = _whole(uow, row)
    output.done(document, f"{document['email']} is disabled and signed out.")


@verb(user, "enable")
@tenant
@_who
def enable(slug: str, who: str) -> None:
    """Let a disabled person sign in again."""
    with tenant_unit(slug) as uow:
        row = _get(uow, who)
        users.enable(uow, row)
        document = _whole(uow, row)
    output.done(document, f"{document['email']} can sign in again.")


@verb(user, "delete")
@tenant
@_who
@yes
def delete(slug: str, who: str, yes: bool) -> None:
    """Delete a person with everything that hangs on them."""
    confirm(yes, f"Delete {who} of {slug}, for good?")
    with tenant_unit(slug) as uow:
        row = _get(uow, who)
        document = _whole(uow, row)
        leaving.erase(uow, row)
    output.done({**document, "state": "deleted"}, f"{document['email']} is deleted.")


@verb(user, "set-password")
@tenant
@_who
@password_stdin
def set_password(slug: str, who: str, password_stdin: bool) -> None:
    """Give a person another password; they are signed out everywhere."""
    password, shown = read_password(password_stdin)
    with tenant_unit(slug) as uow:
        row = _get(uow, who)
        passwords.set_password(uow, row, password)
        document = {**_whole(uow, row), **shown}
    output.record(document, once="password")


@verb(user, "assign-role")
@tenant
@_who
@_role
def assign_role(slug: str, who: str, roles: tuple[str, ...]) -> None:
    """Let a person hold roles."""
    with tenant_unit(slug) as uow:
        row = _get(uow, who)
        for role in roles:
            rbac.assign_role(uow, row, role)
        output.record(_whole(uow, row))


@verb(user, "unassign-role")
@tenant
@_who
@_role
def unassign_role(slug: str, who: str, roles: tuple[str, ...]) -> None:
    """Take roles from a person; binds at their next token."""
    with tenant_unit(slug) as uow:
        row = _get(uow, who)
        for role in roles:
            rbac.unassign_role(uow, row, role)
        output.record(_whole(uow, row))


@verb(user, "sessions")
@tenant
@_who
@click.option("--end", is_flag=True, help="Sign them out everywhere.")
def sessions_(slug: str, who: str, end: bool) -> None:
    """List where a person is signed in."""
    with tenant_unit(slug) as uow:
        row = _get(uow, who)
        documents = [
            {
                "id": session.id,
                "created_at": session.created_at,
                "last_seen_at": session.last_seen_at,
                "expires_at": session.expires_at,
                "ip": session.ip,
                "user_agent": session.user_agent,
            }
            for session in sessions.list_of(uow, row.id)
        ]
        if end:
            sessions.end_all(uow, row.id, reason="operator")
    output.table(
        documents, ("id", "created_at", "last_seen_at", "ip", "user_agent"), empty=f"{who} is not signed in anywhere."
    )
