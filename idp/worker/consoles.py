"""Every tenant's console client as this release makes it: those of the release before get it, and what is new in it."""

import threading

from idp.oauth import console
from idp.wiring import Wiring

BATCH = 100


def keep(wiring: Wiring, stop: threading.Event) -> int:
    """Bring every tenant's client up to date, one a transaction; answers how many were not."""
    count = 0
    while not stop.is_set():
        with wiring.platform_unit() as platform:
            behind = console.tenants_without(platform, limit=BATCH)
        for tenant in behind:
            with wiring.tenant_unit(tenant) as uow:
                console.ensure(uow)
        count += len(behind)
        if len(behind) < BATCH:
            break
    return count
