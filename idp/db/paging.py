"""Keyset pages: a page goes on behind the last row of the one before, by an index, however deep it is.

No offset anywhere: what a page costs depends on its own length only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, tuple_
from sqlalchemy.orm import Session

Key = list[str]
"""Values of the sort columns of one row, as text."""
_READ: dict[type, Any] = {UUID: UUID, datetime: datetime.fromisoformat, date: date.fromisoformat, int: int, str: str}


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted.

    Attributes:
        columns: the last of them unique in the tenant, and all of them in one index.
        descending: the other way round.
        twins: the first column as other tables of the statement have it, so that a deep page begins deep in all.
    """

    columns: tuple[Any, ...]
    descending: bool = False
    twins: tuple[Any, ...] = ()

    def read(self, key: Key) -> list[Any]:
        """The values that `key` stands for.

        Raises:
            ValueError: it is none of this order.
        """
        return [_READ[column.type.python_type](text) for column, text in zip(self.columns, key, strict=True)]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, and what stands behind them.

    Attributes:
        rows: what was selected; the sort columns follow at the end of each.
        next: key of the last row, when there are more.
    """

    rows: Sequence[Row[*tuple[Any, ...]]]
    next: Key | None


def page(session: Session, statement: Select[*tuple[Any, ...]], order: Order, *, after: Key | None, limit: int) -> Page:
    """The rows of `statement` behind `after`.

    Args:
        session: to ask.
        statement: what to list, unsorted.
        order: by what.
        after: `Page.next` of the page before; None for the first.
        limit: at most so many.

    Raises:
        ValueError: `after` is no key of this order.
    """
    if after is not None:
        values = order.read(after)
        left, right = tuple_(*order.columns), tuple_(*values)
        statement = statement.where(left < right if order.descending else left > right)
        statement = statement.where(*(t <= values[0] if order.descending else t >= values[0] for t in order.twins))
    directed = [column.desc() if order.descending else column.asc() for column in order.columns]
    rows = session.execute(statement.add_columns(*order.columns).order_by(*directed).limit(limit + 1)).all()
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1][-len(order.columns) :]
    return Page(rows[:limit], [value.isoformat() if isinstance(value, date) else str(value) for value in last])
