"""How often what happened, day by day (UTC): counted once when a day is over, and live for what is not counted yet.

So the answer is right however far the worker is, and a year of a large tenant is a few thousand small rows.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, cast, func, select

from idp.db.unit import UnitOfWork
from idp.events.models import Event, EventCount, EventRollup
from idp.events.types import EventType

MAX_DAYS = 400


@dataclass(frozen=True, slots=True)
class DayCount:
    """How often one thing happened on one day.

    Attributes:
        day: in UTC.
        type: what happened.
        count: how often.
        people: to how many different people.
    """

    day: date
    type: str
    count: int
    people: int


def by_day(
    uow: UnitOfWork, first: date, last: date, *, types: Collection[EventType] | None = None
) -> Sequence[DayCount]:
    """Counts of each day from `first` to `last`, both of them in; days and types without any are left out."""
    counted = uow.session.scalar(select(EventRollup.counted_until))
    names = None if types is None else [kind.value for kind in types]
    rows: list[DayCount] = []
    if counted is not None and counted >= first:
        kept = select(EventCount).where(EventCount.day.between(first, min(last, counted)))
        kept = kept if names is None else kept.where(EventCount.type.in_(names))
        rows += [DayCount(row.day, row.type, row.count, row.people) for row in uow.session.scalars(kept)]
    start = first if counted is None else max(first, counted + timedelta(days=1))
    if start <= last:
        rows += _live(uow, start, last, names)
    return sorted(rows, key=lambda row: (row.day, row.type))


def _live(uow: UnitOfWork, first: date, last: date, names: Collection[str] | None) -> list[DayCount]:
    day = cast(func.timezone("UTC", Event.occurred_at), Date).label("day")
    conditions: list[ColumnElement[bool]] = [
        Event.occurred_at >= midnight(first),
        Event.occurred_at < midnight(last + timedelta(days=1)),
    ]
    if names is not None:
        conditions.append(Event.type.in_(names))
    counted = (
        select(day, Event.type, func.count(), func.count(Event.user_id.distinct()))
        .where(*conditions)
        .group_by(day, Event.type)
    )
    rows: Any = uow.execute(counted).all()
    return [DayCount(row[0], row[1], row[2], row[3]) for row in rows]


def midnight(day: date) -> datetime:
    """When a day begins, in UTC."""
    return datetime.combine(day, time(), UTC)
