"""Security alerts that only a look over all failed sign-ins finds, and the mails of every alert."""

import threading
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from idp import log
from idp.actor import SYSTEM
from idp.alerts import spray, telling
from idp.alerts.spray import Spray
from idp.db.cache import DATABASE_IS_GONE
from idp.events.models import OutboxMessage
from idp.tenants.models import Tenant
from idp.wiring import Wiring


def find_sprays(wiring: Wiring, stop: threading.Event) -> int:
    """Alert every tenant whose accounts are tried one after the other; answers how many alerts there were."""
    with wiring.platform_unit() as platform:
        found = spray.find(platform)
    return sum(_tell(wiring, one) for one in found if not stop.is_set())


def _tell(wiring: Wiring, found: Spray) -> bool:
    """One of them, in the unit of its tenant; what is wrong with it must not keep the others waiting."""
    try:
        with wiring.tenant_unit(found.tenant, replace(SYSTEM, ip=found.network)) as uow:
            told = spray.tell(uow, found) is not None
    except DATABASE_IS_GONE:
        raise
    except Exception as failed:  # noqa: BLE001 - logged with the tenant it happened to
        log.get().error("alert.spray_failed", tenant=found.tenant.slug, exc_info=failed)
        return False
    if told:
        log.get().warning("alert.raised", kind="spray", tenant=found.tenant.slug, accounts=found.accounts)
    return told


def write_alert(wiring: Wiring, message: OutboxMessage) -> None:
    """Write the mails of an alert; none of a tenant that is gone."""
    with wiring.platform_unit() as platform:
        tenant = platform.session.scalar(
            select(Tenant).where(Tenant.id == message.tenant_id, Tenant.deleted_at.is_(None))
        )
    if tenant is not None:
        with wiring.tenant_unit(tenant) as uow:
            telling.tell(uow, UUID(message.payload["alert_id"]))
