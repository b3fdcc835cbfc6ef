"""Identifiers: UUIDv7 (RFC 9562 §5.7), made in Python, ordered by time.  An id is never a secret."""

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7."""
    return uuid7()


def parse_id(text: str) -> UUID | None:
    """The UUID that `text` spells in canonical form, or None."""
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text else None


def earliest(moment: datetime) -> UUID:
    """The smallest UUIDv7 that can have been made at `moment`: a bound for ids in the order of time."""
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=(milliseconds & (1 << 48) - 1) << 80 | 7 << 76 | 2 << 62)
