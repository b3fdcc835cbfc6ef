"""Letters that a request asked for are written here, in the unit of their tenant (R26)."""

from sqlalchemy import select

from idp.accounts.letters import Letter
from idp.accounts.writers import WRITERS
from idp.events.models import OutboxMessage
from idp.tenants.models import Tenant
from idp.wiring import Wiring


def write_letter(wiring: Wiring, message: OutboxMessage) -> None:
    """Have the right mail written, once; not for a tenant that is gone, nor when it was taken back meanwhile."""
    with wiring.platform_unit() as platform:
        tenant = platform.session.scalar(
            select(Tenant).where(Tenant.id == message.tenant_id, Tenant.deleted_at.is_(None))
        )
    if tenant is None:
        return
    with wiring.tenant_unit(tenant) as uow:
        waits = select(OutboxMessage.id).where(OutboxMessage.id == message.id).with_for_update(read=True)
        if uow.session.scalar(waits) is not None:
            WRITERS[Letter(message.kind)](uow, message.id, **message.payload)
