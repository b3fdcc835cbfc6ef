"""The not-before epoch: one moment a tenant, and all that was issued until then is over (R65).

For the day after a restore, when rows say again that what had been revoked since the backup is good, and for the day
when somebody took credentials and nobody knows which.  Sessions, half-finished sign-ins, authorization requests and
codes, grants with their tokens, one-time tokens, operators' accesses and machines' access tokens are compared with
`UnitOfWork.not_before` wherever they are accepted; what they stand on is compared, not when they were renewed last.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, update

from idp.db.cache import TTL_SECONDS
from idp.db.unit import PlatformUnit
from idp.events import service as events
from idp.events.types import EventType
from idp.tenants.models import SYSTEM_SLUG, Tenant
from idp.tenants.service import get

MARGIN = timedelta(seconds=TTL_SECONDS)
"""For so long another process may still go by the row that it has: what it issues meanwhile is over as well."""


def sign_out_everybody(platform: PlatformUnit, tenant: Tenant) -> datetime:
    """End everything that was issued in a tenant until now, and in the next two seconds; answers the moment."""
    tenant.not_before = platform.now + MARGIN
    with platform.within(tenant) as uow:
        events.record(uow, EventType.TENANT_CREDENTIALS_REVOKED, tenant, not_before=tenant.not_before.isoformat())
    return tenant.not_before


def declare_restored(platform: PlatformUnit) -> tuple[datetime, int]:
    """The same for every tenant, by one statement, after the database was restored from a backup.

    It is one event in the tenant of the operators, whatever the number of tenants: each shows its moment itself.

    Returns:
        The moment, and how many tenants there are.
    """
    moment = platform.now + MARGIN
    living = update(Tenant).where(Tenant.deleted_at.is_(None)).values(not_before=moment, updated_at=func.now())
    count: int = platform.execute(  # type: ignore[attr-defined]
        living, execution_options={"synchronize_session": False}
    ).rowcount
    system = get(platform, SYSTEM_SLUG)
    with platform.within(system) as uow:
        events.record(uow, EventType.DATABASE_RESTORED, system, not_before=moment.isoformat(), tenants=count)
    return moment, count
