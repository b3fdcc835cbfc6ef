"""Devices: browsers and applications that a person has signed in from before.  A new one is worth a notice."""

from uuid import UUID

from sqlalchemy import delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from idp.authn.models import Device, Session
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType


def remember(uow: UnitOfWork, session: Session, device_digest: bytes) -> None:
    """Write down that a person signed in from this device; one that is new beside others is an event."""
    known = insert(Device).values(
        tenant_id=uow.tenant.id, user_id=session.user_id, device_digest=device_digest, last_seen_at=func.now()
    )
    is_new = uow.execute(
        known.on_conflict_do_update(
            index_elements=["tenant_id", "user_id", "device_digest"], set_={"last_seen_at": func.now()}
        ).returning(literal_column("xmax = 0"))
    ).scalar()
    if is_new and _has_others(uow, session.user_id, device_digest):
        events.record(uow, EventType.DEVICE_ADDED, session, user_id=session.user_id)


def forget(uow: UnitOfWork, user_id: UUID) -> None:
    """Know none of a person's devices any more."""
    uow.execute(delete(Device).where(Device.user_id == user_id))


def _has_others(uow: UnitOfWork, user_id: UUID, device_digest: bytes) -> bool:
    return (
        uow.session.scalar(
            select(Device.user_id).where(Device.user_id == user_id, Device.device_digest != device_digest).limit(1)
        )
        is not None
    )
