"""Webhooks leave: an event becomes a delivery for each endpoint, and a delivery one signed POST a try.

Opened in the tenant's unit, sent outside of any, written down in another: whoever dies in between sends a second copy
with the same id.
"""

import time
from datetime import timedelta
from functools import cache
from http import HTTPStatus
from uuid import UUID

from sqlalchemy import select

from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.outbound import Outbound, OutboundBusy, OutboundFailed, OutboundRefused
from idp.tenants.models import Tenant
from idp.webhooks import attempts, deliveries, endpoints, schedule, signing
from idp.webhooks.attempts import Ready, Result
from idp.wiring import Wiring
from idp.worker.turns import NotYet, Turns

_turns = Turns()
_BUSY = timedelta(seconds=2)
"""How long a delivery waits when this process calls as many others as it can."""


class NotAcknowledged(Exception):
    """The endpoint did not take it; there will be another try.

    Attributes:
        wait: how long until then.
    """

    def __init__(self, error: str, wait: timedelta) -> None:
        super().__init__(error)
        self.wait = wait


def expand(wiring: Wiring, message: OutboxMessage) -> None:
    """Make a delivery for each endpoint that wants the event; once, however often the message comes."""
    tenant = _living(wiring, message)
    if tenant is not None:
        with wiring.tenant_unit(tenant) as uow:
            deliveries.expand(uow, UUID(message.payload["event_id"]), message.payload["event_type"])


def send(wiring: Wiring, message: OutboxMessage) -> None:
    """Try a delivery once.  One that is given up is done as far as the outbox goes: the log of deliveries has it.

    Raises:
        NotAcknowledged: it failed, and is tried again.
        NotYet: it is not the endpoint's turn, or there is no room for another call.
    """
    tenant = _living(wiring, message)
    if tenant is None:
        return
    delivery_id, endpoint_id = UUID(message.payload["delivery_id"]), UUID(message.payload[deliveries.ENDPOINT])
    if seconds := _turns.wait(tenant.id, endpoint_id):
        span = timedelta(seconds=seconds)
        with wiring.platform_unit() as platform:
            outbox.hold_back(platform, message, span, alike=deliveries.ENDPOINT)
        raise NotYet(span)
    with _turns.place(tenant.id):
        with wiring.tenant_unit(tenant) as uow:
            ready = _prepare(uow, delivery_id)
        if ready is None:
            return
        result = _post(wiring, delivery_id, ready)
    wait = None if result.error is None or result.gone else schedule.next_wait(message.attempts + 1, result.asked)
    with wiring.tenant_unit(tenant) as uow:
        verdict = attempts.record(uow, delivery_id, result, wait)
    if verdict.reason is not None:
        with wiring.platform_unit() as platform, platform.within(tenant) as uow:
            endpoints.give_up(uow, endpoint_id, verdict.reason)
    rest = _give_way(tenant, endpoint_id, result, verdict.failing_for)
    if result.error is not None and wait is not None:
        raise NotAcknowledged(result.error, max(wait, rest))


def _post(wiring: Wiring, delivery_id: UUID, ready: Ready) -> Result:
    """One try; a redirect is an answer like any other, and no acknowledgement.

    Raises:
        NotYet: there could be none, since others take their time.
    """
    began = time.monotonic()
    headers = signing.headers(ready.secrets, delivery_id, ready.moment, ready.body)
    status, asked, error = None, None, None
    try:
        answer = _outbound(tuple(wiring.settings.outbound_allow)).post(ready.url, body=ready.body, headers=headers)
    except OutboundRefused:
        error = "This address cannot be called from here."
    except OutboundBusy:
        raise NotYet(_BUSY) from None
    except OutboundFailed:
        error = "There was no whole answer in time."
    else:
        status = answer.status
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            redirects = status < HTTPStatus.BAD_REQUEST
            error = f"The answer was {status}." + (" Redirects are not followed." if redirects else "")
            asked = schedule.retry_after(answer.headers, ready.moment)
    duration = timedelta(seconds=time.monotonic() - began)
    return Result(duration, status, error, asked, gone=status == HTTPStatus.GONE)


def _give_way(tenant: Tenant, endpoint_id: UUID, result: Result, failing_for: timedelta | None) -> timedelta:
    """Let whatever else waits go before the next one for an endpoint that is slow, or has failed for a while.

    Answers how long it rests.
    """
    least = timedelta() if result.error is None else schedule.rest(failing_for, result.asked)
    seconds = _turns.took(tenant.id, endpoint_id, result.duration.total_seconds(), least.total_seconds())
    return timedelta(seconds=seconds)


def _prepare(uow: UnitOfWork, delivery_id: UUID) -> Ready | None:
    try:
        return attempts.prepare(uow, delivery_id)
    except NotFound:  # the tenant was deleted meanwhile, and its key shredded
        return None


def _living(wiring: Wiring, message: OutboxMessage) -> Tenant | None:
    with wiring.platform_unit() as platform:
        living = select(Tenant).where(Tenant.id == message.tenant_id, Tenant.deleted_at.is_(None))
        return platform.session.scalar(living)


@cache
def _outbound(allow: tuple[str, ...]) -> Outbound:
    """One for the process, whose certificates are read once."""
    return Outbound(allow)
