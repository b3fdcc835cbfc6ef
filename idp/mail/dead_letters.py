"""Mails that could not be delivered: kept for a while, visible, and sent again when an operator says so (R57)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select, true

from idp.db.unit import PlatformUnit
from idp.events import outbox
from idp.events import service as events
from idp.events.models import OutboxMessage
from idp.events.types import EventType, Outcome
from idp.mail.errors import NoSuchMail
from idp.tenants.models import Tenant


def record(platform: PlatformUnit, message: OutboxMessage) -> None:
    """Say in the tenant's own log that a mail did not get through; what a server answered is the operator's."""
    tenant = platform.session.scalar(select(Tenant).where(Tenant.id == message.tenant_id, Tenant.deleted_at.is_(None)))
    if tenant is None:
        return
    with platform.within(tenant) as uow:
        events.record(
            uow,
            EventType.MAIL_FAILED,
            message,
            outcome=Outcome.FAILURE,
            template=template_of(message),
            attempts=message.attempts,
        )


def template_of(message: OutboxMessage) -> str:
    """Which mail it is; of one that was never written, what asked for it."""
    return str(message.payload.get("template", message.kind))


def list_all(
    platform: PlatformUnit,
    kinds: Collection[str],
    tenant: Tenant | None = None,
    *,
    ids: Collection[UUID] | None = None,
    hold: bool = False,
) -> Sequence[tuple[Tenant, OutboxMessage]]:
    """Dead letters with their tenants, the latest first.

    Args:
        platform: the transaction.
        kinds: of messages that are mails.
        tenant: whose; everybody's when None.
        ids: which; all when None.
        hold: whether to lock them, so that nobody else revives them meanwhile.
    """
    query = (
        select(Tenant, OutboxMessage)
        .join(Tenant, Tenant.id == OutboxMessage.tenant_id)
        .where(
            OutboxMessage.kind.in_(kinds),
            OutboxMessage.dead_at.is_not(None),
            Tenant.deleted_at.is_(None),
            true() if tenant is None else Tenant.id == tenant.id,
            true() if ids is None else OutboxMessage.id.in_(ids),
        )
        .order_by(OutboxMessage.dead_at.desc(), OutboxMessage.id)
    )
    rows = platform.session.execute(query.with_for_update(of=OutboxMessage) if hold else query).all()
    return [(row[0], row[1]) for row in rows]


def retry(
    platform: PlatformUnit,
    kinds: Collection[str],
    *,
    ids: Collection[UUID] | None = None,
    tenant: Tenant | None = None,
) -> Sequence[OutboxMessage]:
    """Put dead letters back in the queue, with all their tries before them.

    Args:
        platform: the transaction.
        kinds: of messages that are mails.
        ids: which; all when None.
        tenant: whose; everybody's when None.

    Raises:
        NoSuchMail: one of `ids` is no dead letter.
    """
    letters = list_all(platform, kinds, tenant, ids=ids, hold=True)
    missing = set(ids or ()) - {message.id for _, message in letters}
    if missing:
        raise NoSuchMail(f"There is no failed mail {min(missing)}.")
    for owner, message in letters:
        outbox.revive(platform, message)
        with platform.within(owner) as uow:
            events.record(uow, EventType.MAIL_RETRIED, message, template=template_of(message))
    return [message for _, message in letters]
