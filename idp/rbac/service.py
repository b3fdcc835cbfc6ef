"""Verbs on roles: make the built-in ones, assign, unassign, tell who holds what."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.rbac.errors import NoSuchRole
from idp.rbac.models import Role, RoleAssignment
from idp.users.models import User


class Builtin(StrEnum):
    """Roles that every tenant has."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


def create_builtin_roles(uow: UnitOfWork, _created: Event) -> None:
    """Give a new tenant its built-in roles."""
    for name in Builtin:
        uow.add(Role(name=name.value, is_builtin=True))


def assign_role(uow: UnitOfWork, user: User, name: str) -> None:
    """Let `user` hold the role `name`; holding it already is fine.

    Raises:
        NoSuchRole: the tenant has no such role.
    """
    role = get_role(uow, name)
    row = {"tenant_id": uow.tenant.id, "user_id": user.id, "role_id": role.id}
    done = uow.execute(insert(RoleAssignment).values(row).on_conflict_do_nothing().returning(RoleAssignment.role_id))
    if done.first() is not None:
        events.record(uow, EventType.ROLE_ASSIGNED, user, role=name)


def unassign_role(uow: UnitOfWork, user: User, name: str) -> None:
    """Take the role `name` from `user`; binds at their next token (R8).

    Raises:
        NoSuchRole: the tenant has no such role.
    """
    role = get_role(uow, name)
    done = uow.execute(
        delete(RoleAssignment)
        .where(RoleAssignment.user_id == user.id, RoleAssignment.role_id == role.id)
        .returning(RoleAssignment.role_id)
    )
    if done.first() is not None:
        events.record(uow, EventType.ROLE_UNASSIGNED, user, role=name)


def list_roles(uow: UnitOfWork) -> Sequence[Role]:
    """The tenant's roles by name."""
    return uow.session.scalars(select(Role).order_by(Role.name)).all()


def names_of(uow: UnitOfWork, user_id: UUID) -> list[str]:
    """The names of the roles that a person holds, sorted."""
    return uow.session.scalar(select(held_by(uow.tenant.id, user_id))) or []


def held_by(tenant_id: Any, user_id: Any) -> ScalarSelect[list[str]]:
    """The same as a subquery, so that a hot path needs no round trip for it.

    Args:
        tenant_id: a value or a column of the outer query.
        user_id: the same.
    """
    on: ColumnElement[bool] = (Role.tenant_id == RoleAssignment.tenant_id) & (Role.id == RoleAssignment.role_id)
    return (
        select(func.array_agg(Role.name.distinct()))
        .join(RoleAssignment, on)
        .where(RoleAssignment.tenant_id == tenant_id, RoleAssignment.user_id == user_id)
        .scalar_subquery()
    )


def get_role(uow: UnitOfWork, name: str) -> Role:
    """The role of that name.

    Raises:
        NoSuchRole: the tenant has no such role.
    """
    role = uow.session.scalar(select(Role).where(Role.name == name))
    if role is None:
        known = ", ".join(role.name for role in list_roles(uow))
        raise NoSuchRole(f"There is no role {name!r}. Known: {known}.")
    return role
