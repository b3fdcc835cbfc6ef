"""What webhooks and their deliveries look like in the management API."""

from typing import Any

from marshmallow import fields, validate

from idp.api.fields import flag, moment, require_plain, shown, text
from idp.api.management.events import ActorOut, TargetOut
from idp.api.schemas import Body
from idp.db.unit import UnitOfWork
from idp.webhooks import deliveries, endpoints, secrets
from idp.webhooks.deliveries import State
from idp.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from idp.webhooks.urls import MAX_URL

_MOMENT = "2026-11-28T09:12:00.250000+00:00"
_LATER = "2026-11-28T09:12:05.500000+00:00"
WEBHOOK_ID = "01981a4e-ca10-7d3b-9a6f-4f0c7d1e2b30"
_USER_ID = "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11"
NEW = {"url": "https://acme.example/hooks/idp", "description": "Keeps the CRM in step.", "event_types": ["user.*"]}
WEBHOOK: dict[str, Any] = {
    "id": WEBHOOK_ID,
    **NEW,
    "enabled": True,
    "disabled_at": None,
    "disabled_reason": None,
    "failing_since": None,
    "secret_changed_at": _MOMENT,
    "previous_secret_until": None,
    "created_at": _MOMENT,
    "updated_at": _MOMENT,
}
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
PAYLOAD: dict[str, Any] = {
    "type": "user.created",
    "timestamp": _MOMENT,
    "data": {
        "id": "01981a4e-f990-7e11-9d4c-2f1e0a9b8c70",
        "outcome": "success",
        "tenant": {"slug": "acme", "issuer": "https://id.example/t/acme"},
        "actor": {"kind": "client", "id": "01981a4e-9d02-7a51-8a3c-0d6b5a4c3e21"},
        "target": {"type": "users", "id": _USER_ID},
        "user_id": _USER_ID,
        "ip": "203.0.113.7",
        "request_id": "01981a4e-f98f-7b10-8c3d-0e9f8a7b6c50",
        "data": {},
    },
}
DELIVERY: dict[str, Any] = {
    "id": "01981a4e-fb10-7f22-8d4c-2f1e0a9b8c71",
    "event_id": PAYLOAD["data"]["id"],
    "event_type": "user.created",
    "state": "delivered",
    "attempts": 2,
    "created_at": _MOMENT,
    "next_attempt_at": None,
    "delivered_at": _LATER,
    "failed_at": None,
}
DETAILED: dict[str, Any] = DELIVERY | {
    "tries": [
        {"attempted_at": _LATER, "duration_ms": 48, "status": 204, "error": None},
        {"attempted_at": _MOMENT, "duration_ms": 52, "status": 500, "error": "The answer was 500."},
    ],
    "payload": PAYLOAD,
}


def _filters(*, required: bool = False) -> fields.List[Any]:
    return fields.List(
        fields.String(validate=[validate.Length(1, 100), require_plain]),
        required=required,
        validate=validate.Length(1, endpoints.MAX_FILTERS),
        metadata={"description": "Event types, `noun.*` for all of a noun's, or `*`; see `webhook-event-types`."},
    )


class ChangeWebhook(Body):
    """Changes of a webhook; members that are left out stay."""

    url = text("https, on the internet. Another one brings another secret.", longest=MAX_URL, format="uri")
    description = text("For people.", longest=endpoints.MAX_DESCRIPTION, nullable=True)
    event_types = _filters()
    enabled = flag("Whether anything is sent to it.")


class CreateWebhook(ChangeWebhook):
    """A webhook to make."""

    url = text("https, on the internet.", longest=MAX_URL, required=True, format="uri")
    event_types = _filters(required=True)


class WebhookOut(Body):
    """A webhook, but for its secret."""

    id = shown("For `webhooks/{webhook_id}`.")
    url = shown("Where it is sent.")
    description = shown("For people.", allow_none=True)
    event_types = _filters(required=True)
    enabled = fields.Boolean(required=True, metadata={"description": "Whether anything is sent to it."})
    disabled_at = moment("Since when nothing is.", allow_none=True)
    disabled_reason = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf([*(reason.value for reason in endpoints.Reason), None]),
        metadata={"description": "`gone`: it answered 410. `failing`: five days of nothing but failures."},
    )
    failing_since = moment("When the first of the tries failed that have failed ever since.", allow_none=True)
    secret_changed_at = moment("Since when it is this secret.", allow_none=True)
    previous_secret_until = moment("Until when the one before signs too.", allow_none=True)
    created_at = moment("When it was made.")
    updated_at = moment("When it changed last.")


