"""The one place that reads the wall clock.

Inside a unit of work prefer ``uow.now``, which is the database's time (R61).
"""

from datetime import UTC, datetime


def utcnow() -> datetime:
    """Now, as an aware datetime in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place
