"""One try of a delivery: what is to be sent where, and how it ended."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, update

from idp.db.unit import UnitOfWork
from idp.events.types import EventType
from idp.ids import new_id
from idp.webhooks import deliveries, schedule, secrets
from idp.webhooks.deliveries import State
from idp.webhooks.endpoints import Reason
from idp.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from idp.webhooks.payloads import encoded, payload_of

_UNSEEN = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Ready:
    """What is to be sent.

    Attributes:
        url: where.
        body: what.
        secrets: to sign with.
        moment: of signing.
    """

    url: str
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    moment: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """How a try ended.

    Attributes:
        duration: from the look-up of the name to the end of the answer.
        status: of the answer, if there was one.
        error: in words; None when it was acknowledged.
        asked: how long to wait, if the endpoint asked for it.
        gone: whether the endpoint said that it is no more.
    """

    duration: timedelta
    status: int | None = None
    error: str | None = None
    asked: timedelta | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from it.

    Attributes:
        failing_for: since when the endpoint has done nothing but fail; None when it has not.
        reason: why the endpoint is to be disabled, when it is.
    """

    failing_for: timedelta | None = None
    reason: Reason | None = None


def prepare(uow: UnitOfWork, delivery_id: UUID) -> Ready | None:
    """What to send now.

    None when there is nothing: it was acknowledged, the endpoint is disabled or deleted, or the event is gone from the
    log.  What can never be sent has failed.
    """
    row = uow.find(WebhookDelivery, delivery_id)
    if row is None or deliveries.state_of(row) is not State.PENDING:
        return None
    endpoint, event = uow.find(WebhookEndpoint, row.endpoint_id), deliveries.event_of(uow, row)
    disabled = endpoint is None or (endpoint.disabled_at is not None and row.event_type != EventType.WEBHOOK_TESTED)
    if disabled or event is None or endpoint is None:
        row.failed_at, row.next_attempt_at = uow.now, None
        return None
    return Ready(endpoint.url, encoded(payload_of(uow, event)), secrets.living(uow, endpoint), uow.now)


def record(uow: UnitOfWork, delivery_id: UUID, result: Result, wait: timedelta | None) -> Verdict:
    """Write down how a try ended, and answer what follows.

    Args:
        uow: the tenant's unit.
        delivery_id: of what.
        result: of the try.
        wait: until the next one; None when there is none.
    """
    delivered = result.error is None
    endpoint_id = uow.session.scalar(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id)
        .values(
            attempts=WebhookDelivery.attempts + 1,
            next_attempt_at=None if delivered or wait is None else uow.now + wait,
            delivered_at=uow.now if delivered else None,
            failed_at=None if delivered or wait is not None else uow.now,
        )
        .returning(WebhookDelivery.endpoint_id),
        execution_options=_UNSEEN,
    )
    if endpoint_id is None:  # deleted meanwhile
        return Verdict()
    milliseconds = round(result.duration / timedelta(milliseconds=1))
    uow.add(
        WebhookAttempt(
            id=new_id(),
            delivery_id=delivery_id,
            duration_ms=milliseconds,
            status=result.status,
            error=result.error,
        )
    )
    return _of_endpoint(uow, endpoint_id, result)


def _of_endpoint(uow: UnitOfWork, endpoint_id: UUID, result: Result) -> Verdict:
    failing_since = WebhookEndpoint.failing_since
    differs = failing_since.is_not(None) if result.error is None else failing_since.is_(None)
    uow.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.disabled_at.is_(None), differs)
        .values(
            failing_since=None if result.error is None else func.now(),
            updated_at=WebhookEndpoint.updated_at,
        ),
        execution_options=_UNSEEN,
    )
    if result.error is None:
        return Verdict()
    since = uow.session.scalar(select(failing_since).where(WebhookEndpoint.id == endpoint_id))
    failing_for = None if since is None else uow.now - since
    if result.gone:
        return Verdict(failing_for, Reason.GONE)
    too_long = failing_for is not None and failing_for >= schedule.DISABLED_AFTER
    return Verdict(failing_for, Reason.FAILING if too_long else None)
