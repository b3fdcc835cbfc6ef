"""What is a privilege worth an alert: any of the product's own permissions that changes something, or acts elsewhere.

Whoever may only read is no news, and neither are permissions of the tenant's own applications: what these weigh, the
tenant knows.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import exists, or_, select

from idp.db.unit import UnitOfWork
from idp.rbac import effective
from idp.rbac.models import ClientRole, GroupRole, Role, RoleAssignment, RoleInclusion
from idp.rbac.permissions import Builtin, Permission, of_builtin

WEIGHTY = frozenset(
    permission.value
    for permission in Permission
    if not permission.value.endswith(":read") or permission is Permission.UPSTREAM_TOKENS_READ
)
_BUILTIN = frozenset(role.value for role in Builtin)


def weighty(names: Collection[str]) -> list[str]:
    """Those of `names` that are a privilege, sorted."""
    return sorted(WEIGHTY.intersection(names))


def of_role(uow: UnitOfWork, name: str) -> list[str]:
    """The privileges of the role of that name, with what it includes; asks the database of the tenant's own only."""
    if name in _BUILTIN:
        return weighty(of_builtin(name, uow.tenant.slug))
    role_id = uow.session.scalar(select(Role.id).where(Role.name == name))
    return [] if role_id is None else weighty(effective.of_roles(uow, [role_id]).permissions)


def of_group(uow: UnitOfWork, group_id: UUID) -> list[str]:
    """The privileges that being in a group gives."""
    return weighty(effective.of_group(uow, group_id).permissions)


def is_held(uow: UnitOfWork, role_id: UUID) -> bool:
    """Whether anybody holds a role, by itself or by one that includes it."""
    tenant_id = uow.tenant.id
    above = select(Role.id.label("role_id")).where(Role.tenant_id == tenant_id, Role.id == role_id)
    reached = above.cte("above", recursive=True)
    reached = reached.union(
        select(RoleInclusion.role_id).where(
            RoleInclusion.tenant_id == tenant_id, RoleInclusion.included_id == reached.c.role_id
        )
    )
    held = (
        exists().where(model.tenant_id == tenant_id, model.role_id.in_(select(reached.c.role_id)))
        for model in (RoleAssignment, GroupRole, ClientRole)
    )
    return bool(uow.session.scalar(select(or_(*held))))
