"""Verbs on endpoints: create, change, enable, disable, another secret, delete.

Each that changes what is heard takes the tenant's unit within a platform unit, since it changes the tenant's row too;
one such change of a tenant waits for the other.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Update, delete, func, select, update

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events import subscriptions
from idp.events.types import EventType
from idp.ids import new_id
from idp.tenants.models import Tenant
from idp.webhooks import secrets
from idp.webhooks.errors import NoSuchWebhook, TooManyWebhooks, WebhookInvalid, WebhookTaken
from idp.webhooks.models import WebhookDelivery, WebhookEndpoint
from idp.webhooks.urls import host_of, require_callable

MAX_ENDPOINTS = 20
MAX_DESCRIPTION = 200
MAX_FILTERS = 200
MAX_DELETED_AT_ONCE = 1_000
"""An endpoint with more deliveries is hidden, and deleted by the worker with them."""
DELETED = "deleted"
"""The reason why one is disabled that is hidden."""

is_there = WebhookEndpoint.disabled_reason.is_distinct_from(DELETED)


class Reason(StrEnum):
    """Why an endpoint was disabled, when nobody did it by hand."""

    GONE = "gone"
    FAILING = "failing"


def create(
    uow: UnitOfWork, *, url: str, event_types: Collection[str], description: str | None = None, enabled: bool = True
) -> tuple[WebhookEndpoint, str]:
    """Let a URL hear of events from now on; answers the endpoint and its secret, which is never shown again.

    Args:
        uow: the tenant's unit within a platform unit.
        url: https, of a host on the internet.
        event_types: filters, as in `idp.events.subscriptions`.
        description: for people.
        enabled: whether it hears at once.

    Raises:
        WebhookInvalid: no such URL is called, or there is no such event.
        WebhookTaken, TooManyWebhooks: there are others.
    """
    url, wanted = require_callable(url), _wanted(event_types)
    _take_turn(uow)
    _require_free(uow, url)
    if (uow.session.scalar(select(func.count()).select_from(WebhookEndpoint).where(is_there)) or 0) >= MAX_ENDPOINTS:
        raise TooManyWebhooks(f"A tenant has at most {MAX_ENDPOINTS} webhooks.")
    row = WebhookEndpoint(
        id=new_id(),
        url=url,
        description=_described(description),
        event_types=wanted,
        disabled_at=None if enabled else uow.now,
    )
    secret = secrets.replace(uow, row, keep_previous=False)
    uow.add(row)
    _publish(uow)
    events.record(uow, EventType.WEBHOOK_CREATED, row, host=host_of(url), event_types=wanted)
    return row, secret


def update_endpoint(
    uow: UnitOfWork,
    row: WebhookEndpoint,
    *,
    url: str | None = None,
    event_types: Collection[str] | None = None,
    description: str | None = None,
    enabled: bool | None = None,
) -> str | None:
    """Change what is not None; an empty description is none.  Answers the new secret, which another URL brings (R54).

    Args:
        uow: the tenant's unit within a platform unit.
        row: as `hold` gave it.
        url: another one; whoever knew the secret of the one before cannot speak for us there.
        event_types: all of them.
        description: for people.
        enabled: whether it hears.

    Raises:
        WebhookInvalid: no such URL is called, or there is no such event.
        WebhookTaken: another endpoint has that URL.
    """
    secret, changed = None, []
    if url is not None and url != row.url:
        _require_free(uow, require_callable(url))
        row.url, row.failing_since = url, None
        secret = secrets.replace(uow, row, keep_previous=False)
        changed.append("url")
    if event_types is not None and (wanted := _wanted(event_types)) != row.event_types:
        row.event_types = wanted
        changed.append("event_types")
    if description is not None and _described(description) != row.description:
        row.description = _described(description)
        changed.append("description")
    switched = enabled is not None and enabled != (row.disabled_at is None)
    if switched:
        row.disabled_at, row.disabled_reason = (None if enabled else uow.now), None
        row.failing_since = None
    _publish(uow)
    if changed:
        events.record(uow, EventType.WEBHOOK_UPDATED, row, host=host_of(row.url), changed=changed)
    if switched:
        kind = EventType.WEBHOOK_ENABLED if enabled else EventType.WEBHOOK_DISABLED
        events.record(uow, kind, row, host=host_of(row.url))
    return secret


def rotate_secret(uow: UnitOfWork, row: WebhookEndpoint) -> str:
    """Another secret, which is never shown again; the one before signs too for a day."""
    secret = secrets.replace(uow, row, keep_previous=True)
    events.record(uow, EventType.WEBHOOK_SECRET_ROTATED, row, host=host_of(row.url))
    return secret


def give_up(uow: UnitOfWork, endpoint_id: UUID, reason: Reason) -> bool:
    """Disable an endpoint that does not answer as it should; whether it was still enabled, which is said once.

    Args:
        uow: the tenant's unit within a platform unit.
        endpoint_id: which.
        reason: why.
    """
    _take_turn(uow)
    row = uow.find(WebhookEndpoint, endpoint_id)
    if row is None or uow.hold(row).disabled_at is not None:
        return False
    row.disabled_at, row.disabled_reason = uow.now, reason.value
    _publish(uow)
    since = row.failing_since and row.failing_since.isoformat()
    events.record(uow, EventType.WEBHOOK_DISABLED, row, host=host_of(row.url), reason=reason.value, failing_since=since)
    return True


def remove(uow: UnitOfWork, row: WebhookEndpoint) -> None:
    """Delete an endpoint with its deliveries; if those are many, nobody sees it any more, and the worker deletes it.

    Raises:
        NoSuchWebhook: somebody else did so meanwhile.
    """
    uow.flush()
    host, mine = host_of(row.url), (WebhookEndpoint.id == row.id) & is_there
    removed = _hidden(uow, row).where(mine) if _has_many_deliveries(uow, row) else delete(WebhookEndpoint).where(mine)
    if uow.session.scalar(removed.returning(WebhookEndpoint.id)) is None:
        raise _unknown()
    _publish(uow)
    events.record(uow, EventType.WEBHOOK_DELETED, row, host=host)


def list_all(uow: UnitOfWork) -> Sequence[WebhookEndpoint]:
    """The tenant's endpoints, the oldest first."""
    return uow.session.scalars(select(WebhookEndpoint).where(is_there).order_by(WebhookEndpoint.id)).all()


