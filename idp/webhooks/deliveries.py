"""Deliveries: one for each endpoint that wants an event, the log of them, and sending them again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from idp.db import timeline
from idp.db.unit import UnitOfWork
from idp.events import outbox, subscriptions
from idp.events import service as events
from idp.events.models import Event, OutboxMessage
from idp.events.types import EventType
from idp.ids import new_id
from idp.webhooks import schedule
from idp.webhooks.errors import NoSuchDelivery, WebhookDisabled
from idp.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

KIND = "webhook_delivery"
"""Outbox messages that say: a delivery is due."""
ENDPOINT = "endpoint_id"
"""Member of such a message by which others for the same endpoint are found."""
MAX_REPLAYED = 1_000
MAX_SHOWN_ATTEMPTS = 100
_ABOUT = timedelta(minutes=1)
_UNSEEN = {"synchronize_session": False}


class State(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


def state_of(row: WebhookDelivery) -> State:
    """How it stands."""
    if row.delivered_at is not None:
        return State.DELIVERED
    return State.PENDING if row.failed_at is None else State.FAILED


def is_in(state: str) -> ColumnElement[bool]:
    """That it stands so."""
    delivered, failed = WebhookDelivery.delivered_at, WebhookDelivery.failed_at
    match state:
        case State.DELIVERED:
            return delivered.is_not(None)
        case State.FAILED:
            return and_(failed.is_not(None), delivered.is_(None))
        case _:
            return and_(failed.is_(None), delivered.is_(None))


def expand(uow: UnitOfWork, event_id: UUID, event_type: str) -> int:
    """A delivery for each endpoint that wants the event; those that are there already stay.  Answers how many."""
    enabled = uow.session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.disabled_at.is_(None))).all()
    wanting = [row.id for row in enabled if subscriptions.covers(row.event_types, event_type)]
    return sum(_make(uow, endpoint_id, event_id, event_type) is not None for endpoint_id in wanting)


def send_test(uow: UnitOfWork, endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Send an event that says nothing, to this endpoint alone, whatever it wants and whether or not it is enabled."""
    event = events.record(uow, EventType.WEBHOOK_TESTED, endpoint)
    uow.flush()
    delivery_id = _make(uow, endpoint.id, event.id, event.type)
    assert delivery_id is not None  # noqa: S101 - the event is new
    return uow.get(WebhookDelivery, delivery_id)


def get(uow: UnitOfWork, endpoint: WebhookEndpoint, delivery_id: UUID) -> WebhookDelivery:
    """The delivery to this endpoint with this id.

    Raises:
        NoSuchDelivery: there is none, or it is older than the log.
    """
    row = uow.find(WebhookDelivery, delivery_id)
    if row is None or row.endpoint_id != endpoint.id:
        raise _unknown()
    return row


def latest(
    uow: UnitOfWork, endpoint: WebhookEndpoint, *conditions: ColumnElement[bool], limit: int
) -> Sequence[WebhookDelivery]:
    """Deliveries to this endpoint, the newest first."""
    wanted = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id, *conditions)
    return uow.session.scalars(wanted.order_by(WebhookDelivery.id.desc()).limit(limit)).all()


def attempts_of(uow: UnitOfWork, row: WebhookDelivery) -> Sequence[WebhookAttempt]:
    """Its tries, the newest first."""
    tried = select(WebhookAttempt).where(WebhookAttempt.delivery_id == row.id)
    return uow.session.scalars(tried.order_by(WebhookAttempt.id.desc()).limit(MAX_SHOWN_ATTEMPTS)).all()


def event_of(uow: UnitOfWork, row: WebhookDelivery) -> Event | None:
    """What happened; None when the log keeps it no longer."""
    return uow.find(Event, row.event_id)


def replay(uow: UnitOfWork, endpoint: WebhookEndpoint, row: WebhookDelivery) -> None:
    """Send a delivery again under its own id, however it ended; one that waits for its next try is tried now.

    Raises:
        WebhookDisabled: nothing is sent to the endpoint.
        NoSuchDelivery: it was deleted meanwhile.
    """
    _require_enabled(endpoint, row.event_type)
    if not _begin_anew(uow, [row.id]):
        _hurry(uow, row)
    as_it_is = select(WebhookDelivery).where(WebhookDelivery.id == row.id)
    if uow.session.scalar(as_it_is, execution_options={"populate_existing": True}) is None:
        raise _unknown()
    events.record(uow, EventType.WEBHOOK_REPLAYED, endpoint, delivery_id=str(row.id))


