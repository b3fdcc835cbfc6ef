"""Which tenants' keys want tending: one query over all of them, so that a hundred thousand quiet ones cost nothing."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Integer, func, or_, select

from idp.db.unit import PlatformUnit
from idp.keys.models import SigningKey
from idp.keys.service import PUBLISH_LEAD, RETIRE_AFTER
from idp.policy import Policy
from idp.tenants.models import Tenant


def due_tenants(platform: PlatformUnit, *, after: UUID | None = None, limit: int = 100) -> Sequence[Tenant]:
    """Living tenants for which `idp.keys.service.tend` has something to do, by id.

    Args:
        platform: the transaction to read in.
        after: id of the last one seen, to go on from there.
        limit: how many at most.
    """
    is_pending = SigningKey.published_at.is_not(None) & SigningKey.activated_at.is_(None)
    is_active = SigningKey.activated_at.is_not(None) & SigningKey.retiring_at.is_(None)
    days = func.jsonb_extract_path_text(Tenant.policy, "key_rotation_days").cast(Integer)
    period = func.make_interval(0, 0, 0, func.coalesce(days, Policy.model_fields["key_rotation_days"].default))
    lacks_standby = func.count().filter(is_pending) == 0
    retires = func.bool_or(SigningKey.retiring_at <= func.now() - RETIRE_AFTER)
    standby_is_ready = func.bool_or(is_pending & (SigningKey.published_at <= func.now() - PUBLISH_LEAD))
    is_requested = func.bool_or(is_pending & SigningKey.requested_at.is_not(None))
    active_is_old = func.bool_or(is_active & (SigningKey.activated_at <= func.now() - period))
    lacks_active = func.count().filter(is_active) == 0
    query = (
        select(Tenant)
        .outerjoin(
            SigningKey,
            (SigningKey.tenant_id == Tenant.id) & SigningKey.retired_at.is_(None) & SigningKey.revoked_at.is_(None),
        )
        .where(Tenant.deleted_at.is_(None))
        .group_by(Tenant.id)
        .having(or_(lacks_standby, lacks_active, retires, standby_is_ready & (active_is_old | is_requested)))
        .order_by(Tenant.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(Tenant.id > after)
    return platform.session.scalars(query).all()
