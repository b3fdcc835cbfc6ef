"""Verbs on roles that a tenant makes itself: create, change, delete, and what they include."""

import re
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, func, select

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.rbac import bounds, effective, permissions
from idp.rbac.errors import (
    NoSuchRole,
    OwnersArePeople,
    RoleCycle,
    RoleInvalid,
    RoleIsBuiltin,
    RoleNameTaken,
    TooManyOfThem,
)
from idp.rbac.models import AppPermission, Role, RoleInclusion
from idp.rbac.permissions import Builtin

MAX_ROLES = 1_000
MAX_PERMISSIONS = 500
MAX_INCLUDED = 50
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


def get(uow: UnitOfWork, role_id: UUID) -> Role:
    """The role with this id.

    Raises:
        NoSuchRole: none of this tenant.
    """
    role = uow.find(Role, role_id)
    if role is None:
        raise NoSuchRole("There is no such role.")
    return role


def get_to_change(uow: UnitOfWork, role_id: UUID) -> Role:
    """The role with this id, as it is and stays until this transaction ends.

    Raises:
        NoSuchRole: none of this tenant.
    """
    bounds.take_turn(uow)
    role = uow.session.get(Role, (uow.tenant.id, role_id), populate_existing=True)
    if role is None:
        raise NoSuchRole("There is no such role.")
    return role


def permissions_of(uow: UnitOfWork, role: Role) -> list[str]:
    """What a role permits by itself, sorted."""
    return sorted(permissions.of_builtin(role.name, uow.tenant.slug) if role.is_builtin else role.permissions)


