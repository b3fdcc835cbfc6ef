"""Counting finished days: a few tenants at a time, each from the day after its last one (see `statistics`).

A day is finished a quarter of an hour after its end, so that what was written late is in it.  Counting a day twice
gives the same, and a tenant that somebody else counts is left to them.  Events stay for thirty days at least, so they
are counted long before they go.
"""

from sqlalchemy import text

from idp.db.unit import PlatformUnit

_COUNT = text("""
WITH last AS (
    SELECT ((now() - interval '15 minutes') AT TIME ZONE 'UTC')::date - 1 AS day
), behind AS (
    SELECT tenants.id, event_rollups.counted_until, last.day AS last_day
    FROM last, tenants
    LEFT JOIN event_rollups ON event_rollups.tenant_id = tenants.id
    WHERE tenants.deleted_at IS NULL
        AND (event_rollups.counted_until IS NULL OR event_rollups.counted_until < last.day)
    ORDER BY tenants.id
    LIMIT :limit
    FOR UPDATE OF tenants SKIP LOCKED
), counted AS (
    INSERT INTO event_counts (tenant_id, day, type, count, people)
    SELECT behind.id, happened.day, happened.type, happened.count, happened.people
    FROM behind CROSS JOIN LATERAL (
        SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, type, count(*) AS count,
            count(DISTINCT user_id) AS people
        FROM events
        WHERE events.tenant_id = behind.id
            AND occurred_at >= coalesce((behind.counted_until + 1)::timestamp AT TIME ZONE 'UTC', '-infinity')
            AND occurred_at < (behind.last_day + 1)::timestamp AT TIME ZONE 'UTC'
        GROUP BY 1, 2
    ) AS happened
    ON CONFLICT (tenant_id, day, type) DO UPDATE SET count = excluded.count, people = excluded.people
)
INSERT INTO event_rollups (tenant_id, counted_until)
SELECT id, last_day FROM behind
ON CONFLICT (tenant_id) DO UPDATE SET counted_until = excluded.counted_until
RETURNING tenant_id
""")


def count_days(platform: PlatformUnit, *, limit: int = 200) -> int:
    """Count what is finished of up to `limit` tenants that are behind; answers how many there were."""
    return len(platform.execute(_COUNT, {"limit": limit}).all())
