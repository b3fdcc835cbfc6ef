"""``webhooks``: where word of what happens is sent (Standard Webhooks, R54)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Response, jsonify
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, select

from idp.api import etags
from idp.api.fields import shown
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.management.settings import see_it_soon
from idp.api.management.webhook_schemas import (
    NEW,
    SECRET,
    WEBHOOK,
    ChangeWebhook,
    CreateWebhook,
    NewWebhookSecret,
    WebhookOut,
    WebhookWithSecret,
    describe,
)
from idp.api.schemas import Body, listed
from idp.api.tags import WEBHOOKS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.events.types import EventType
from idp.http.context import current_platform
from idp.rbac.permissions import Permission
from idp.tenants import service as tenants
from idp.webhooks import endpoints, secrets
from idp.webhooks.models import WebhookEndpoint

_LATER = "2026-11-29T10:00:00.250000+00:00"


class EventTypeOut(Body):
    """Something that can happen."""

    type = shown("For `event_types`.")
    noun = shown("What it happens to; `noun.*` is all that can.")


class EventTypes(Body):
    """All of them."""

    items = fields.List(fields.Nested(EventTypeOut), required=True)


def _has_status(status: str) -> ColumnElement[bool]:
    return WebhookEndpoint.disabled_at.is_(None) if status == "enabled" else WebhookEndpoint.disabled_at.is_not(None)


LISTING = Listing(
    "webhooks",
    orders={"created_at": Order((WebhookEndpoint.id,))},
    default="created_at",
    filters={
        "status": Filter(
            fields.String(
                validate=validate.OneOf(["enabled", "disabled"]), metadata={"description": "How they stand."}
            ),
            _has_status,
        ),
    },
)


@management.operation(
    "GET",
    "/webhook-event-types",
    needs=Permission.WEBHOOKS_READ,
    tag=WEBHOOKS,
    answer=(200, EventTypes, {"items": [{"type": "user.created", "noun": "user"}]}),
)
def list_webhook_event_types(uow: UnitOfWork) -> dict[str, Any]:
    """List event types.

    What a webhook can hear of, besides `noun.*` and `*`. More may be added.
    """
    return {"items": [{"type": kind.value, "noun": kind.value.partition(".")[0]} for kind in EventType]}


@management.operation(
    "GET",
    "/webhooks",
    needs=Permission.WEBHOOKS_READ,
    tag=WEBHOOKS,
    query=LISTING.query,
    answer=(200, listed(WebhookOut), {"items": [WEBHOOK], "next_cursor": None}),
)
def list_webhooks(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """List webhooks."""
    page = LISTING.page(uow, select(WebhookEndpoint).where(endpoints.is_there), query)
    return LISTING.answer(uow, page, [describe(uow, row[0]) for row in page.rows], query)


@management.operation(
    "POST",
    "/webhooks",
    needs=Permission.WEBHOOKS_WRITE,
    tag=WEBHOOKS,
    body=(CreateWebhook, NEW),
    answer=(201, WebhookWithSecret, WEBHOOK | {"secret": SECRET}),
    refuses=("webhook-invalid", "webhook-taken", "too-many-webhooks"),
    etag=True,
)
def create_webhook(uow: UnitOfWork, sent: dict[str, Any]) -> Response:
    """Make a webhook.

    It hears of what happens from now on, within two seconds. Each event is sent as a POST that is signed with `secret`
    as Standard Webhooks has it, at least once, and in no particular order: see `docs/webhooks.md`. Whoever may make a
    webhook may send word of everything that happens in the tenant to wherever they like.
    """
    with _changing(uow) as inner:
        row, secret = endpoints.create(inner, **sent)
        return _with_secret(inner, row, secret, status=201)


@management.operation(
    "GET",
    "/webhooks/<uuid:webhook_id>",
    needs=Permission.WEBHOOKS_READ,
    tag=WEBHOOKS,
    answer=(200, WebhookOut, WEBHOOK),
    refuses=("no-such-webhook",),
    etag=True,
)
def get_webhook(uow: UnitOfWork, webhook_id: UUID) -> dict[str, Any]:
    """Show a webhook."""
    return describe(uow, endpoints.get(uow, webhook_id))


@management.operation(
    "PATCH",
    "/webhooks/<uuid:webhook_id>",
    needs=Permission.WEBHOOKS_WRITE,
    tag=WEBHOOKS,
    body=(ChangeWebhook, {"event_types": ["user.*", "session.*"]}),
    answer=(200, WebhookWithSecret, WEBHOOK | {"event_types": ["session.*", "user.*"], "secret": None}),
    refuses=("no-such-webhook", "webhook-invalid", "webhook-taken"),
    etag=True,
)
def change_webhook(uow: UnitOfWork, sent: dict[str, Any], webhook_id: UUID) -> Response:
    """Change a webhook.

    Another `url` brings another `secret`, which is shown this once: whoever knew the one before cannot speak for us at
    the new place. What happens while `enabled` is false is not sent, and what waits then is given up; `replay` sends
    that again.
    """
    changes = {**sent, **({"description": ""} if sent.get("description", "") is None else {})}
    with _changing(uow) as inner:
        row = endpoints.hold(inner, webhook_id)
        etags.require_match(describe(inner, row))
        return _with_secret(inner, row, endpoints.update_endpoint(inner, row, **changes), status=200)


@management.operation(
    "DELETE",
    "/webhooks/<uuid:webhook_id>",
    needs=Permission.WEBHOOKS_WRITE,
    tag=WEBHOOKS,
    answer=(204, None, None),
    refuses=("no-such-webhook",),
    etag=True,
)
def delete_webhook(uow: UnitOfWork, webhook_id: UUID) -> None:
    """Delete a webhook.

    Its deliveries and the log of them go with it.
    """
    with _changing(uow) as inner:
        row = endpoints.hold(inner, webhook_id)
        etags.require_match(describe(inner, row))
        endpoints.remove(inner, row)


@management.operation(
    "POST",
    "/webhooks/<uuid:webhook_id>/secret",
    needs=Permission.WEBHOOKS_WRITE,
    tag=WEBHOOKS,
    answer=(201, NewWebhookSecret, {"secret": SECRET, "previous_secret_until": _LATER}),
    refuses=("no-such-webhook",),
)
def rotate_webhook_secret(uow: UnitOfWork, webhook_id: UUID) -> dict[str, Any]:
    """Make another secret.

    For a day everything is signed with both, so that the receiver can be given the new one in between.
    """
    with _changing(uow) as inner:
        row = endpoints.hold(inner, webhook_id)
        secret = endpoints.rotate_secret(inner, row)
        until = secrets.previous_until(inner, row)
        return {"secret": secret, "previous_secret_until": until and until.isoformat()}


@contextmanager
def _changing(uow: UnitOfWork) -> Iterator[UnitOfWork]:
    """The tenant's unit that may change the tenant's row too; it commits with the request, and is seen here at once."""
    platform = current_platform(uow.actor)
    with platform.within(tenants.get(platform, uow.tenant.slug)) as inner:
        yield inner
    see_it_soon()


def _with_secret(uow: UnitOfWork, row: WebhookEndpoint, secret: str | None, *, status: int) -> Response:
    """The webhook, under the tag that it has without its secret too."""
    uow.flush()
    uow.session.refresh(row)
    document = describe(uow, row)
    response: Response = jsonify(document | {"secret": secret})
    response.status_code = status
    response.set_etag(etags.etag_of(document))
    return response
