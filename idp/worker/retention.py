"""What a tenant keeps for a time only: events, ended sessions, people who asked to be erased (R63)."""

import threading
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Table, exists, func, select

from idp import log
from idp.accounts import leaving
from idp.authn.models import Session
from idp.db.cache import DATABASE_IS_GONE
from idp.events.models import Event
from idp.oauth.models import Grant
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker.purge import until_empty

TENANTS = 500


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
    """Delete what is older than its tenant keeps it, tenant by tenant."""
    count, last = 0, None
    while not stop.is_set() and (tenants := _page(wiring, last)):
        last = tenants[-1].id
        count += sum(_purge(wiring, stop, tenant) for tenant in tenants)
    return count


def _page(wiring: Wiring, after: UUID | None) -> Sequence[Tenant]:
    statement = select(Tenant).where(Tenant.deleted_at.is_(None)).order_by(Tenant.id).limit(TENANTS)
    if after is not None:
        statement = statement.where(Tenant.id > after)
    with wiring.platform_unit() as platform:
        return platform.session.scalars(statement).all()


def _purge(wiring: Wiring, stop: threading.Event, tenant: Tenant) -> int:
    has_grants = exists().where(Grant.tenant_id == Session.tenant_id, Grant.session_id == Session.id)
    ended = func.least(Session.expires_at, Session.ended_at)  # null is no end
    kept_events = func.make_interval(0, 0, 0, tenant.policy.event_retention_days)
    kept_sessions = func.make_interval(0, 0, 0, tenant.policy.session_retention_days)
    rules: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (Event.__table__, (Event.tenant_id == tenant.id) & (Event.occurred_at < func.now() - kept_events)),
        (
            Session.__table__,
            (Session.tenant_id == tenant.id) & (ended < func.now() - kept_sessions) & ~has_grants,
        ),
    )  # type: ignore[assignment]
    return sum(until_empty(wiring, stop, table, doomed) for table, doomed in rules)
