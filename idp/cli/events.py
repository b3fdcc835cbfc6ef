"""``idp event``: what happened in a tenant, searched, taken away and counted."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from sqlalchemy import ColumnElement

from idp.cli import output, people
from idp.cli.connect import tenant_unit
from idp.cli.options import tenant, verb
from idp.db.unit import UnitOfWork
from idp.events import export as files
from idp.events import search, statistics
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType

_COLUMNS = ("occurred_at", "type", "outcome", "actor", "user_id", "ip")
_MEMBERS = (
    "id",
    "occurred_at",
    "type",
    "outcome",
    "actor",
    "target_type",
    "target_id",
    "user_id",
    "ip",
    "request_id",
    "data",
)
_MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"])


@click.group()
def event() -> None:
    """Events: list, export, stats."""


def chosen(function: Callable[..., None]) -> Callable[..., None]:
    """What to look for."""
    for option in (
        click.option("--type", "kind", type=click.Choice([kind.value for kind in EventType]), metavar="TYPE"),
        click.option("--user", "who", metavar="WHO", help="Whose account: an address or an id."),
        click.option("--actor", "actor_id", type=click.UUID, metavar="ID", help="Who did it."),
        click.option("--ip", metavar="IP", help="From where."),
        click.option("--since", type=_MOMENT, help="At this time or later, UTC."),
        click.option("--until", type=_MOMENT, help="Before this time, UTC."),
    ):
        function = option(function)
    return function


def describe(row: Event) -> dict[str, Any]:
    """An event, for people and programs."""
    return {
        "id": row.id,
        "occurred_at": row.occurred_at,
        "type": row.type,
        "outcome": row.outcome,
        "actor": row.actor_kind if row.actor_id is None else f"{row.actor_kind}:{row.actor_id}",
        "target_type": row.target_type,
        "target_id": row.target_id,
        "user_id": row.user_id,
        "ip": row.ip,
        "request_id": row.request_id,
        "data": row.data,
    }


@verb(event, "list")
@tenant
@chosen
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, metavar="N")
def list_(slug: str, limit: int, **wanted: Any) -> None:
    """List what happened, the newest first."""
    with tenant_unit(slug) as uow:
        documents = [describe(row) for row in search.in_batches(uow, *_conditions(uow, **wanted), limit=limit)]
    output.table(documents, _COLUMNS, empty="Nothing of the kind has happened.")


@verb(event, "export")
@tenant
@chosen
@click.option("--format", "form", type=click.Choice(files.FORMATS), default="jsonl", show_default=True)
@click.option("-o", "--output", "path", type=click.Path(path_type=Path, dir_okay=False), help="stdout when left out.")
def export(slug: str, form: str, path: Path | None, **wanted: Any) -> None:
    """Write what happened as JSON lines or CSV, the newest first; that it was taken is an event."""
    with tenant_unit(slug) as uow:
        conditions = _conditions(uow, **wanted)
        events.record(uow, EventType.EVENTS_EXPORTED, format=form)
        uow.flush()
        found = search.in_batches(uow, *conditions, limit=10**9)
        told = (describe(row) | {"occurred_at": row.occurred_at.isoformat()} for row in found)
        lines = files.lines(form, told, columns=dict.fromkeys(_MEMBERS))
        if path is None:
            sys.stdout.writelines(lines)
            return
        with path.open("w", newline="") as file:
            file.writelines(lines)
    output.done({"file": str(path)}, f"Written to {path}.")


@verb(event, "stats")
@tenant
@click.option("--days", type=click.IntRange(1, statistics.MAX_DAYS), default=30, show_default=True, metavar="N")
@click.option("--type", "kind", type=click.Choice([kind.value for kind in EventType]), metavar="TYPE")
def stats(slug: str, days: int, kind: str | None) -> None:
    """Count what happened, by day."""
    types = [EventType(kind)] if kind else None
    with tenant_unit(slug) as uow:
        last = uow.now.date()
        rows = statistics.by_day(uow, last - timedelta(days=days - 1), last, types=types)
    documents = [{"day": row.day, "type": row.type, "count": row.count, "people": row.people} for row in rows]
    output.table(documents, ("day", "type", "count", "people"), empty="Nothing of the kind has happened.")


def _conditions(
    uow: UnitOfWork,
    *,
    kind: str | None,
    who: str | None,
    actor_id: UUID | None,
    ip: str | None,
    since: datetime | None,
    until: datetime | None,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if kind is not None:
        found.append(Event.type == kind)
    if who is not None:
        found.append(Event.user_id == people.find(uow, who).id)
    if actor_id is not None:
        found.append(Event.actor_id == actor_id)
    if ip is not None:
        found.append(Event.ip == ip)
    if since is not None:
        found.append(search.since(_utc(since)))
    if until is not None:
        found.append(search.until(_utc(until)))
    return found


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
