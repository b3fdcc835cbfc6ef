"""What a tenant keeps for a time only: events and alerts, ended sessions, people who asked to be erased (R63)."""

import threading
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, func, type_coerce
from sqlalchemy.dialects.postgresql import JSONB

from idp import log
from idp.accounts import leaving
from idp.alerts.models import Alert
from idp.authn.models import Session
from idp.db.base import TenantScoped
from idp.db.cache import DATABASE_IS_GONE
from idp.events.models import Event
from idp.oauth.models import Grant
from idp.policy import Policy
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker.purge import until_empty


def erase_due(wiring: Wiring, stop: threading.Event) -> int:
    """Erase everybody whose grace period is over, one a transaction; what is wrong with one keeps no other waiting."""
    count, failed = 0, set[UUID]()
    while not stop.is_set() and (erased := _erase_next(wiring, failed)) is not None:
        count += erased
    return count


def _erase_next(wiring: Wiring, failed: set[UUID]) -> bool | None:
    """Whether the next one was erased, or joined `failed`; None when there is nobody."""
    who: UUID | None = None
    try:
        with wiring.platform_unit() as platform:
            due = leaving.due(platform, limit=1, but=failed)
            if not due:
                return None
            ((tenant, user),) = due
            who = user.id
            with platform.within(tenant) as uow:
                leaving.erase(uow, user)
    except DATABASE_IS_GONE:
        raise
    except Exception as error:
        if who is None:
            raise
        failed.add(who)
        log.get().error("user.erase_failed", user_id=str(who), exc_info=error)
        return False
    log.get().info("user.erased", tenant=tenant.slug, user_id=str(who))
    return True


def purge_by_policy(wiring: Wiring, stop: threading.Event) -> int:
    """Delete what is older than its tenant keeps it."""
    has_grants = exists().where(Grant.tenant_id == Session.tenant_id, Grant.session_id == Session.id)
    ended = func.least(Session.expires_at, Session.ended_at)  # null is no end
    rules: tuple[tuple[Any, ColumnElement[bool]], ...] = (
        (Event.__table__, _older_than(Event, Event.occurred_at, "event_retention_days")),
        (Alert.__table__, _older_than(Alert, Alert.raised_at, "event_retention_days")),
        (Session.__table__, _older_than(Session, ended, "session_retention_days") & ~has_grants),
    )
    return sum(until_empty(wiring, stop, table, doomed) for table, doomed in rules)


def _older_than(row: type[TenantScoped], moment: SQLColumnExpression[Any], member: str) -> ColumnElement[bool]:
    """Which rows their own tenant keeps no longer; the default is the policy's, where a tenant has not said."""
    default: int = Policy.model_fields[member].default
    days = func.coalesce(type_coerce(Tenant.policy, JSONB)[member].as_integer(), default)
    kept = Tenant.deleted_at.is_(None) & (moment < func.now() - func.make_interval(0, 0, 0, days))
    return exists().where(Tenant.id == row.tenant_id, kept)
