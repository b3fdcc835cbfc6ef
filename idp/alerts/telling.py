"""The worker's part of an alert: who is mailed is decided when the mails are written, and how many alerts become some.

Of one tenant one at a time, so that the number of alerts that were mailed within the hour is the right one.
"""

from uuid import UUID

from sqlalchemy import func, select

from idp.alerts import particulars, recipients
from idp.alerts.kinds import INSIDERS, MOST_IN_A_WINDOW, STRANGERS, UNCOUNTED, WINDOW, Kind
from idp.alerts.letter import security_alert
from idp.alerts.models import Alert
from idp.alerts.service import raise_alert
from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events.models import Event
from idp.ids import earliest, parse_id

MAILS = "mails"
"""Member of an alert's data: how many mails were written of it.  Without it the worker has not seen it yet."""


def tell(uow: UnitOfWork, alert_id: UUID) -> None:
    """Write the mails of an alert, once; of one too many within an hour write none, and raise one that says so."""
    lock(uow, f"alerts:{uow.tenant.id}")
    alert = uow.find(Alert, alert_id)
    if alert is None or MAILS in alert.data:
        return
    kind = Kind(alert.kind)
    subject, budget = ("strangers", STRANGERS) if kind in STRANGERS else ("tenant", INSIDERS)
    if kind not in UNCOUNTED and _mailed_before(uow, alert, budget) >= MOST_IN_A_WINDOW:
        alert.data = {**alert.data, MAILS: 0}
        raise_alert(uow, Kind.OVERFLOW, subject, limit=MOST_IN_A_WINDOW)
        return
    cause = _cause(uow, alert)
    to = recipients.of(uow, kind, but=_whom(kind, cause))
    known = particulars.of(uow, alert, cause)
    for recipient in to:
        security_alert(
            uow,
            recipient,
            kind=kind,
            alert_id=alert.id,
            at=alert.raised_at,
            ip=cause.ip if cause is not None else None,
            user_agent=cause.user_agent if cause is not None else None,
            more=known,
        )
    alert.data = {**alert.data, MAILS: len(to)}


def _mailed_before(uow: UnitOfWork, alert: Alert, budget: frozenset[Kind]) -> int:
    """How many of one budget were mailed within the hour: what strangers cause is counted apart from all else."""
    mailed = select(func.count()).where(
        Alert.id >= earliest(alert.raised_at - WINDOW),
        Alert.raised_at > alert.raised_at - WINDOW,
        Alert.kind.in_([kind.value for kind in budget]),
        Alert.data[MAILS].as_integer() > 0,
    )
    return uow.session.scalar(mailed.select_from(Alert)) or 0


def _cause(uow: UnitOfWork, alert: Alert) -> Event | None:
    event_id = parse_id(alert.data.get("event_id", ""))
    return None if event_id is None else uow.find(Event, event_id)


def _whom(kind: Kind, cause: Event | None) -> UUID | None:
    """Who was given something: as an owner they are told nothing, because whoever gave it to them may be a thief."""
    return cause.user_id if kind is Kind.PRIVILEGE_GRANT and cause is not None else None
