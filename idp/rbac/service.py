"""Who holds which role: people, groups and machine clients; and the built-in roles that every tenant begins with.

Taking away wants the same as giving (R48): whoever may not grant a role may not take it from somebody either, and
whoever may grant it may take it from anybody, for they cannot thereby become more than they are.
"""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.service import Target
from idp.events.types import EventType
from idp.rbac import bounds, effective, roles
from idp.rbac.errors import ClientIsNoMachine, NoSuchRole, OwnersArePeople
from idp.rbac.models import ClientRole, Group, GroupRole, Role, RoleAssignment
from idp.rbac.permissions import Builtin
from idp.users.models import User

Assignment = type[RoleAssignment] | type[GroupRole] | type[ClientRole]


class Machine(Target, Protocol):
    """A client, of which this package knows as much."""

    @property
    def grant_types(self) -> Sequence[str]: ...  # noqa: D102


def create_builtin_roles(uow: UnitOfWork, _created: Event) -> None:
    """Give a new tenant its built-in roles."""
    for name in Builtin:
        uow.add(Role(name=name.value, is_builtin=True))


def assign_role(uow: UnitOfWork, user: User, role: Role | str) -> bool:
    """Let a person hold a role; answers whether they did not yet.

    Raises:
        NoSuchRole: the tenant has no such role.
        BeyondYourOwn: it permits more than the actor may do.
    """
    return give(uow, user, _grantable(uow, role))


def give(uow: UnitOfWork, user: User, role: Role) -> bool:
    """As `assign_role`, when whoever decided it was asked before: by an invitation, or by the rules of sign-up."""
    return _give(uow, RoleAssignment, user, role, user_id=user.id)


def unassign_role(uow: UnitOfWork, user: User, role: Role | str) -> bool:
    """Take a role from a person; binds at the next use of whatever they have (R8).

    Raises:
        NoSuchRole: the tenant has no such role.
        BeyondYourOwn: it permits more than the actor may do.
        LastOwner: nobody else is an owner.
    """
    return _take(uow, RoleAssignment, user, _grantable(uow, role), user_id=user.id)


def take_back(uow: UnitOfWork, user: User, role: Role) -> bool:
    """As `unassign_role`, when whoever decided it was asked before: by a mapping of an upstream's groups."""
    return _take(uow, RoleAssignment, user, role, user_id=user.id)


def assign_to_group(uow: UnitOfWork, group: Group, role: Role | str) -> bool:
    """Let the people of a group hold a role.

    Raises:
        NoSuchRole, BeyondYourOwn: as `assign_role`.
        OwnersArePeople: no group has the role ``owner``.
    """
    found = _grantable(uow, role)
    if found.is_builtin and found.name == Builtin.OWNER:
        raise OwnersArePeople("The role owner is held by people, one by one: not by groups, and no role includes it.")
    return _give(uow, GroupRole, group, found, group_id=group.id)


def unassign_from_group(uow: UnitOfWork, group: Group, role: Role | str) -> bool:
    """Take a role from a group.

    Raises:
        NoSuchRole, BeyondYourOwn: as `unassign_role`.
    """
    return _take(uow, GroupRole, group, _grantable(uow, role), group_id=group.id)


def assign_to_client(uow: UnitOfWork, client: Machine, role: Role | str) -> bool:
    """Let a machine client hold a role; what it may do is that and its scope, both.

    Raises:
        NoSuchRole, BeyondYourOwn: as `assign_role`.
        ClientIsNoMachine: it never acts for itself.
    """
    if "client_credentials" not in client.grant_types:
        raise ClientIsNoMachine("Only a client with the client_credentials grant acts for itself, and can hold a role.")
    return _give(uow, ClientRole, client, _grantable(uow, role), client_id=client.id)


def unassign_from_client(uow: UnitOfWork, client: Target, role: Role | str) -> bool:
    """Take a role from a machine client, or from what was one.

    Raises:
        NoSuchRole, BeyondYourOwn: as `unassign_role`.
    """
    return _take(uow, ClientRole, client, _grantable(uow, role), client_id=client.id)


def roles_of_user(uow: UnitOfWork, user_id: UUID) -> Sequence[Role]:
    """The roles that a person holds themselves, by name; `effective.of_user` counts those of groups and inclusions."""
    return _held(uow, RoleAssignment, RoleAssignment.user_id == user_id)


def roles_of_group(uow: UnitOfWork, group_id: UUID) -> Sequence[Role]:
    """The roles that a group gives, by name."""
    return _held(uow, GroupRole, GroupRole.group_id == group_id)


def roles_of_client(uow: UnitOfWork, client_id: UUID) -> Sequence[Role]:
    """The roles that a machine client holds, by name."""
    return _held(uow, ClientRole, ClientRole.client_id == client_id)


def names_of(uow: UnitOfWork, user_id: UUID) -> list[str]:
    """The names of the roles that a person holds in any way, sorted."""
    return list(effective.of_user(uow, user_id).roles)


def list_roles(uow: UnitOfWork) -> Sequence[Role]:
    """The tenant's roles by name."""
    return uow.session.scalars(select(Role).order_by(Role.name)).all()


def get_role(uow: UnitOfWork, name: str) -> Role:
    """The role of that name.

    Raises:
        NoSuchRole: the tenant has no such role.
    """
    role = uow.session.scalar(select(Role).where(Role.name == name))
    if role is None:
        known = ", ".join(role.name for role in list_roles(uow)[:20])
        raise NoSuchRole(f"There is no role {name!r}. Known: {known}.")
    return role


def _grantable(uow: UnitOfWork, role: Role | str) -> Role:
    """The role as it stays until the end, which the actor may give and take."""
    bounds.take_turn(uow)
    found = get_role(uow, role) if isinstance(role, str) else roles.get_to_change(uow, role.id)
    bounds.require_grantable(uow, effective.of_roles(uow, [found.id]).permissions)
    return found


def _give(uow: UnitOfWork, model: Assignment, holder: Target, role: Role, **key: UUID) -> bool:
    uow.flush()
    row = {"tenant_id": uow.tenant.id, "role_id": role.id, **key}
    done = uow.execute(insert(model).values(row).on_conflict_do_nothing().returning(model.role_id)).first()
    if done is not None:
        events.record(uow, EventType.ROLE_ASSIGNED, holder, role=role.name)
    return done is not None


def _take(uow: UnitOfWork, model: Assignment, holder: Target, role: Role, **key: UUID) -> bool:
    theirs = [getattr(model, column) == value for column, value in key.items()]
    done = uow.execute(delete(model).where(model.role_id == role.id, *theirs).returning(model.role_id)).first()
    if done is not None:
        events.record(uow, EventType.ROLE_UNASSIGNED, holder, role=role.name)
    return done is not None


def _held(uow: UnitOfWork, model: Assignment, theirs: Any) -> Sequence[Role]:
    same = (model.tenant_id == Role.tenant_id) & (model.role_id == Role.id)
    return uow.session.scalars(select(Role).join(model, same).where(theirs).order_by(Role.name)).all()
