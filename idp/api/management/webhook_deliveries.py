"""``webhooks/{webhook_id}/deliveries``: whether word arrived, and sending it again."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from idp.api.fields import text
from idp.api.listing import Filter, Listing
from idp.api.management.routes import management
from idp.api.management.webhook_schemas import (
    DELIVERY,
    DETAILED,
    DeliveryDetails,
    DeliveryOut,
    describe_delivery,
    describe_try,
)
from idp.api.schemas import Body, listed
from idp.api.tags import WEBHOOKS
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.rbac import bounds
from idp.rbac.permissions import Permission
from idp.webhooks import deliveries, endpoints
from idp.webhooks.deliveries import State
from idp.webhooks.models import WebhookDelivery
from idp.webhooks.payloads import payload_of

_PENDING = DELIVERY | {
    "state": "pending",
    "attempts": 0,
    "next_attempt_at": DELIVERY["created_at"],
    "delivered_at": None,
}


class ReplayFailed(Body):
    """What to send again."""

    since = fields.AwareDateTime(
        format="iso",
        required=True,
        metadata={"description": "What was begun at this time or later (RFC 3339) and was given up."},
    )


class Replayed(Body):
    """What is sent again."""

    count = fields.Integer(required=True, strict=True, metadata={"description": "How many deliveries."})
    has_more = fields.Boolean(
        required=True, metadata={"description": "Whether there are more than are sent again at once: ask again then."}
    )


LISTING = Listing(
    "webhook-deliveries",
    orders={"created_at": Order((WebhookDelivery.id,))},
    default="-created_at",
    filters={
        "state": Filter(
            fields.String(
                validate=validate.OneOf([state.value for state in State]), metadata={"description": "How they stand."}
            ),
            deliveries.is_in,
        ),
        "event_type": Filter(text("What happened.", longest=100), lambda kind: WebhookDelivery.event_type == kind),
    },
)


@management.operation(
    "GET",
    "/webhooks/<uuid:webhook_id>/deliveries",
    needs=Permission.WEBHOOKS_READ,
    tag=WEBHOOKS,
    query=LISTING.query,
    answer=(200, listed(DeliveryOut), {"items": [DELIVERY], "next_cursor": None}),
    refuses=("no-such-webhook",),
)
def list_webhook_deliveries(uow: UnitOfWork, query: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """List a webhook's deliveries.

    The newest first; they are kept for 30 days.
    """
    endpoint = endpoints.get(uow, webhook_id)
    page = LISTING.page(uow, select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id), query)
    return LISTING.answer(uow, page, [describe_delivery(row[0]) for row in page.rows], query)


@management.operation(
    "GET",
    "/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>",
    needs=Permission.WEBHOOKS_READ,
    tag=WEBHOOKS,
    answer=(200, DeliveryDetails, DETAILED),
    refuses=("no-such-webhook", "no-such-delivery"),
)
def get_webhook_delivery(uow: UnitOfWork, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    """Show a delivery.

    With its tries, and what is sent if you may read events. What a webhook says in the body of its answer is not kept.
    """
    row = deliveries.get(uow, endpoints.get(uow, webhook_id), delivery_id)
    event = deliveries.event_of(uow, row) if bounds.may(uow, Permission.EVENTS_READ) else None
    return {
        **describe_delivery(row),
        "tries": [describe_try(one) for one in deliveries.attempts_of(uow, row)],
        "payload": None if event is None else payload_of(uow, event),
    }


@management.operation(
    "POST",
    "/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay",
    needs=Permission.WEBHOOKS_WRITE,
    tag=WEBHOOKS,
    answer=(202, DeliveryOut, _PENDING | {"attempts": 2}),
    refuses=("no-such-webhook", "no-such-delivery", "webhook-disabled"),
)
def replay_webhook_delivery(uow: UnitOfWork, webhook_id: UUID, delivery_id: UUID) -> dict[str, Any]:
    """Send a delivery again.

    Under the same `webhook-id`, whether it arrived or was given up; one that waits for its next try is tried now.
    """
    endpoint = endpoints.get(uow, webhook_id)
    row = deliveries.get(uow, endpoint, delivery_id)
    deliveries.replay(uow, endpoint, row)
    return describe_delivery(row)


@management.operation(
    "POST",
    "/webhooks/<uuid:webhook_id>/replay",
    needs=Permission.WEBHOOKS_WRITE,
    tag=WEBHOOKS,
    body=(ReplayFailed, {"since": "2026-11-27T00:00:00+00:00"}),
    answer=(202, Replayed, {"count": 12, "has_more": False}),
    refuses=("no-such-webhook", "webhook-disabled"),
)
def replay_failed_webhook_deliveries(uow: UnitOfWork, sent: dict[str, Any], webhook_id: UUID) -> dict[str, Any]:
    """Send again what was given up.

    Since a moment, the oldest first, at most 1000 at once.
    """
    count, has_more = deliveries.replay_failed(uow, endpoints.get(uow, webhook_id), since=sent["since"])
    return {"count": count, "has_more": has_more}


@management.operation(
    "POST",
    "/webhooks/<uuid:webhook_id>/test",
    needs=Permission.WEBHOOKS_WRITE,
    tag=WEBHOOKS,
    answer=(202, DeliveryOut, _PENDING | {"event_type": "webhook.tested"}),
    refuses=("no-such-webhook",),
)
def test_webhook(uow: UnitOfWork, webhook_id: UUID) -> dict[str, Any]:
    """Try a webhook out.

    It alone is sent `webhook.tested`, whatever it wants to hear of, and also while it is not enabled. See
    `deliveries/{delivery_id}` for what became of it.
    """
    return describe_delivery(deliveries.send_test(uow, endpoints.get(uow, webhook_id)))
