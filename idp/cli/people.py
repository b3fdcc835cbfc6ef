"""What the verbs on people share: how one is named, found, made and shown."""

from typing import Any
from uuid import UUID

from idp.authn import passwords
from idp.cli.options import named
from idp.db.unit import UnitOfWork
from idp.rbac import service as rbac
from idp.users import service as users
from idp.users.errors import NoSuchUser
from idp.users.models import User, UserEmail

who = named("who", "--email", "--user", metavar="USER", text="Their email address, or their id.")


def find(uow: UnitOfWork, spelled: str) -> User:
    """The person with this id or address.

    Raises:
        NoSuchUser: nobody here has it.
    """
    try:
        row = uow.find(User, UUID(spelled))
    except ValueError:
        return users.get_by_email(uow, spelled)
    if row is None:
        raise NoSuchUser(f"Nobody here has the id {spelled}.")
    return row


def add(uow: UnitOfWork, *, email: str, password: str, roles: list[str], verified: bool, name: str | None) -> User:
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
        "state": _state(row),
        "created_at": row.created_at,
        "disabled_at": row.disabled_at,
        "deletes_at": row.deletes_at,
    }


def whole(uow: UnitOfWork, row: User) -> dict[str, Any]:
    """The same with their roles."""
    uow.flush()
    return {**describe(row, users.primary_email(uow, row.id)), "roles": rbac.names_of(uow, row.id)}


def _state(row: User) -> str:
    if row.disabled_at is not None:
        return "disabled"
    return "active" if row.deletes_at is None else "leaving"
