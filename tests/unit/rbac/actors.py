"""People with just these permissions, and what they do."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from idp.actor import Actor, ActorKind
from idp.db.unit import UnitOfWork
from idp.ids import new_id
from idp.rbac import roles
from idp.rbac import service as rbac
from idp.users.models import User
from tests.factories import People, make_user


def make_role(people: People, name: str, *permitted: str, includes: tuple[str, ...] = ()) -> UUID:
    """By somebody who may."""
    with people.unit() as uow:
        return roles.create_role(uow, name=name, permissions=permitted, includes=includes).id


def somebody(people: People, *permitted: str) -> User:
    """A person with a role that permits this."""
    name = new_id().hex
    make_role(people, name, *permitted)
    with people.unit() as uow:
        return make_user(uow, email=f"{name}@example.com", roles=(name,))


@contextmanager
def acting(people: People, user_id: UUID, *permitted: str, kind: ActorKind = ActorKind.USER) -> Iterator[UnitOfWork]:
    """A unit in which they act, by a token that permits this."""
    with people.unit() as uow:
        uow.actor = Actor(kind).authenticated(kind, user_id, permitted)
        yield uow


def roles_of(people: People, user_id: UUID) -> list[str]:
    with people.unit() as uow:
        return rbac.names_of(uow, user_id)
