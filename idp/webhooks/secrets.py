"""The secrets that we sign with: made by us, shown once, sealed, two of them while one hands over (R19, R54)."""

from datetime import datetime, timedelta

from idp.db.unit import UnitOfWork
from idp.webhooks import signing
from idp.webhooks.models import WebhookEndpoint

KEEPS_PREVIOUS = timedelta(days=1)
"""For how long the secret before goes on signing beside the new one."""

_CURRENT = "secret_sealed"
_PREVIOUS = "previous_secret_sealed"


def replace(uow: UnitOfWork, row: WebhookEndpoint, *, keep_previous: bool) -> str:
    """Another secret, or the first one; it is never shown again.

    Args:
        uow: the tenant's unit.
        row: the endpoint, with its id.
        keep_previous: whether the one before signs too for a day.
    """
    before = _unseal(uow, row, _CURRENT, row.secret_sealed) if keep_previous else None
    secret = signing.new_secret()
    row.secret_sealed = _seal(uow, row, _CURRENT, secret)
    row.previous_secret_sealed = None if before is None else _seal(uow, row, _PREVIOUS, before)
    row.rotated_at = uow.now
    return secret


def previous_until(uow: UnitOfWork, row: WebhookEndpoint) -> datetime | None:
    """Until when the secret before signs too; None when there is none, or its day is over."""
    if row.previous_secret_sealed is None or row.rotated_at is None:
        return None
    until = row.rotated_at + KEEPS_PREVIOUS
    return until if until > uow.now else None


def living(uow: UnitOfWork, row: WebhookEndpoint) -> tuple[str, ...]:
    """What to sign with, the newest first."""
    secrets = [_unseal(uow, row, _CURRENT, row.secret_sealed)]
    if row.previous_secret_sealed is not None and previous_until(uow, row) is not None:
        secrets.append(_unseal(uow, row, _PREVIOUS, row.previous_secret_sealed))
    return tuple(secrets)


def _seal(uow: UnitOfWork, row: WebhookEndpoint, column: str, secret: str) -> bytes:
    return uow.data_key.seal(secret.encode(), table=WebhookEndpoint.__tablename__, column=column, row=row.id)


def _unseal(uow: UnitOfWork, row: WebhookEndpoint, column: str, sealed: bytes) -> str:
    return uow.data_key.unseal(sealed, table=WebhookEndpoint.__tablename__, column=column, row=row.id).decode()