def replay_failed(uow: UnitOfWork, endpoint: WebhookEndpoint, *, since: datetime) -> tuple[int, bool]:
    """Send again what was given up and happened at `since` or later, the oldest first.

    Answers how many those are, and whether there are more than are sent again at once.

    Raises:
        WebhookDisabled: nothing is sent to the endpoint.
    """
    _require_enabled(endpoint)
    failed = (
        select(WebhookDelivery.id)
        .where(
            WebhookDelivery.endpoint_id == endpoint.id,
            timeline.since(since, WebhookDelivery.created_at, WebhookDelivery.id),
            is_in(State.FAILED),
        )
        .order_by(WebhookDelivery.id)
        .limit(MAX_REPLAYED + 1)
    )
    found = uow.session.scalars(failed).all()
    begun = _begin_anew(uow, found[:MAX_REPLAYED])
    if begun:
        events.record(uow, EventType.WEBHOOK_REPLAYED, endpoint, since=since.isoformat(), count=len(begun))
    return len(begun), len(found) > MAX_REPLAYED


def _make(uow: UnitOfWork, endpoint_id: UUID, event_id: UUID, event_type: str) -> UUID | None:
    """A delivery and the message that sends it; None when the event was for the endpoint before."""
    made = uow.session.scalar(
        upsert(WebhookDelivery)
        .values(
            tenant_id=uow.tenant.id,
            id=new_id(),
            endpoint_id=endpoint_id,
            event_id=event_id,
            event_type=event_type,
            attempts=0,
            next_attempt_at=uow.now,
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "endpoint_id", "event_id"])
        .returning(WebhookDelivery.id)
    )
    if made is not None:
        outbox.enqueue(uow, KIND, **_message(made, endpoint_id))
    return made


def _begin_anew(uow: UnitOfWork, ids: Sequence[UUID]) -> Sequence[UUID]:
    """Put those of the deliveries that have ended back in the queue, each once however often that is asked (R62)."""
    ended = or_(WebhookDelivery.delivered_at.is_not(None), WebhookDelivery.failed_at.is_not(None))
    begun: Any = uow.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(ids), ended)
        .values(delivered_at=None, failed_at=None, next_attempt_at=uow.now)
        .returning(WebhookDelivery.id, WebhookDelivery.endpoint_id),
        execution_options=_UNSEEN,
    ).all()
    messages = [
        {"tenant_id": uow.tenant.id, "id": new_id(), "kind": KIND, "payload": _message(delivery_id, endpoint_id)}
        for delivery_id, endpoint_id in begun
    ]
    if messages:
        uow.execute(insert(OutboxMessage), messages)
    return [delivery_id for delivery_id, _ in begun]


def _hurry(uow: UnitOfWork, row: WebhookDelivery) -> None:
    """Try now what waits; what is due within a lease is, or may be, somebody's already.

    Its message is due when the delivery is, or a rest of the endpoint later: by that it is found.
    """
    if row.next_attempt_at is None:
        return
    least, most = row.next_attempt_at - _ABOUT, row.next_attempt_at + schedule.LONGEST_REST + _ABOUT
    waits = and_(
        OutboxMessage.kind == KIND,
        OutboxMessage.payload["delivery_id"].astext == str(row.id),
        OutboxMessage.sent_at.is_(None),
        OutboxMessage.dead_at.is_(None),
        OutboxMessage.next_attempt_at.between(max(least, uow.now + outbox.LEASE), most),
    )
    hurried = update(OutboxMessage).where(waits).values(next_attempt_at=uow.now).returning(OutboxMessage.id)
    if uow.execute(hurried, execution_options=_UNSEEN).first() is not None:
        now = update(WebhookDelivery).where(WebhookDelivery.id == row.id).values(next_attempt_at=uow.now)
        uow.execute(now, execution_options=_UNSEEN)


def _message(delivery_id: UUID, endpoint_id: UUID) -> dict[str, Any]:
    return {"delivery_id": str(delivery_id), ENDPOINT: str(endpoint_id)}


def _require_enabled(endpoint: WebhookEndpoint, event_type: str | None = None) -> None:
    if endpoint.disabled_at is not None and event_type != EventType.WEBHOOK_TESTED:
        raise WebhookDisabled("This webhook is disabled. Enable it first.")


def _unknown() -> NoSuchDelivery:
    return NoSuchDelivery("There is no such delivery.")
