"""Whether word arrived at a webhook, and sending it again."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import click

from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import program, tenant
from idp.webhooks import deliveries as sent
from idp.webhooks import endpoints
from idp.webhooks.deliveries import State
from idp.webhooks.models import WebhookAttempt, WebhookDelivery
from idp.webhooks.payloads import payload_of

_COLUMNS = ("id", "event_type", "state", "attempts", "created_at", "next_attempt_at")
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])
webhook_id = click.argument("webhook_id", type=click.UUID, metavar="WEBHOOK")


def describe(row: WebhookDelivery) -> dict[str, Any]:
    """A delivery, for people and programs."""
    return {
        "id": row.id,
        "event_id": row.event_id,
        "event_type": row.event_type,
        "state": sent.state_of(row).value,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at,
        "delivered_at": row.delivered_at,
        "failed_at": row.failed_at,
    }


@program("deliveries")
@tenant
@webhook_id
@click.option("--state", type=click.Choice([state.value for state in State]))
@click.option("--type", "kind", metavar="TYPE", help="What happened.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N")
@click.option("--show", "delivery_id", type=click.UUID, metavar="ID", help="This one, with its tries and what is sent.")
def deliveries(
    slug: str, webhook_id: UUID, state: str | None, kind: str | None, limit: int, delivery_id: UUID | None
) -> None:
    """List deliveries, the newest first, or show one; they are kept for 30 days."""
    with tenant_unit(slug) as uow:
        endpoint = endpoints.get(uow, webhook_id)
        if delivery_id is not None:
            row = sent.get(uow, endpoint, delivery_id)
            event = sent.event_of(uow, row)
            tries = [_try(one) for one in sent.attempts_of(uow, row)]
            payload = None if event is None else payload_of(uow, event)
            output.record(describe(row) | {"tries": tries, "payload": payload})
            return
        conditions = [] if state is None else [sent.is_in(state)]
        conditions += [] if kind is None else [WebhookDelivery.event_type == kind]
        documents = [describe(row) for row in sent.latest(uow, endpoint, *conditions, limit=limit)]
    output.table(documents, _COLUMNS, empty="There is no such delivery.")


@program("replay")
@tenant
@webhook_id
@click.option("--delivery", "delivery_id", type=click.UUID, metavar="ID", help="This one, however it ended.")
@click.option("--since", type=_MOMENT, help="All that was begun then (UTC) or later and was given up.")
def replay(slug: str, webhook_id: UUID, delivery_id: UUID | None, since: datetime | None) -> None:
    """Send again: one delivery, or all that were given up since a moment, at most 1000 at once."""
    if (delivery_id is None) is (since is None):
        raise click.UsageError("Name one --delivery, or --since")
    with tenant_unit(slug) as uow:
        endpoint = endpoints.get(uow, webhook_id)
        if delivery_id is not None:
            sent.replay(uow, endpoint, sent.get(uow, endpoint, delivery_id))
            count, has_more = 1, False
        else:
            assert since is not None  # noqa: S101 - one of the two is there
            count, has_more = sent.replay_failed(uow, endpoint, since=since.replace(tzinfo=UTC))
    sentence = "1 delivery is sent again." if count == 1 else f"{count} deliveries are sent again."
    output.done({"count": count, "has_more": has_more}, sentence + (" There are more: repeat it." if has_more else ""))


@program("test")
@tenant
@webhook_id
def test(slug: str, webhook_id: UUID) -> None:
    """Send webhook.tested to this webhook alone; `idp webhook deliveries` shows what became of it."""
    with tenant_unit(slug) as uow:
        row = sent.send_test(uow, endpoints.get(uow, webhook_id))
    output.done(
        describe(row), f"A test is on its way: idp webhook deliveries --tenant {slug} {webhook_id} --show {row.id}"
    )


def _try(row: WebhookAttempt) -> dict[str, Any]:
    return {
        "attempted_at": row.attempted_at.isoformat(),
        "duration_ms": row.duration_ms,
        "status": row.status,
        "error": row.error,
    }
