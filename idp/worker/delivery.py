"""Deliver what is due: claim in one transaction, handle outside of any, settle in another (at least once).

One message at a time: whatever takes long keeps no second one from the other workers.  Webhooks and everything else
take turns, so that neither waits for all of the other.
"""

import threading

from idp import log, metrics
from idp.accounts.letters import MAILS
from idp.db.cache import DATABASE_IS_GONE
from idp.events import outbox, subscriptions
from idp.events.models import OutboxMessage
from idp.mail import dead_letters
from idp.mail.errors import Undeliverable
from idp.telemetry.spans import span
from idp.webhooks import deliveries
from idp.wiring import Wiring
from idp.worker.handlers import HANDLERS
from idp.worker.mail import NotConfigured
from idp.worker.pulse import pulse
from idp.worker.webhooks import NotAcknowledged, NotYet

BATCH = 10
_WEBHOOKS = frozenset({subscriptions.KIND, deliveries.KIND})


def deliver_due(wiring: Wiring, stop: threading.Event) -> int:
    """Deliver up to `BATCH` messages, one after the other; answers how many there were."""
    count = 0
    while count < BATCH:
        turns = (webhooks for webhooks in (False, True) if not stop.is_set())
        delivered = sum(_deliver_next(wiring, webhooks=webhooks) for webhooks in turns)
        if not delivered:
            break
        count += delivered
    return count


def _deliver_next(wiring: Wiring, *, webhooks: bool) -> bool:
    with wiring.platform_unit() as platform:
        only, but = (_WEBHOOKS, ()) if webhooks else ((), _WEBHOOKS)
        claimed = outbox.claim(platform, limit=1, only=only, but=but)
    for message in claimed:
        _deliver(wiring, message)
    return bool(claimed)


def _deliver(wiring: Wiring, message: OutboxMessage) -> None:
    pulse.beat()
    fields = {"message": str(message.id), "tenant_id": str(message.tenant_id), "kind": message.kind}
    error, permanent, wait = None, False, None
    try:
        with span(f"deliver {message.kind}", message=str(message.id)):
            HANDLERS[message.kind](wiring, message)
    except DATABASE_IS_GONE:
        raise
    except NotConfigured as missing:
        log.get().error("outbox.not_configured", detail=str(missing), **fields)
        with wiring.platform_unit() as platform:
            outbox.postpone(platform, message, str(missing))
        metrics.DELIVERIES.labels(message.kind, "postponed").inc()
        return
    except NotYet as rests:
        with wiring.platform_unit() as platform:
            outbox.postpone(platform, message, str(rests), span=rests.span)
        metrics.DELIVERIES.labels(message.kind, "postponed").inc()
        return
    except NotAcknowledged as failed:
        error, wait = str(failed), failed.wait
    except Undeliverable as failed:
        error, permanent = str(failed), True
    except Exception as failed:  # noqa: BLE001 - whatever a handler raises is written down with its message
        error = f"{type(failed).__name__}: {failed}"
    with wiring.platform_unit() as platform:
        died = outbox.settle(platform, message, error, permanent=permanent, wait=wait)
        if died and message.kind in MAILS:
            dead_letters.record(platform, message)
    metrics.DELIVERIES.labels(message.kind, "sent" if error is None else "dead" if died else "failed").inc()
    if error is None:
        log.get().info("outbox.sent", **fields)
    else:
        log.get().warning("outbox.failed", died=died, attempts=message.attempts, **fields)
