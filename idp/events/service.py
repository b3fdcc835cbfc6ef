"""`record`: the only way to say that something happened.  The row belongs to the change, in its transaction (R57)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from idp.db.unit import UnitOfWork
from idp.events import outbox, subscriptions
from idp.events.models import Event
from idp.events.types import EventType, Outcome
from idp.ids import new_id


class Target(Protocol):
    """A row that something happened to."""

    __tablename__: Any

    @property
    def id(self) -> UUID: ...  # noqa: D102


PEOPLE = "users"
"""What the table of people is called; they are above us."""

Subscriber = Callable[[UnitOfWork, Event], None]
"""Reacts to an event inside its transaction; an error in it undoes the change."""

_subscribers: dict[EventType, Sequence[Subscriber]] = {}


def connect(subscribers: Mapping[EventType, Sequence[Subscriber]]) -> None:
    """Install who listens to what; called once, by `idp.wiring`."""
    _subscribers.clear()
    _subscribers.update(subscribers)


def record(
    uow: UnitOfWork,
    kind: EventType,
    target: Target | None = None,
    *,
    outcome: Outcome = Outcome.SUCCESS,
    user_id: UUID | None = None,
    **data: Any,
) -> Event:
    """Say that `kind` happened to `target`, and tell who listens: here, and at the tenant's webhooks.

    A test goes to the one endpoint that is tested, by its own way.

    Args:
        uow: the transaction of the change.
        kind: what happened.
        target: the row it happened to.
        outcome: success, or a refusal worth keeping.
        user_id: whose account it happened to, when the target is not that person.
        data: JSON values; ids and names, never secrets.
    """
    actor = uow.actor
    event = uow.add(
        Event(
            id=new_id(),
            tenant_id=uow.tenant.id,
            type=kind.value,
            outcome=outcome.value,
            actor_kind=actor.kind.value,
            actor_id=actor.id,
            target_type=target.__tablename__ if target is not None else None,
            target_id=target.id if target is not None else None,
            user_id=user_id or (target.id if target is not None and target.__tablename__ == PEOPLE else None),
            ip=actor.ip,
            user_agent=actor.user_agent,
            request_id=actor.request_id,
            data=data,
        )
    )
    if kind is not EventType.WEBHOOK_TESTED and subscriptions.covers(uow.tenant.webhook_events, kind.value):
        outbox.enqueue(uow, subscriptions.KIND, event_id=str(event.id), event_type=kind.value)
    for subscriber in _subscribers.get(kind, ()):
        subscriber(uow, event)
    return event
