"""Finding events: by who, whom, what, when, from where and how it ended (R57).

Ids are UUIDv7 and made in the order of time, so the id is what every page and every period goes along; each condition
leads an index that ends in it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, or_, select

from idp.db import timeline
from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.events.models import Event

BATCH = 1_000


class NoSuchEvent(NotFound):
    """No event of this tenant has that id."""

    code = "no-such-event"


def get(uow: UnitOfWork, event_id: UUID) -> Event:
    """The event with this id.

    Raises:
        NoSuchEvent: none of this tenant.
    """
    event = uow.find(Event, event_id)
    if event is None:
        raise NoSuchEvent("There is no such event.")
    return event


def since(moment: datetime) -> ColumnElement[bool]:
    """That it happened at `moment` or later."""
    return timeline.since(moment, Event.occurred_at, Event.id)


def until(moment: datetime) -> ColumnElement[bool]:
    """That it happened before `moment`."""
    return timeline.until(moment, Event.occurred_at, Event.id)


def concerns(user_id: UUID) -> ColumnElement[bool]:
    """That it happened to somebody's account, or was done by them."""
    return or_(Event.user_id == user_id, Event.actor_id == user_id)


def in_batches(uow: UnitOfWork, *conditions: ColumnElement[bool], limit: int) -> Iterator[Event]:
    """Events, newest first, read a thousand at a time and let go again.

    Args:
        uow: a unit that lives as long as whoever reads.
        conditions: which.
        limit: at most so many.
    """
    before: UUID | None = None
    while limit > 0:
        statement: Select[Any] = select(Event).where(*conditions).order_by(Event.id.desc()).limit(min(BATCH, limit))
        if before is not None:
            statement = statement.where(Event.id < before)
        batch = uow.session.scalars(statement).all()
        yield from batch
        if len(batch) < BATCH:
            return
        before, limit = batch[-1].id, limit - len(batch)
        uow.session.expunge_all()