def included_by(uow: UnitOfWork, role_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Names of the roles that each of `role_ids` includes directly, sorted."""
    same = (Role.tenant_id == RoleInclusion.tenant_id) & (Role.id == RoleInclusion.included_id)
    rows = uow.execute(
        select(RoleInclusion.role_id, Role.name)
        .join(Role, same)
        .where(RoleInclusion.role_id.in_(role_ids))
        .order_by(Role.name)
    ).all()
    names: dict[UUID, list[str]] = {role_id: [] for role_id in role_ids}
    for row in rows:
        names[row.role_id].append(row.name)
    return names


def create_role(
    uow: UnitOfWork,
    *,
    name: str,
    description: str = "",
    permissions: Collection[str] = (),
    includes: Collection[str] = (),
) -> Role:
    """Make a role.

    Args:
        uow: the tenant's unit.
        name: 1 to 64 of a-z, 0-9, and ``. _ -`` inside; unique in the tenant.
        description: for people.
        permissions: names from the catalogue, or of the tenant's applications.
        includes: names of roles that whoever holds this one holds too.

    Raises:
        RoleInvalid, RoleNameTaken, NoSuchRole, OwnersArePeople, TooManyOfThem: it cannot be so.
        BeyondYourOwn: it permits more than the actor may do.
    """
    bounds.take_turn(uow)
    if (uow.session.scalar(select(func.count()).select_from(Role)) or 0) >= MAX_ROLES:
        raise TooManyOfThem(f"A tenant has at most {MAX_ROLES} roles.")
    _require_name(uow, name)
    role = uow.add(Role(id=new_id(), name=name, is_builtin=False, description=_described(description)))
    uow.flush()
    events.record(uow, EventType.ROLE_CREATED, role, role=name)
    _permit(uow, role, permissions)
    _include(uow, role, includes)
    return role


def update_role(
    uow: UnitOfWork,
    role: Role,
    *,
    name: str | None = None,
    description: str | None = None,
    permissions: Collection[str] | None = None,
    includes: Collection[str] | None = None,
) -> Role:
    """Change a role; what is None stays.  Binds at the next use of whatever its holders have.

    Raises:
        NoSuchRole: somebody deleted it meanwhile.
        RoleIsBuiltin: the tenant did not make it.
        RoleInvalid, RoleNameTaken, NoSuchRole, RoleCycle, OwnersArePeople: it cannot be so.
        BeyondYourOwn: it permits, or did, more than the actor may do.
    """
    role = get_to_change(uow, role.id)
    _refuse_builtin(role)
    permitted = effective.of_roles(uow, [role.id]).permissions
    bounds.require_grantable(uow, permitted)
    changed, before = [], role.name
    if name is not None and name != role.name:
        _require_name(uow, name)
        role.name = name
        changed.append("name")
    if description is not None and _described(description) != role.description:
        role.description = _described(description)
        changed.append("description")
    if permissions is not None and sorted(set(permissions)) != role.permissions:
        _permit(uow, role, permissions)
        changed.append("permissions")
    if includes is not None and sorted(set(includes)) != included_by(uow, [role.id])[role.id]:
        _include(uow, role, includes)
        changed.append("includes")
    if changed:
        role.updated_at = uow.now
        uow.flush()
        gained: list[str] = []
        if not {"permissions", "includes"}.isdisjoint(changed):
            gained = sorted(effective.of_roles(uow, [role.id]).permissions - permitted)
        events.record(
            uow,
            EventType.ROLE_UPDATED,
            role,
            role=role.name,
            renamed_from=before,
            changed=changed,
            gained=gained,
        )
    uow.flush()
    return role


def delete_role(uow: UnitOfWork, role: Role) -> None:
    """Delete a role; whoever holds it holds it no more.

    Raises:
        NoSuchRole: somebody else did.
        RoleIsBuiltin: the tenant did not make it.
        BeyondYourOwn: it permits more than the actor may do.
    """
    role = get_to_change(uow, role.id)
    _refuse_builtin(role)
    bounds.require_grantable(uow, effective.of_roles(uow, [role.id]).permissions)
    events.record(uow, EventType.ROLE_DELETED, role, role=role.name)
    uow.flush()
    uow.execute(delete(Role).where(Role.id == role.id))


def _permit(uow: UnitOfWork, role: Role, wanted: Collection[str]) -> None:
    names = sorted(set(wanted))
    if len(names) > MAX_PERMISSIONS:
        raise RoleInvalid(f"A role permits at most {MAX_PERMISSIONS} things by itself.", field="permissions")
    own = permissions.catalogue(uow.tenant.slug)
    of_apps = [name for name in names if name not in own]
    known = set(uow.session.scalars(select(AppPermission.name).where(AppPermission.name.in_(of_apps))).all())
    unknown = [name for name in of_apps if name not in known]
    if unknown:
        raise RoleInvalid(f"There is no permission {unknown[0][:100]!r}.", field="permissions")
    bounds.require_grantable(uow, names)
    role.permissions = names


def _include(uow: UnitOfWork, role: Role, names: Collection[str]) -> None:
    wanted = set(names)
    if len(wanted) > MAX_INCLUDED:
        raise RoleInvalid(f"A role includes at most {MAX_INCLUDED} others.", field="includes")
    found: Sequence[Role] = uow.session.scalars(select(Role).where(Role.name.in_(wanted))).all()
    if missing := sorted(wanted - {other.name for other in found}):
        raise NoSuchRole(f"There is no role {missing[0][:100]!r}.")
    if any(other.is_builtin and other.name == Builtin.OWNER for other in found):
        raise OwnersArePeople("The role owner is held by people, one by one: not by groups, and no role includes it.")
    ids = [other.id for other in found]
    if role.id in ids or role.name in effective.of_roles(uow, ids).roles:
        raise RoleCycle(f"{role.name} would include itself.")
    bounds.require_grantable(uow, effective.of_roles(uow, ids).permissions)
    uow.execute(delete(RoleInclusion).where(RoleInclusion.role_id == role.id))
    for included_id in ids:
        uow.add(RoleInclusion(role_id=role.id, included_id=included_id))
    uow.flush()


def _require_name(uow: UnitOfWork, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise RoleInvalid("A role's name is 1 to 64 of a-z, 0-9, and . _ - inside.", field="name")
    if uow.session.scalar(select(Role.id).where(Role.name == name)) is not None:
        raise RoleNameTaken(f"There is a role {name!r} already.")


def _described(text: str) -> str:
    described = " ".join(text.split())
    if len(described) > 500 or not described.isprintable():  # noqa: PLR2004
        raise RoleInvalid("A description is one line of at most 500 characters.", field="description")
    return described


def _refuse_builtin(role: Role) -> None:
    if role.is_builtin:
        raise RoleIsBuiltin(f"The role {role.name} is built in: it can be held and included, not changed.")
