"""Operators who act for a tenant: for a reason, for a while, with the permissions that they named (R48).

The row is the tenant's own, so that its people see it and can end it.  A token says which row it stands on, and is as
good as that row.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, true, update

from idp.db.unit import UnitOfWork
from idp.errors import Gone, Invalid, NotFound
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.rbac import permissions as catalogue
from idp.rbac.models import OperatorAccess
from idp.tenants.errors import TenantIsBuiltin
from idp.tenants.models import SYSTEM_SLUG, Tenant

LONGEST = timedelta(minutes=60)
SHORTEST_REASON, LONGEST_REASON = 10, 500
_NOT_BEFORE = select(Tenant.not_before).where(Tenant.id == OperatorAccess.tenant_id).scalar_subquery()
LIVING = (
    OperatorAccess.ended_at.is_(None),
    OperatorAccess.expires_at > func.now(),
    func.coalesce(OperatorAccess.created_at > _NOT_BEFORE, true()),
)
"""Of an access that is good right now, by the database's time (R61), and younger than its tenant's epoch (R65)."""


class NoSuchAccess(NotFound):
    """No access of this tenant has that id."""

    code = "no-such-access"


class AccessEnded(Gone):
    """The access was ended, or its time is over."""

    code = "access-ended"


class AccessInvalid(Invalid):
    """No reason, no permission, or one that the tenant does not know."""

    code = "access-invalid"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody of the tenant ``system``, a person or a machine client, and what the tenant shall see of them."""

    id: UUID
    name: str


def begin(
    uow: UnitOfWork, operator: Operator, *, reason: str, lasting: timedelta, permissions: Collection[str]
) -> OperatorAccess:
    """Let `operator` act for the tenant.

    Args:
        uow: the tenant's unit.
        operator: who may act, and nobody else by this.
        reason: for whoever reads it later, in the tenant too.
        lasting: an hour at most.
        permissions: all that they may do there; names of the product's catalogue.

    Raises:
        TenantIsBuiltin: operators are people of ``system`` themselves, and have no other rights there.
        AccessInvalid: the reason is too short, or a permission means nothing in this tenant.
    """
    if uow.tenant.slug == SYSTEM_SLUG:
        raise TenantIsBuiltin("Nobody acts for the tenant 'system': its people have roles there.")
    written = " ".join(reason.split())
    if not SHORTEST_REASON <= len(written) <= LONGEST_REASON:
        raise AccessInvalid(f"A reason has {SHORTEST_REASON} to {LONGEST_REASON} characters.", field="reason")
    unknown = sorted(set(permissions) - catalogue.catalogue(uow.tenant.slug))
    if unknown or not permissions:
        detail = f"There is no permission {unknown[0]!r} here." if unknown else "Name at least one permission."
        raise AccessInvalid(detail, field="permissions")
    access = uow.add(
        OperatorAccess(
            id=new_id(),
            operator_id=operator.id,
            operator_name=operator.name,
            reason=written,
            permissions=sorted(set(permissions)),
            created_at=uow.now,
            expires_at=uow.now + min(lasting, LONGEST),
        )
    )
    events.record(uow, EventType.OPERATOR_ACCESS_BEGUN, access, **described(access))
    return access


def get(uow: UnitOfWork, access_id: UUID) -> OperatorAccess:
    """An access to this tenant, living or over.

    Raises:
        NoSuchAccess: there is none.
    """
    access = uow.find(OperatorAccess, access_id)
    if access is None:
        raise NoSuchAccess("There is no such access.")
    return access


def find_living(uow: UnitOfWork, access_id: UUID, *, operator_id: UUID) -> OperatorAccess | None:
    """An access that `operator_id` has right now."""
    return uow.session.scalar(
        select(OperatorAccess).where(OperatorAccess.id == access_id, OperatorAccess.operator_id == operator_id, *LIVING)
    )


def get_living(uow: UnitOfWork, access_id: UUID, *, operator_id: UUID) -> OperatorAccess:
    """An access that `operator_id` has right now; somebody else's does not exist for them.

    Raises:
        NoSuchAccess: they never had it.
        AccessEnded: it was ended, or its time is over.
    """
    if get(uow, access_id).operator_id != operator_id:
        raise NoSuchAccess("There is no such access.")
    access = find_living(uow, access_id, operator_id=operator_id)
    if access is None:
        raise AccessEnded("This access is over. Begin another.")
    return access


def end(uow: UnitOfWork, access_id: UUID) -> OperatorAccess | None:
    """End an access now, with every token that stands on it; None when it was over before.

    Raises:
        NoSuchAccess: there is none.
    """
    access = get(uow, access_id)
    ended: OperatorAccess | None = uow.session.scalar(
        update(OperatorAccess)
        .where(OperatorAccess.id == access.id, *LIVING)
        .values(ended_at=func.now())
        .returning(OperatorAccess),
        execution_options={"synchronize_session": False, "populate_existing": True},
    )
    if ended is not None:
        events.record(uow, EventType.OPERATOR_ACCESS_ENDED, ended, operator_id=str(ended.operator_id))
    return ended


def described(access: OperatorAccess) -> dict[str, Any]:
    """What an event says of an access, beside who began it."""
    return {
        "reason": access.reason,
        "permissions": access.permissions,
        "expires_at": access.expires_at.isoformat(),
    }
