"""The secrets that upstreams gave us: sealed, written and never shown, two of them while one hands over (R19, R54)."""

from datetime import datetime, timedelta

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.federation.models import Connection

KEEPS_PREVIOUS = timedelta(days=1)
"""For how long the secret before still counts, so that nothing has to change at one moment at two places."""

_CURRENT = "client_secret_sealed"
_PREVIOUS = "previous_secret_sealed"


def replace(uow: UnitOfWork, row: Connection, secret: str, *, keep_previous: bool) -> None:
    """Another secret, or the first one.

    Args:
        uow: the tenant's unit.
        row: the connection.
        secret: as the upstream gave it.
        keep_previous: whether the one before may be tried for a day.
    """
    before = _unseal(uow, row, _CURRENT, row.client_secret_sealed)
    if before == secret:
        return
    row.previous_secret_sealed = _seal(uow, row, _PREVIOUS, before) if keep_previous and before else None
    row.client_secret_sealed, row.secret_changed_at = _seal(uow, row, _CURRENT, secret), uow.now
    if before is not None:
        events.record(uow, EventType.CONNECTION_SECRET_ROTATED, row, connection=row.name)


def previous_until(uow: UnitOfWork, row: Connection) -> datetime | None:
    """Until when the secret before counts too; None when there is none, or it is over."""
    changed_at = row.secret_changed_at if row.previous_secret_sealed is not None else None
    until = None if changed_at is None else changed_at + KEEPS_PREVIOUS
    return until if until is not None and until > uow.now else None


def living(uow: UnitOfWork, row: Connection) -> tuple[str, ...]:
    """The secret to use, and after it the one before, while another may not be in force upstream yet."""
    current = _unseal(uow, row, _CURRENT, row.client_secret_sealed)
    previous = _unseal(uow, row, _PREVIOUS, row.previous_secret_sealed if previous_until(uow, row) else None)
    return tuple(secret for secret in (current, previous) if secret is not None)


def _seal(uow: UnitOfWork, row: Connection, column: str, secret: str) -> bytes:
    return uow.data_key.seal(secret.encode(), table=Connection.__tablename__, column=column, row=row.id)


def _unseal(uow: UnitOfWork, row: Connection, column: str, sealed: bytes | None) -> str | None:
    if sealed is None:
        return None
    return uow.data_key.unseal(sealed, table=Connection.__tablename__, column=column, row=row.id).decode()
