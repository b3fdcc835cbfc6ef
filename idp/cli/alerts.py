"""``idp alert``: what a tenant was warned of, and a test of whom that reaches."""

from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import select

from idp.alerts import service as alerts
from idp.alerts.kinds import Kind
from idp.alerts.models import Alert
from idp.alerts.telling import MAILS
from idp.cli import output
from idp.cli.connect import tenant_unit
from idp.cli.options import tenant, verb

_COLUMNS = ("raised_at", "kind", "id", "mails")
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def alert() -> None:
    """Security alerts: list, test."""


def describe(row: Alert) -> dict[str, Any]:
    """An alert, for people and programs."""
    known = {name: value for name, value in row.data.items() if name not in {MAILS, "event_id"}}
    return {
        "id": row.id,
        "raised_at": row.raised_at,
        "kind": row.kind,
        "mails": row.data.get(MAILS),
        "event_id": row.data.get("event_id"),
        "data": known,
    }


@verb(alert, "list")
@tenant
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), metavar="KIND", help="Only of this kind.")
@click.option("--since", type=_MOMENT, help="At this time or later, UTC.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N")
def list_(slug: str, kind: str | None, since: datetime | None, limit: int) -> None:
    """List what a tenant was warned of, the newest first."""
    statement = select(Alert).order_by(Alert.id.desc()).limit(limit)
    if kind is not None:
        statement = statement.where(Alert.kind == kind)
    if since is not None:
        statement = statement.where(alerts.since(since.replace(tzinfo=UTC)))
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in uow.session.scalars(statement).all()]
    output.table(documents, _COLUMNS, empty="There was nothing to warn of.")


@verb(alert, "test")
@tenant
def test(slug: str) -> None:
    """Send an alert that means nothing where every alert goes: to the contacts, and to webhooks that want it."""
    with tenant_unit(slug) as uow:
        raised, to = alerts.test(uow)
    output.done(describe(raised) | {"to": to}, f"A test alert goes to {', '.join(to)}.")
