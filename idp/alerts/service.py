"""`raise_alert`: a row, an event and an order for the mails, in the transaction of what was seen; once a trouble."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from idp.accounts.letters import ALERT
from idp.alerts import recipients
from idp.alerts.errors import NobodyToAlert, NoSuchAlert
from idp.alerts.kinds import WINDOW, Kind
from idp.alerts.models import Alert
from idp.crypto.secrets import mac
from idp.db import timeline
from idp.db.unit import UnitOfWork
from idp.events import outbox
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.ids import new_id

_DIGEST_LETTERS = 32


def raise_alert(uow: UnitOfWork, kind: Kind, subject: str, *, cause: Event | None = None, **data: Any) -> UUID | None:
    """Tell of a trouble, unless the tenant wants to hear nothing of this kind or was told within the hour.

    Nothing here can fail but the database, so that no change is undone because it was to be told of.

    Args:
        uow: the transaction of what was seen.
        kind: of the trouble.
        subject: what it is about: an id, or a digest of something that is none.
        cause: the event that it was seen by, which says who, when and from where.
        data: JSON values; ids, names of roles and permissions, and counts, nothing that says who somebody is.

    Returns:
        The alert's id; None when there is nothing to tell.
    """
    if kind.value in uow.tenant.policy.alert_kinds_off:
        return None
    told = {"event_id": str(cause.id), **data} if cause is not None else data
    alert_id = new_id()
    recently = select(Alert.id).where(
        Alert.tenant_id == uow.tenant.id,
        Alert.kind == kind.value,
        Alert.subject == subject,
        Alert.raised_at > uow.now - WINDOW,
    )
    row: dict[str, Any] = {
        "tenant_id": literal(uow.tenant.id),
        "id": literal(alert_id),
        "kind": literal(kind.value),
        "subject": literal(subject),
        "window_starts_at": literal(uow.now.replace(minute=0, second=0, microsecond=0)),
        "data": literal(told, JSONB),
    }
    once = select(*row.values()).where(~recently.exists())
    statement = insert(Alert).from_select(list(row), once, include_defaults=False)
    if uow.execute(statement.on_conflict_do_nothing().returning(Alert.id)).first() is None:
        return None
    events.record(uow, EventType.ALERT_RAISED, Alert(id=alert_id), alert=kind.value, details=told)
    outbox.enqueue(uow, ALERT, alert_id=str(alert_id))
    return alert_id


def reached(uow: UnitOfWork) -> list[str]:
    """Addresses that alerts are mailed to.

    Raises:
        NobodyToAlert: there is none.
    """
    to = [recipient.address for recipient in recipients.of(uow, Kind.TEST)]
    if not to:
        raise NobodyToAlert("There is nobody to alert: set alert_contacts, or have an owner's address confirmed.")
    return to


def test(uow: UnitOfWork) -> tuple[Alert, list[str]]:
    """Raise an alert that means nothing, to see where alerts arrive; it and the addresses that will get it.

    Raises:
        NobodyToAlert: there is none.
    """
    to = reached(uow)
    alert_id = raise_alert(uow, Kind.TEST, str(new_id()))
    assert alert_id is not None  # noqa: S101 - nobody can switch it off, and no other has its subject
    return get(uow, alert_id), to


def get(uow: UnitOfWork, alert_id: UUID) -> Alert:
    """The alert with this id.

    Raises:
        NoSuchAlert: none of this tenant.
    """
    alert = uow.find(Alert, alert_id)
    if alert is None:
        raise NoSuchAlert("There is no such alert.")
    return alert


def since(moment: datetime) -> ColumnElement[bool]:
    """That it was raised at `moment` or later."""
    return timeline.since(moment, Alert.raised_at, Alert.id)


def digest_of(uow: UnitOfWork, text: str) -> str:
    """What stands for an address as an alert's subject, and for nobody without the tenant's key."""
    return mac(uow.data_key.derive("alert-subject"), text.encode()).hex()[:_DIGEST_LETTERS]
