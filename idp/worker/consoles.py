"""Every tenant's console client as this release makes it: those of the release before get it, and what is new in it."""

import threading

from idp import log
from idp.db.cache import DATABASE_IS_GONE
from idp.db.locks import try_lock
from idp.oauth import console
from idp.tenants.models import Tenant
from idp.wiring import Wiring

BATCH = 100


def keep(wiring: Wiring, stop: threading.Event) -> int:
    """Bring every tenant's client up to date, each in a transaction of its own; answers how many were not."""
    count = 0
    while not stop.is_set():
        with wiring.platform_unit() as platform:
            behind = console.tenants_without(platform, limit=BATCH)
        done = sum(_keep(wiring, tenant) for tenant in behind if not stop.is_set())
        count += done
        if not done or len(behind) < BATCH:
            break
    return count


def _keep(wiring: Wiring, tenant: Tenant) -> bool:
    """One tenant's client, unless another worker is at it; what is wrong with it must not keep the others waiting."""
    try:
        with wiring.tenant_unit(tenant) as uow:
            mine = try_lock(uow, f"console:{tenant.id}")
            if mine:
                console.ensure(uow)
    except DATABASE_IS_GONE:
        raise
    except Exception as failed:  # noqa: BLE001 - logged with the tenant it happened to
        log.get().error("console.keep_failed", tenant=tenant.slug, exc_info=failed)
        return False
    return mine
