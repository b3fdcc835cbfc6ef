"""Deliver what is due: claim in one transaction, handle outside of any, settle in another (at least once)."""

import threading
from collections.abc import Sequence

from idp import log
from idp.db.cache import DATABASE_IS_GONE
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.mail import dead_letters
from idp.mail.errors import Undeliverable
from idp.wiring import Wiring
from idp.worker.handlers import HANDLERS, MAILS
from idp.worker.mail import NotConfigured

BATCH = 10
"""Ten mails of ten seconds each end before `outbox.LEASE` does."""


def deliver_due(wiring: Wiring, stop: threading.Event) -> int:
    """Handle one batch; answers how many were claimed.  What a stop leaves over is given back at once."""
    with wiring.platform_unit() as platform:
        claimed = outbox.claim(platform, limit=BATCH)
    for position, message in enumerate(claimed):
        if stop.is_set():
            _release(wiring, claimed[position:])
            break
        _deliver(wiring, message)
    return len(claimed)


def _deliver(wiring: Wiring, message: OutboxMessage) -> None:
    fields = {"message": str(message.id), "tenant_id": str(message.tenant_id), "kind": message.kind}
    error, permanent = None, False
    try:
        HANDLERS[message.kind](wiring, message)
    except DATABASE_IS_GONE:
        raise
    except NotConfigured as missing:
        log.get().error("outbox.not_configured", detail=str(missing), **fields)
        with wiring.platform_unit() as platform:
            outbox.postpone(platform, message, str(missing))
        return
    except Undeliverable as failed:
        error, permanent = str(failed), True
    except Exception as failed:  # noqa: BLE001 - whatever a handler raises is written down with its message
        error = f"{type(failed).__name__}: {failed}"
    with wiring.platform_unit() as platform:
        died = outbox.settle(platform, message, error, permanent=permanent)
        if died and message.kind in MAILS:
            dead_letters.record(platform, message)
    if error is None:
        log.get().info("outbox.sent", **fields)
    else:
        log.get().warning("outbox.failed", died=died, attempts=message.attempts, **fields)


def _release(wiring: Wiring, messages: Sequence[OutboxMessage]) -> None:
    with wiring.platform_unit() as platform:
        for message in messages:
            outbox.release(platform, message)
