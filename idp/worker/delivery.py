"""Deliver what is due: claim in one transaction, handle outside of any, settle in another (at least once).

One message at a time: whatever takes long keeps no second one from the other workers.  Webhooks and everything else
take turns, so that neither waits for all of the other; of webhooks a few are called at once, each endpoint by itself,
because how long they take is up to others.
"""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

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
from idp.worker import together
from idp.worker.handlers import HANDLERS
from idp.worker.mail import NotConfigured
from idp.worker.pulse import pulse
from idp.worker.turns import NotYet
from idp.worker.webhooks import NotAcknowledged

BATCH = 10
WEBHOOKS_AT_ONCE = 8
_TURN_SECONDS = 1.0
"""After this long an endpoint's next delivery waits for the next turn."""
_STATEMENT_TIMEOUT = "57014"
_WEBHOOKS = frozenset({subscriptions.KIND, deliveries.KIND})


def deliver_due(wiring: Wiring, stop: threading.Event) -> int:
    """Deliver `BATCH` messages or a few more; answers how many there were."""
    count = 0
    while count < BATCH:
        turns = (turn for turn in (_deliver_next, _deliver_webhooks) if not stop.is_set())
        delivered = sum(turn(wiring) for turn in turns)
        if not delivered:
            break
        count += delivered
    return count


def _deliver_next(wiring: Wiring) -> int:
    with wiring.platform_unit() as platform:
        claimed = outbox.claim(platform, limit=1, but=_WEBHOOKS)
    for message in claimed:
        _deliver(wiring, message)
    return len(claimed)


def _deliver_webhooks(wiring: Wiring) -> int:
    with wiring.platform_unit() as platform:
        claimed = outbox.claim(platform, limit=WEBHOOKS_AT_ONCE, only=_WEBHOOKS)
    groups: dict[str, list[OutboxMessage]] = {}
    for message in claimed:
        groups.setdefault(message.payload.get(deliveries.ENDPOINT, str(message.id)), []).append(message)
    if groups:
        together.run([partial(_deliver_in_turn, wiring, group) for group in groups.values()])
    return len(claimed)


def _deliver_in_turn(wiring: Wiring, messages: Sequence[OutboxMessage]) -> None:
    """Messages for one endpoint, one after the other, for a while; the rest goes back to the queue."""
    ends = time.monotonic() + _TURN_SECONDS
    for number, message in enumerate(messages):
        if time.monotonic() < ends:
            rest, why = _deliver(wiring, message), "The endpoint rests."
            left = messages[number + 1 :]
        else:
            rest, why = timedelta(), "The endpoint had its turn."
            left = messages[number:]
        if rest is not None:
            if left:
                with wiring.platform_unit() as platform:
                    outbox.postpone(platform, left, why, span=rest)
            return


def _deliver(wiring: Wiring, message: OutboxMessage) -> timedelta | None:
    """Try a message, and answer for how long others for the same place need not be tried, if that turned out."""
    pulse.beat()
    fields = {"message": str(message.id), "tenant_id": str(message.tenant_id), "kind": message.kind}
    error, permanent, wait = None, False, None
    try:
        with span(f"deliver {message.kind}", message=str(message.id)):
            HANDLERS[message.kind](wiring, message)
    except DATABASE_IS_GONE as gone:
        if getattr(getattr(gone, "orig", None), "sqlstate", None) != _STATEMENT_TIMEOUT:
            raise
        error = "The database took too long."
    except NotConfigured as missing:
        log.get().error("outbox.not_configured", detail=str(missing), **fields)
        with wiring.platform_unit() as platform:
            outbox.postpone(platform, [message], str(missing))
        metrics.DELIVERIES.labels(message.kind, "postponed").inc()
        return None
    except NotYet as rests:
        with wiring.platform_unit() as platform:
            outbox.postpone(platform, [message], str(rests), span=rests.span)
        metrics.DELIVERIES.labels(message.kind, "postponed").inc()
        return rests.span
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
    return None
