"""What somebody may do, all told: their own roles, the roles of their groups, and whatever those include.

The subqueries let a hot path read it in the same round trip as what it reads anyway (R8: it is what holds now).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select

from idp.db.unit import TenantRow, UnitOfWork
from idp.rbac import permissions
from idp.rbac.models import ClientRole, GroupMember, GroupRole, Role, RoleAssignment, RoleInclusion
from idp.rbac.permissions import EVERY_APP_PERMISSION


@dataclass(frozen=True, slots=True)
class Rights:
    """Roles and what they permit.

    Attributes:
        roles: names, sorted.
        permissions: of the product and of the tenant's applications; `EVERY_APP_PERMISSION` stands for all of these.
    """

    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()

    def among(self, names: Iterable[str]) -> list[str]:
        """Those of the application permissions `names` that are permitted, in their order."""
        every = EVERY_APP_PERMISSION in self.permissions
        return [name for name in names if every or name in self.permissions]


def rights(tenant: TenantRow, rows: Iterable[Collection[Any]] | None) -> Rights:
    """What the rows of a subquery of this module mean in `tenant`."""
    held = list(rows or ())
    permitted: set[str] = set()
    for name, is_builtin, own in held:
        permitted |= permissions.of_builtin(name, tenant.slug) if is_builtin else set(own)
    return Rights(tuple(sorted(name for name, *_ in held)), frozenset(permitted))


def of_user(uow: UnitOfWork, user_id: UUID) -> Rights:
    """What a person may do now."""
    return rights(uow.tenant, uow.session.scalar(select(user_roles(uow.tenant.id, user_id))))


def of_client(uow: UnitOfWork, client_id: UUID) -> Rights:
    """What a machine client may do now, whatever its scope."""
    return rights(uow.tenant, uow.session.scalar(select(client_roles(uow.tenant.id, client_id))))


def of_roles(uow: UnitOfWork, role_ids: Collection[UUID]) -> Rights:
    """What roles permit, with all that they include."""
    start = select(Role.id.label("role_id")).where(Role.tenant_id == uow.tenant.id, Role.id.in_(role_ids))
    return rights(uow.tenant, uow.session.scalar(select(_reached(uow.tenant.id, start))))


def of_group(uow: UnitOfWork, group_id: UUID) -> Rights:
    """What being in a group permits."""
    start = select(GroupRole.role_id).where(GroupRole.tenant_id == uow.tenant.id, GroupRole.group_id == group_id)
    return rights(uow.tenant, uow.session.scalar(select(_reached(uow.tenant.id, start))))


def user_roles(tenant_id: Any, user_id: Any) -> ScalarSelect[list[Any]]:
    """Rows for `rights` of a person, as a subquery.

    Args:
        tenant_id: a value, or an expression over the outer query that names its table itself (`literal_column`).
        user_id: the same.
    """
    through_groups = (
        select(GroupRole.role_id)
        .join(GroupMember, _same_tenant(GroupMember, GroupRole) & (GroupMember.group_id == GroupRole.group_id))
        .where(GroupMember.tenant_id == tenant_id, GroupMember.user_id == user_id)
    )
    own = select(RoleAssignment.role_id).where(RoleAssignment.tenant_id == tenant_id, RoleAssignment.user_id == user_id)
    both = own.union(through_groups).subquery()
    return _reached(tenant_id, select(both.c.role_id))


def client_roles(tenant_id: Any, client_id: Any) -> ScalarSelect[list[Any]]:
    """The same of a machine client."""
    own = select(ClientRole.role_id).where(ClientRole.tenant_id == tenant_id, ClientRole.client_id == client_id)
    return _reached(tenant_id, own)


def _reached(tenant_id: Any, start: Select[UUID]) -> ScalarSelect[list[Any]]:
    """The roles that `start` selects and, step by step, those that they include, as one JSON array of rows."""
    reached = start.cte("reached", recursive=True, nesting=True)
    reached = reached.union(
        select(RoleInclusion.included_id).where(
            RoleInclusion.tenant_id == tenant_id, RoleInclusion.role_id == reached.c.role_id
        )
    )
    row = func.jsonb_build_array(Role.name, Role.is_builtin, Role.permissions)
    return (
        select(func.jsonb_agg(row))
        .where(Role.tenant_id == tenant_id, Role.id.in_(select(reached.c.role_id)))
        .scalar_subquery()
    )


def _same_tenant(one: Any, other: Any) -> ColumnElement[bool]:
    same: ColumnElement[bool] = one.tenant_id == other.tenant_id
    return same
