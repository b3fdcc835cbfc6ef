"""How much there is of a tenant: counted up to a bound, so that a large one costs hardly more than a small one.

Tables are named, not imported: this package stands below those who own them.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from idp.db.unit import PlatformUnit
from idp.events.types import EventType
from idp.tenants.models import Tenant

MOST = 100_000
"""Beyond this nobody counts."""
DAYS = 30
_COUNTED = text("""
    WITH since AS (
        SELECT (now() AT TIME ZONE 'UTC')::date - :days + 1 AS first_day
    ), rollup AS (
        SELECT first_day,
            greatest(first_day, (SELECT counted_until + 1 FROM event_rollups WHERE tenant_id = :tenant)) AS fresh_day
        FROM since
    ), counted AS (
        SELECT coalesce(sum(count), 0) AS events, coalesce(sum(count) FILTER (WHERE type = :sign_in), 0) AS sign_ins
        FROM event_counts, rollup WHERE tenant_id = :tenant AND day >= first_day AND day < fresh_day
    ), fresh AS (
        SELECT count(*) AS events, count(*) FILTER (WHERE type = :sign_in) AS sign_ins FROM (
            SELECT type FROM events
            WHERE tenant_id = :tenant AND occurred_at >= (SELECT fresh_day::timestamp AT TIME ZONE 'UTC' FROM rollup)
            LIMIT :most
        ) AS few
    ), mails AS (
        SELECT count(*) FILTER (WHERE dead_at IS NULL) AS waiting, count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead
        FROM (
            SELECT dead_at FROM outbox_messages
            WHERE tenant_id = :tenant AND sent_at IS NULL AND (kind = 'mail' OR kind LIKE 'account.%') LIMIT :most
        ) AS few
    )
    SELECT
        (SELECT count(*) FROM (SELECT FROM users WHERE tenant_id = :tenant LIMIT :most) AS few) AS people,
        (SELECT count(*) FROM (
            SELECT FROM clients WHERE tenant_id = :tenant AND id <> :built_in LIMIT :most
        ) AS few) AS clients,
        (SELECT count(*) FROM (
            SELECT FROM sessions
            WHERE tenant_id = :tenant AND ended_at IS NULL AND expires_at > now()
            AND coalesce(authenticated_at > (SELECT not_before FROM tenants WHERE id = :tenant), true) LIMIT :most
        ) AS few) AS sessions,
        counted.events + fresh.events AS events, counted.sign_ins + fresh.sign_ins AS sign_ins,
        fresh.events >= :most AS is_more, mails.waiting AS mails_waiting, mails.dead AS mails_dead
    FROM counted, fresh, mails
""")


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of one tenant.

    Attributes:
        people: accounts, whatever their standing.
        clients: applications; not the console, which is ours.
        sessions: that have neither ended nor expired.
        events: of the last `DAYS` days, today (UTC) among them.
        sign_ins: sessions that began in these.
        mails_waiting: that have not left yet.
        mails_dead: that were given up.
        at_least: names of those that are at least so many: there counting stopped.
    """

    people: int
    clients: int
    sessions: int
    events: int
    sign_ins: int
    mails_waiting: int
    mails_dead: int
    at_least: tuple[str, ...]


def of(platform: PlatformUnit, tenant: Tenant, *, built_in: UUID) -> Usage:
    """What there is of `tenant`, in one round trip.

    Args:
        platform: the transaction to read in.
        tenant: whose.
        built_in: id of the client that every tenant has, which does not count.
    """
    values: dict[str, Any] = {
        "tenant": tenant.id,
        "built_in": built_in,
        "most": MOST,
        "days": DAYS,
        "sign_in": EventType.SESSION_STARTED.value,
    }
    row = platform.execute(_COUNTED, values).one()
    counts = {name: int(getattr(row, name)) for name in Usage.__dataclass_fields__ if name != "at_least"}
    stopped = {name for name in ("people", "clients", "sessions") if counts[name] >= MOST}
    stopped |= {"events", "sign_ins"} if row.is_more else set()
    stopped |= {"mails_waiting", "mails_dead"} if row.mails_waiting + row.mails_dead >= MOST else set()
    return Usage(**counts, at_least=tuple(sorted(stopped)))
