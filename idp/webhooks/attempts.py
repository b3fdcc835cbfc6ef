"""One try of a delivery: what is to be sent where, and how it ended."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from idp.db.unit import UnitOfWork
from idp.events.types import EventType
from idp.ids import new_id
from idp.webhooks import deliveries, schedule, secrets
from idp.webhooks.deliveries import State
from idp.webhooks.endpoints import DELETED, Reason
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
    disabled = endpoint is None or (
        endpoint.disabled_at is not None
        and (row.event_type != EventType.WEBHOOK_TESTED or endpoint.disabled_reason == DELETED)
    )
    if disabled or event is None or endpoint is None:
        row.failed_at, row.next_attempt_at = uow.now, None
        return None
    return Ready(endpoint.url, encoded(payload_of(uow, event)), secrets.living(uow, endpoint), uow.now)


def record(uow: UnitOfWork, delivery_id: UUID, result: Result, wait: timedelta | None) -> Verdict:
    """Write down how a try ended, and answer what follows.

    The endpoint is locked before its delivery, as by whoever deletes it.

    Args:
        uow: the tenant's unit.
        delivery_id: of what.
        result: of the try.
        wait: until the next one; None when there is none.
    """
    row = uow.find(WebhookDelivery, delivery_id)
    endpoint = None if row is None else _locked(uow, row.endpoint_id)
    if row is None or endpoint is None:  # deleted meanwhile
        return Verdict()
    uow.hold(row)
    delivered = result.error is None
    row.attempts += 1
    row.next_attempt_at = None if delivered or wait is None else uow.now + wait
    row.delivered_at = uow.now if delivered else None
    row.failed_at = None if delivered or wait is not None else uow.now
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
    return _follows(uow, endpoint, result, row.attempts)


def _locked(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint | None:
    """The endpoint as it is now; others may refer to it meanwhile."""
    locked = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update(key_share=True)
    return uow.session.scalar(locked, execution_options={"populate_existing": True})


def _follows(uow: UnitOfWork, endpoint: WebhookEndpoint, result: Result, tries: int) -> Verdict:
    """Whether it fails, since when, and whether that is too long; that is no change of the endpoint by anybody."""
    since = endpoint.failing_since
    if endpoint.disabled_at is None and (result.error is None) is (since is not None):
        since = None if result.error is None else uow.now
        uow.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint.id)
            .values(failing_since=since, updated_at=WebhookEndpoint.updated_at),
            execution_options=_UNSEEN,
        )
    if result.error is None:
        return Verdict()
    failing_for = None if since is None else uow.now - since
    if result.gone:
        return Verdict(failing_for, Reason.GONE)
    too_long = failing_for is not None and failing_for >= schedule.DISABLED_AFTER and tries >= schedule.DISABLED_AT
    return Verdict(failing_for, Reason.FAILING if too_long else None)
