"""When a delivery that failed is tried again, and when an endpoint has failed for too long."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from idp.crypto.secrets import new_seed

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""From each try to the next one; after the last a delivery is given up."""
LONGEST_DELAY = DELAYS[-1]
JITTER = 0.2
"""How much a delay is longer or shorter at most, so that what failed at once does not come back at once."""
DISABLED_AFTER = timedelta(days=5)
"""Of nothing but failures."""
DISABLED_AT = 4
"""At this try of one delivery or later, so that the first event after a quiet week gets another chance or three."""
LONGEST_REST = timedelta(minutes=10)
_A_WHILE, _PART = timedelta(minutes=1), 10
"""An endpoint that has failed for a while rests for a tenth of it, before whatever else waits for it is tried."""
_LONGEST_NUMBER = 9


def next_wait(attempt: int, asked: timedelta | None = None) -> timedelta | None:
    """How long until the next try; None when there is none.

    Args:
        attempt: the number of the one that failed, from 1.
        asked: by the endpoint, in ``Retry-After``.
    """
    if attempt > len(DELAYS):
        return None
    luck = int.from_bytes(new_seed()[:4]) / 2**32
    own = DELAYS[attempt - 1] * (1 + JITTER * (2 * luck - 1))
    return max(own, min(asked, LONGEST_DELAY)) if asked else own


def rest(failing_for: timedelta | None, asked: timedelta | None = None) -> timedelta:
    """How long an endpoint is left alone after a failure, whatever waits for it."""
    own = failing_for / _PART if failing_for is not None and failing_for >= _A_WHILE else timedelta()
    return min(max(own, asked or timedelta()), LONGEST_REST)


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """What the endpoint asked for (RFC 9110 §10.2.3): seconds, or a time; None when it did not, or not so."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit() and len(said) <= _LONGEST_NUMBER:
        return timedelta(seconds=int(said))
    try:
        moment = parsedate_to_datetime(said)
        span = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return max(span, timedelta())
