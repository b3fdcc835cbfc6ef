"""The outbox: the only way to make something leave the system, at least once.

Enqueued in the transaction of the change; claimed by the worker with SKIP LOCKED, so that many workers share the
queue; settled with exponential backoff and, after the last try, a visible dead letter.  What only the recipient may
see is sealed with the tenant's data key, so that a copy of the database opens nothing (R33).
"""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select, true, tuple_, update

from idp.db.unit import PlatformUnit, UnitOfWork
from idp.events.models import OutboxMessage
from idp.ids import new_id

MAX_ATTEMPTS = 10
LEASE = timedelta(minutes=2)
"""A claimed message comes back after this long when its worker died."""
POSTPONEMENT = timedelta(minutes=1)
HELD_BACK_AT_ONCE = 500
"""Of so many messages at the head of the queue those are held back that should be, so that it takes a moment."""
_FIRST_DELAY = timedelta(seconds=5)
_PLACE = {"table": "outbox_messages", "column": "body_sealed"}


def enqueue(uow: UnitOfWork, kind: str, *, sealed: Mapping[str, Any] | None = None, **payload: Any) -> OutboxMessage:
    """Send a message when, and only when, the transaction commits.

    Args:
        uow: the transaction of the change.
        kind: which handler sends it.
        sealed: JSON that only `open_body` shows again.
        payload: JSON that an operator may see.
    """
    message = OutboxMessage(id=new_id(), kind=kind, payload=payload)
    if sealed is not None:
        message.body_sealed = uow.data_key.seal(json.dumps(sealed).encode(), row=message.id, **_PLACE)
    return uow.add(message)


def open_body(uow: UnitOfWork, message: OutboxMessage) -> dict[str, Any]:
    """What was sealed with `message`; nothing, if nothing was.

    Raises:
        NotFound: the tenant was deleted and its key shredded.
        SealBroken: sealed elsewhere, or damaged.
    """
    if message.body_sealed is None:
        return {}
    body: dict[str, Any] = json.loads(uow.data_key.unseal(message.body_sealed, row=message.id, **_PLACE))
    return body


def claim(
    platform: PlatformUnit, *, limit: int = 20, only: Collection[str] = (), but: Collection[str] = ()
) -> Sequence[OutboxMessage]:
    """Take due messages; nobody else gets them until the lease is over.

    That is no try yet: what is claimed and never tried, because its worker died or the commit was not confirmed, comes
    back as it was.

    Args:
        platform: the transaction.
        limit: at most so many.
        only: their kinds, when not every one is wanted.
        but: kinds that are left to others.
    """
    due = (
        select(OutboxMessage.tenant_id, OutboxMessage.id)
        .where(
            OutboxMessage.sent_at.is_(None),
            OutboxMessage.dead_at.is_(None),
            OutboxMessage.next_attempt_at <= platform.now,
            OutboxMessage.kind.in_(only) if only else true(),
            OutboxMessage.kind.not_in(but) if but else true(),
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = platform.session.scalars(
        update(OutboxMessage)
        .where(OutboxMessage.tenant_id == due.c.tenant_id, OutboxMessage.id == due.c.id)
        .values(next_attempt_at=platform.now + LEASE)
        .returning(OutboxMessage),
        execution_options={"synchronize_session": False},
    )
    return claimed.all()


def settle(
    platform: PlatformUnit,
    message: OutboxMessage,
    error: str | None = None,
    *,
    permanent: bool = False,
    wait: timedelta | None = None,
) -> bool:
    """Write down a try and how it ended; answers whether the message is a dead letter now.

    `message` counts the try too.

    Args:
        platform: the transaction to write in.
        message: as claimed.
        error: what went wrong, or None when it was sent.
        permanent: whether trying again would be of no use.
        wait: how long until the next try, where its handler counts tries itself; our own backoff when None.
    """
    message.attempts += 1
    died = error is not None and (permanent or (wait is None and message.attempts >= MAX_ATTEMPTS))
    values: dict[str, Any]
    if error is None:
        values = {"sent_at": platform.now, "last_error": None}
    elif died:
        values = {"dead_at": platform.now, "last_error": error[:500]}
    else:
        delay = _FIRST_DELAY * 2 ** (message.attempts - 1) if wait is None else wait
        values = {"next_attempt_at": platform.now + delay, "last_error": error[:500]}
    _write(platform, [message], {"attempts": message.attempts, **values})
    return died


def postpone(
    platform: PlatformUnit, messages: Sequence[OutboxMessage], reason: str, *, span: timedelta = POSTPONEMENT
) -> None:
    """Undo `claim` for a while, because there could be no try."""
    _write(platform, messages, {"next_attempt_at": platform.now + span, "last_error": reason})


def hold_back(platform: PlatformUnit, message: OutboxMessage, span: timedelta, *, alike: str | None = None) -> None:
    """Let the tenant's other messages of this kind wait: where they go everything is slow, and other tenants wait too.

    Only what is due and next in the queue, `HELD_BACK_AT_ONCE` at most: whoever claims another one asks again.  What
    somebody has claimed is theirs.

    Args:
        platform: the transaction.
        message: the one that took long.
        span: how long.
        alike: a member of the payload, where only messages wait that have the same there.
    """
    head = (
        select(OutboxMessage.tenant_id, OutboxMessage.id)
        .where(
            OutboxMessage.sent_at.is_(None),
            OutboxMessage.dead_at.is_(None),
            OutboxMessage.next_attempt_at <= platform.now,
            OutboxMessage.kind == message.kind,
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(HELD_BACK_AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("head")
    )
    platform.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.tenant_id == head.c.tenant_id,
            OutboxMessage.id == head.c.id,
            OutboxMessage.tenant_id == message.tenant_id,
            true() if alike is None else OutboxMessage.payload[alike].astext == message.payload[alike],
        )
        .values(next_attempt_at=platform.now + span),
        execution_options={"synchronize_session": False},
    )


def revive(platform: PlatformUnit, message: OutboxMessage) -> None:
    """Put a dead letter back in the queue, with all its tries before it."""
    _write(platform, [message], {"dead_at": None, "attempts": 0, "next_attempt_at": platform.now})


def _write(platform: PlatformUnit, messages: Sequence[OutboxMessage], values: dict[str, Any]) -> None:
    keys = [(message.tenant_id, message.id) for message in messages]
    platform.execute(
        update(OutboxMessage).where(tuple_(OutboxMessage.tenant_id, OutboxMessage.id).in_(keys)).values(**values),
        execution_options={"synchronize_session": "fetch"},
    )
