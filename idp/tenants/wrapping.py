"""Under which master keys the tenants' data keys are wrapped, and moving them under the current one (R19).

A wrapped key names its master key in its first bytes, so that the database can count and choose without opening any.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from idp.crypto.sealing import SealBroken
from idp.db.locks import lock
from idp.db.unit import PlatformUnit
from idp.events import service as events
from idp.events.types import EventType
from idp.tenants.models import SYSTEM_SLUG
from idp.tenants.service import get

BATCH = 500
FIRST = UUID(int=0)
_COUNTED = text("""
    SELECT key_id, count(*), min(id::text)::uuid FROM (
        SELECT id, CASE WHEN octet_length(data_key_sealed) > 2
            THEN substring(data_key_sealed FROM 3 FOR get_byte(data_key_sealed, 1)) ELSE '' END AS key_id
        FROM tenants WHERE data_key_sealed IS NOT NULL
    ) AS wrapped GROUP BY key_id ORDER BY 2 DESC, 1
""")
_OTHERS = "data_key_sealed IS NOT NULL AND substring(data_key_sealed FOR length(:prefix)) <> :prefix"
_BATCH = text(f"SELECT id, data_key_sealed FROM tenants WHERE id > :after AND {_OTHERS} ORDER BY id LIMIT :limit")  # noqa: S608
_LEFT = text(f"SELECT count(*) FROM tenants WHERE {_OTHERS}")  # noqa: S608
_REPLACE = text("""
    UPDATE tenants SET data_key_sealed = fresh.now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:before AS bytea[]), CAST(:now AS bytea[])) AS fresh (id, before, now)
    WHERE tenants.id = fresh.id AND tenants.data_key_sealed = fresh.before
""")


@dataclass(frozen=True, slots=True)
class Share:
    """How many tenants are under one master key.

    Attributes:
        key_id: of the master key.
        tenants: how many.
        example: one of them.
    """

    key_id: str
    tenants: int
    example: UUID


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step did.

    Attributes:
        last: id of the last tenant that was looked at; None when there was none left.
        rewrapped: how many went under the current key.
        unopened: tenants whose key is not among ours, or is damaged.
    """

    last: UUID | None
    rewrapped: int
    unopened: Sequence[UUID]


def shares(platform: PlatformUnit) -> Sequence[Share]:
    """How many tenants are under each key, in one pass over the table of tenants; the most first."""
    rows: Any = platform.execute(_COUNTED).all()
    return [Share(bytes(key_id).decode(errors="replace"), count, example) for key_id, count, example in rows]


def left(platform: PlatformUnit) -> int:
    """How many tenants are not under the current key."""
    count: int = platform.execute(_LEFT, {"prefix": platform.master_keys.prefix}).scalar_one()
    return count


def rewrap(platform: PlatformUnit, *, after: UUID = FIRST, limit: int = BATCH) -> Batch:
    """Move the next tenants under the current master key.

    A tenant that was deleted meanwhile keeps no key, and one that somebody else has moved stays as it is.  Where this
    is cut short the next run goes on: what was moved is passed over.
    """
    lock(platform, "master-keys:rewrap")
    keys = platform.master_keys
    rows: Any = platform.execute(_BATCH, {"prefix": keys.prefix, "after": after, "limit": limit}).all()
    moved: list[tuple[UUID, bytes, bytes]] = []
    unopened: list[UUID] = []
    for tenant_id, wrapped in rows:
        try:
            moved.append((tenant_id, bytes(wrapped), keys.rewrap(tenant_id, bytes(wrapped))))
        except SealBroken:
            unopened.append(tenant_id)
    count = 0
    if moved:
        ids, before, now = (list(column) for column in zip(*moved, strict=True))
        count = platform.execute(_REPLACE, {"ids": ids, "before": before, "now": now}).rowcount  # type: ignore[attr-defined]
    return Batch(rows[-1][0] if rows else None, count, unopened)


def record(platform: PlatformUnit, count: int) -> None:
    """Say that data keys were moved under the current key: to the operators, as it means nothing to a tenant."""
    system = get(platform, SYSTEM_SLUG)
    with platform.within(system) as uow:
        events.record(uow, EventType.MASTER_KEY_REWRAPPED, system, key_id=platform.master_keys.current, tenants=count)