def get(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """The endpoint with this id.

    Raises:
        NoSuchWebhook: none of this tenant.
    """
    row = uow.find(WebhookEndpoint, endpoint_id)
    if row is None or row.disabled_reason == DELETED:
        raise _unknown()
    return row


def hold(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """The endpoint as it is now, locked: whoever wants to change any of the tenant's waits.

    Args:
        uow: the tenant's unit within a platform unit.
        endpoint_id: which.

    Raises:
        NoSuchWebhook: there is none, or it was deleted meanwhile.
    """
    _take_turn(uow)
    locked = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update(key_share=True)
    row = uow.session.scalar(locked, execution_options={"populate_existing": True})
    if row is None or row.disabled_reason == DELETED:
        raise _unknown()
    return row


def _take_turn(uow: UnitOfWork) -> None:
    """Lock the tenant's row, as far as others only refer to it."""
    uow.execute(select(Tenant.id).where(Tenant.id == uow.tenant.id).with_for_update(key_share=True))


def _has_many_deliveries(uow: UnitOfWork, row: WebhookEndpoint) -> bool:
    theirs = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == row.id).limit(MAX_DELETED_AT_ONCE + 1)
    return (uow.session.scalar(select(func.count()).select_from(theirs.subquery())) or 0) > MAX_DELETED_AT_ONCE


def _hidden(uow: UnitOfWork, row: WebhookEndpoint) -> Update:
    """What makes `row` nobody's: its URL and its place are free, and its secrets are gone."""
    return update(WebhookEndpoint).values(
        url=f"{DELETED}:{row.id}",
        description=None,
        event_types=[],
        secret_sealed=b"",
        previous_secret_sealed=None,
        disabled_at=uow.now,
        disabled_reason=DELETED,
    )


def _publish(uow: UnitOfWork) -> None:
    """Write down what the enabled endpoints want, where every request sees it; that is no change of the settings."""
    uow.flush()
    wanted = uow.session.scalars(select(WebhookEndpoint.event_types).where(WebhookEndpoint.disabled_at.is_(None)))
    uow.execute(
        update(Tenant)
        .where(Tenant.id == uow.tenant.id)
        .values(webhook_events=subscriptions.union(wanted.all()), updated_at=Tenant.updated_at)
    )


def _require_free(uow: UnitOfWork, url: str) -> None:
    if uow.session.scalar(select(WebhookEndpoint.id).where(WebhookEndpoint.url == url)) is not None:
        raise WebhookTaken("There is a webhook with this URL already.")


def _wanted(event_types: Collection[str]) -> list[str]:
    """Filters that there are, each once, in the order of the alphabet."""
    if not 0 < len(event_types) <= MAX_FILTERS:
        raise WebhookInvalid(f"Name 1 to {MAX_FILTERS} types of event, or '*' for all.", field="event_types")
    for name in event_types:
        if (why := subscriptions.problem_of(name)) is not None:
            raise WebhookInvalid(why, field="event_types")
    return sorted(set(event_types))


def _described(description: str | None) -> str | None:
    line = " ".join((description or "").split())
    if len(line) > MAX_DESCRIPTION or not line.isprintable():
        raise WebhookInvalid(f"A description is one line of at most {MAX_DESCRIPTION} characters.", field="description")
    return line or None


def _unknown() -> NoSuchWebhook:
    return NoSuchWebhook("There is no such webhook.")
