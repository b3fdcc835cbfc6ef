"""``health`` and ``tenants/{slug}/usage``: how the installation is, and how much there is of a tenant."""

from dataclasses import asdict
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import func, select, text

from idp.api.fields import shown
from idp.api.platform.routes import platform
from idp.api.schemas import Body
from idp.api.tags import PLATFORM
from idp.db import migrations
from idp.db.unit import PlatformUnit
from idp.events.models import OutboxMessage
from idp.http import health
from idp.http.context import current_settings
from idp.keys import schedule
from idp.oauth import management
from idp.rbac.permissions import Permission
from idp.tenants import service as tenants
from idp.tenants import usage

MOST = 1_000
_LATE = timedelta(minutes=10)
USAGE = {
    "people": 812,
    "clients": 7,
    "sessions": 95,
    "events": 40_113,
    "sign_ins": 12_020,
    "mails_waiting": 1,
    "mails_dead": 0,
    "at_least": [],
}
HEALTH = {
    "status": "ok",
    "version": "0.1.0",
    "database": "ok",
    "schema": {"current": "0005", "wanted": "0005"},
    "redis": "ok",
    "outbox": {"oldest_due_seconds": 0, "waiting": 1, "dead": 0},
    "overdue_keys": 0,
    "tenants_about": 240,
}


def _count(description: str, **options: Any) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description}, **options)


class UsageOut(Body):
    """Counts of a tenant."""

    people = _count("Accounts, whatever their standing.")
    clients = _count("Applications.")
    sessions = _count("Sign-ins that go on.")
    events = _count(f"Of the last {usage.DAYS} days, today (UTC) among them.")
    sign_ins = _count(f"Of the last {usage.DAYS} days.")
    mails_waiting = _count("That have not left yet.")
    mails_dead = _count("That were given up.")
    at_least = fields.List(
        fields.String(),
        required=True,
        metadata={"description": f"Which of these numbers may be larger: nobody counts beyond {usage.MOST}."},
    )


class SchemaState(Body):
    """Revisions of the database's schema."""

    current = shown("Of the database.", allow_none=True)
    wanted = shown("Of the process that answers.", allow_none=True)


class OutboxState(Body):
    """What must leave the installation."""

    oldest_due_seconds = _count("For how long the oldest that could leave has waited; the worker is late, or down.")
    waiting = _count(f"Not sent yet; nobody counts beyond {MOST}.")
    dead = _count(f"Given up; nobody counts beyond {MOST}.")


class Health(Body):
    """How the installation is."""

    status = fields.String(required=True, validate=validate.OneOf(["ok", "degraded"]))
    version = shown("Of the process that answers.")
    database = shown("`ok`, or `schema pending`.")
    schema = fields.Nested(SchemaState, required=True)
    redis = shown("`ok`, `unreachable` or `not configured`.")
    outbox = fields.Nested(OutboxState, required=True)
    overdue_keys = _count("Tenants, 100 at most, whose signing keys want the worker.")
    tenants_about = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "As the database estimates, deleted ones among them; null before it ever did."},
    )


@platform.operation(
    "GET",
    "/tenants/<slug>/usage",
    needs=Permission.TENANTS_READ,
    tag=PLATFORM,
    answer=(200, UsageOut, USAGE),
    refuses=("no-such-tenant",),
)
def get_tenant_usage(unit: PlatformUnit, slug: str) -> dict[str, Any]:
    """Show how much there is of a tenant.

    Counting stops at a bound, so that asking costs little for tenants of any size.
    """
    found = usage.of(unit, tenants.get(unit, slug), built_in=management.CONSOLE)
    return asdict(found) | {"at_least": list(found.at_least)}


@platform.operation("GET", "/health", needs=Permission.FLEET_READ, tag=PLATFORM, answer=(200, Health, HEALTH))
def get_health(unit: PlatformUnit) -> dict[str, Any]:
    """Show how the installation is.

    Of what all tenants share. Probes ask `/livez` and `/readyz` on the internal port instead.
    """
    counters = health.counters_of(current_settings())
    try:
        redis = health.redis_state(counters)
    finally:
        if counters is not None:
            counters.close()
    schema, outbox, overdue = migrations.status(unit.engine), _outbox(unit), _overdue_keys(unit)
    database = health.database_state(unit.engine)
    is_well = database == "ok" and redis != "unreachable" and outbox["oldest_due_seconds"] < _LATE.total_seconds()
    return {
        "status": "ok" if is_well and not overdue else "degraded",
        "version": version("idp"),
        "database": database,
        "schema": {"current": schema.current, "wanted": schema.head},
        "redis": redis,
        "outbox": outbox,
        "overdue_keys": overdue,
        "tenants_about": _tenants_about(unit),
    }


def _outbox(unit: PlatformUnit) -> dict[str, int]:
    """By the index of what is due; dead letters are looked for up to the bound."""
    living = (OutboxMessage.sent_at.is_(None), OutboxMessage.dead_at.is_(None))
    oldest = unit.session.scalar(select(func.min(OutboxMessage.next_attempt_at)).where(*living))
    counted = [
        select(func.count()).select_from(select(OutboxMessage.id).where(*which).limit(MOST).subquery())
        for which in (living, (OutboxMessage.dead_at.is_not(None),))
    ]
    waiting, dead = (int(unit.session.scalar(each) or 0) for each in counted)
    late = 0 if oldest is None else max(0, int((unit.now - oldest).total_seconds()))
    return {"oldest_due_seconds": late, "waiting": waiting, "dead": dead}


def _overdue_keys(unit: PlatformUnit) -> int:
    """Of tenants that are not so new that the worker cannot have come by."""
    return sum(tenant.created_at < unit.now - _LATE for tenant in schedule.due_tenants(unit))


def _tenants_about(unit: PlatformUnit) -> int | None:
    """What the planner believes: counting would cost more, the more there are."""
    estimate = unit.session.scalar(text("SELECT reltuples::bigint FROM pg_class WHERE oid = 'tenants'::regclass"))
    return None if estimate is None or estimate < 0 else int(estimate)
