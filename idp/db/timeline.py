"""Rows of a stretch of time, where an index leads by their ids, which are in the order of time (RFC 9562 §5.7)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute

from idp.ids import earliest

_CLOCKS = timedelta(minutes=10)
"""How far two hosts' clocks, and the beginning and the end of a transaction, may lie apart (R61 alerts at 5 s)."""
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)

Moment = InstrumentedAttribute[Any]
Id = InstrumentedAttribute[UUID]


def since(moment: datetime, at: Moment, row_id: Id) -> ColumnElement[bool]:
    """That a row is of `moment` or later: exactly by its time, and roughly by its id, which an index serves."""
    return and_(at >= _within(moment), row_id >= earliest(_within(moment) - _CLOCKS))


def until(moment: datetime, at: Moment, row_id: Id) -> ColumnElement[bool]:
    """That a row is from before `moment`."""
    return and_(at < _within(moment), row_id < earliest(_within(moment) + _CLOCKS))


def _within(moment: datetime) -> datetime:
    """The same time, or the nearest at which anything can have happened: calendars end, and ids begin in 1970."""
    return min(max(moment, _FIRST), _LAST)
