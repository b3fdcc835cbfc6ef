"""``idp webhook``: where word of what happens is sent; `idp.cli.webhook_deliveries` shows whether it arrived."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import click

from idp.cli import output
from idp.cli.connect import platform_unit, tenant_unit
from idp.cli.options import confirm, tenant, verb, yes
from idp.cli.webhook_deliveries import deliveries, replay, test, webhook_id
from idp.db.unit import UnitOfWork
from idp.tenants import service as tenants
from idp.webhooks import endpoints, secrets
from idp.webhooks.models import WebhookEndpoint

_COLUMNS = ("id", "url", "event_types", "enabled", "failing_since")
_events = click.option(
    "--events", multiple=True, metavar="TYPE", help="An event type, 'noun.*', or '*'; may be repeated, or use commas."
)


@click.group()
def webhook() -> None:
    """Webhooks: create, list, show, update, rotate-secret, enable, disable, test, deliveries, replay, delete."""


def describe(uow: UnitOfWork, row: WebhookEndpoint) -> dict[str, Any]:
    """A webhook, but for its secret."""
    return {
        "id": row.id,
        "url": row.url,
        "description": row.description,
        "event_types": row.event_types,
        "enabled": row.disabled_at is None,
        "disabled_at": row.disabled_at,
        "disabled_reason": row.disabled_reason,
        "failing_since": row.failing_since,
        "secret_changed_at": row.rotated_at,
        "previous_secret_until": secrets.previous_until(uow, row),
        "created_at": row.created_at,
    }


@verb(webhook, "create")
@tenant
@click.argument("url", metavar="URL")
@_events
@click.option("--description", metavar="TEXT", help="For people.")
@click.option("--disabled", is_flag=True, help="Nothing is sent before `idp webhook enable`.")
def create(slug: str, url: str, events: tuple[str, ...], description: str | None, disabled: bool) -> None:
    """Make a webhook, and show its secret this once."""
    with _changing(slug) as uow:
        wanted = _split(events) or ["*"]
        row, secret = endpoints.create(uow, url=url, event_types=wanted, description=description, enabled=not disabled)
        document = _whole(uow, row)
    output.record(document | {"secret": secret}, once="secret")


@verb(webhook, "list")
@tenant
def list_(slug: str) -> None:
    """List every webhook."""
    with tenant_unit(slug) as uow:
        documents = [describe(uow, row) for row in endpoints.list_all(uow)]
    output.table(documents, _COLUMNS, empty="There is no webhook yet.")


@verb(webhook, "show")
@tenant
@webhook_id
def show(slug: str, webhook_id: UUID) -> None:
    """Show a webhook."""
    with tenant_unit(slug) as uow:
        output.record(describe(uow, endpoints.get(uow, webhook_id)))


@verb(webhook, "update")
@tenant
@webhook_id
@click.option("--url", metavar="URL", help="Another one; it brings another secret, which is shown this once.")
@_events
@click.option("--description", metavar="TEXT", help="For people; empty is none.")
def update(slug: str, webhook_id: UUID, url: str | None, events: tuple[str, ...], description: str | None) -> None:
    """Change where word is sent, or of what."""
    if url is None and not events and description is None:
        raise click.UsageError("Name what to change: --url, --events or --description")
    with _changing(slug) as uow:
        row = endpoints.hold(uow, webhook_id)
        secret = endpoints.update_endpoint(
            uow, row, url=url, event_types=_split(events) or None, description=description
        )
        document = _whole(uow, row)
    output.record(document | ({} if secret is None else {"secret": secret}), once="secret")


@verb(webhook, "rotate-secret")
@tenant
@webhook_id
def rotate_secret(slug: str, webhook_id: UUID) -> None:
    """Make another secret and show it this once; for a day everything is signed with both."""
    with _changing(slug) as uow:
        row = endpoints.hold(uow, webhook_id)
        secret = endpoints.rotate_secret(uow, row)
        document = {"id": row.id, "previous_secret_until": secrets.previous_until(uow, row), "secret": secret}
    output.record(document, once="secret")


@verb(webhook, "enable")
@tenant
@webhook_id
def enable(slug: str, webhook_id: UUID) -> None:
    """Send word from now on; what was given up meanwhile is sent again by `idp webhook replay`."""
    document = _switch(slug, webhook_id, enabled=True)
    output.done(document, f"Word is sent to {document['url']}.")


@verb(webhook, "disable")
@tenant
@webhook_id
def disable(slug: str, webhook_id: UUID) -> None:
    """Send nothing until `idp webhook enable`."""
    document = _switch(slug, webhook_id, enabled=False)
    output.done(document, f"Nothing is sent to {document['url']} now.")


@verb(webhook, "delete")
@tenant
@webhook_id
@yes
def delete(slug: str, webhook_id: UUID, yes: bool) -> None:
    """Delete a webhook with its deliveries and the log of them."""
    confirm(yes, f"Delete the webhook {webhook_id} of {slug} with its deliveries, for good?")
    with _changing(slug) as uow:
        row = endpoints.hold(uow, webhook_id)
        endpoints.remove(uow, row)
    output.done({"id": row.id, "deleted": True}, f"Nothing is sent to {row.url} any more.")


@contextmanager
def _changing(slug: str) -> Iterator[UnitOfWork]:
    with platform_unit() as platform, platform.within(tenants.get(platform, slug)) as uow:
        yield uow


def _switch(slug: str, webhook_id: UUID, *, enabled: bool) -> dict[str, Any]:
    with _changing(slug) as uow:
        row = endpoints.hold(uow, webhook_id)
        endpoints.update_endpoint(uow, row, enabled=enabled)
        return _whole(uow, row)


def _whole(uow: UnitOfWork, row: WebhookEndpoint) -> dict[str, Any]:
    uow.flush()
    uow.session.refresh(row)
    return describe(uow, row)


def _split(events: tuple[str, ...]) -> list[str]:
    return [name for given in events for name in (part.strip() for part in given.split(",")) if name]


for command in (test, deliveries, replay):
    webhook.add_command(command)
