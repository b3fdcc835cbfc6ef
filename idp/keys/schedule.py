"""Which tenants' keys want tending: one query over all of them, so that a hundred thousand quiet ones cost nothing."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Integer, func, select

from idp.db.unit import PlatformUnit
from idp.keys.models import SigningKey
from idp.keys.service import PUBLISH_LEAD, RETIRE_AFTER
from idp.policy import Policy
from idp.tenants.models import Tenant

_IS_PENDING = SigningKey.activated_at.is_(None)
_IS_ACTIVE = SigningKey.activated_at.is_not(None) & SigningKey.retiring_at.is_(None)


def due_tenants(platform: PlatformUnit, *, after: UUID | None = None, limit: int = 100) -> Sequence[Tenant]:
    """Living tenants for which `idp.keys.service.tend` has something to do, by id.

    Args:
        platform: the transaction to read in.
        after: id of the last one seen, to go on from there.
        limit: how many at most.
    """
    living = (
        select(
            SigningKey.tenant_id,
            func.max(SigningKey.activated_at).filter(_IS_ACTIVE).label("activated_at"),
            func.max(SigningKey.published_at).filter(_IS_PENDING).label("standby_at"),
            func.max(SigningKey.requested_at).filter(_IS_PENDING).label("requested_at"),
            func.min(SigningKey.retiring_at).label("retiring_at"),
        )
        .where(SigningKey.retired_at.is_(None), SigningKey.revoked_at.is_(None))
        .group_by(SigningKey.tenant_id)
        .subquery("living")
    )
    days = func.jsonb_extract_path_text(Tenant.policy, "key_rotation_days").cast(Integer)
    period = func.make_interval(0, 0, 0, func.coalesce(days, Policy.model_fields["key_rotation_days"].default))
    wants_to = living.c.requested_at.is_not(None) | (living.c.activated_at <= func.now() - period)
    hands_over = wants_to & (living.c.standby_at <= func.now() - PUBLISH_LEAD)
    retires = living.c.retiring_at <= func.now() - RETIRE_AFTER
    query = (
        select(Tenant)
        .outerjoin(living, living.c.tenant_id == Tenant.id)
        .where(
            Tenant.deleted_at.is_(None),
            living.c.standby_at.is_(None) | living.c.activated_at.is_(None) | retires | hands_over,
        )
        .order_by(Tenant.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Tenant.id > after)
    return platform.session.scalars(query).all()