class WebhookWithSecret(WebhookOut):
    """A webhook, with a secret that is shown this once."""

    secret = shown("Keep it now: it is not shown again. Null when it is the one that you have.", allow_none=True)


class NewWebhookSecret(Body):
    """A secret, as it is shown this once."""

    secret = shown("Keep it now: it is not shown again.")
    previous_secret_until = moment("Until when the one before signs too.", allow_none=True)


class OwnTenant(Body):
    """Whose event it is."""

    slug = shown("Short name of the tenant.")
    issuer = shown("`iss` of its tokens.")


class WebhookEventData(Body):
    """The event."""

    id = shown("Of the event; the same for every webhook.")
    outcome = shown("`success` or `failure`.")
    tenant = fields.Nested(OwnTenant, required=True)
    actor = fields.Nested(ActorOut, required=True)
    target = fields.Nested(TargetOut, required=True)
    user_id = shown("Whose account it happened to.", allow_none=True)
    ip = shown("From where.", allow_none=True)
    request_id = shown("Of the request; also in logs and on error pages.", allow_none=True)
    data = fields.Dict(required=True, metadata={"description": "What else is to be said; ids and names, no secrets."})


class WebhookPayload(Body):
    """What a webhook is sent, as JSON. Members are only ever added."""

    type = shown("What happened, such as `user.created`.")
    timestamp = moment("When.")
    data = fields.Nested(WebhookEventData, required=True)


class DeliveryOut(Body):
    """An event on its way to a webhook."""

    id = shown("`webhook-id` of every copy; for `deliveries/{delivery_id}`.")
    event_id = shown("Of what happened.")
    event_type = shown("What happened.")
    state = fields.String(
        required=True,
        validate=validate.OneOf([state.value for state in State]),
        metadata={"description": "`pending` until it was acknowledged or given up."},
    )
    attempts = fields.Integer(required=True, strict=True, metadata={"description": "How often it was tried."})
    created_at = moment("When it was begun.")
    next_attempt_at = moment("When it is tried next, at the earliest.", allow_none=True)
    delivered_at = moment("When it was acknowledged.", allow_none=True)
    failed_at = moment("When it was given up.", allow_none=True)


class TryOut(Body):
    """One try."""

    attempted_at = moment("When.")
    duration_ms = fields.Integer(required=True, strict=True, metadata={"description": "How long it took."})
    status = fields.Integer(
        required=True, strict=True, allow_none=True, metadata={"description": "Of the answer, if there was one."}
    )
    error = shown("Why it was no acknowledgement.", allow_none=True)


class DeliveryDetails(DeliveryOut):
    """A delivery with its tries."""

    tries = fields.List(fields.Nested(TryOut), required=True, metadata={"description": "The newest first."})
    payload = fields.Nested(
        WebhookPayload,
        required=True,
        allow_none=True,
        metadata={"description": "As it would be sent now; null without `events:read`, or when the log has lost it."},
    )


def describe(uow: UnitOfWork, row: WebhookEndpoint) -> dict[str, Any]:
    """A webhook as the API shows it."""
    return {
        "id": str(row.id),
        "url": row.url,
        "description": row.description,
        "event_types": row.event_types,
        "enabled": row.disabled_at is None,
        "disabled_at": _iso(row.disabled_at),
        "disabled_reason": row.disabled_reason,
        "failing_since": _iso(row.failing_since),
        "secret_changed_at": _iso(row.rotated_at),
        "previous_secret_until": _iso(secrets.previous_until(uow, row)),
        "created_at": _iso(row.created_at),
        "updated_at": _iso(row.updated_at),
    }


def describe_delivery(row: WebhookDelivery) -> dict[str, Any]:
    """A delivery as the API shows it."""
    return {
        "id": str(row.id),
        "event_id": str(row.event_id),
        "event_type": row.event_type,
        "state": deliveries.state_of(row).value,
        "attempts": row.attempts,
        "created_at": _iso(row.created_at),
        "next_attempt_at": _iso(row.next_attempt_at),
        "delivered_at": _iso(row.delivered_at),
        "failed_at": _iso(row.failed_at),
    }


def describe_try(row: WebhookAttempt) -> dict[str, Any]:
    """A try as the API shows it."""
    return {
        "attempted_at": _iso(row.attempted_at),
        "duration_ms": row.duration_ms,
        "status": row.status,
        "error": row.error,
    }


def _iso(moment: Any) -> str | None:
    return None if moment is None else str(moment.isoformat())
