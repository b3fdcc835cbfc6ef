"""The only tenancy mechanism: session criteria, stamping, and the setting that row-level security reads (R49, R50).

Lock 2 of four: every ORM statement of a tenant's session gets ``tenant_id = …`` added, every new row is stamped and a
row of another tenant is refused.  Lock 4 begins here: the setting travels with ``BEGIN`` in one message.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, event, inspect
from sqlalchemy.orm import (
    LoaderCriteriaOption,
    ORMExecuteState,
    Session,
    SessionTransaction,
    UOWTransaction,
    with_loader_criteria,
)

from idp.db.base import TenantScoped
from idp.errors import IdPError, Unavailable

TENANT = "tenant_id"
NOW = "now"
SETTING = "idp.tenant_id"


class WrongTenant(IdPError):
    """A row of one tenant was about to be written in the unit of another.  Always a bug of ours."""

    code = "wrong-tenant"


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database-unavailable"


class TenantSession(Session):
    """A session locked to ``info["tenant_id"]``; None means the platform role, which its own policies bind."""


@event.listens_for(TenantSession, "after_begin")
def _begin(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Send BEGIN and the tenant setting as one message, and learn the database's time from its answer."""
    if session.info.get("snapshot"):
        return
    tenant_id: UUID | None = session.info[TENANT]
    statement = f"BEGIN; SELECT set_config('{SETTING}', '{tenant_id or ''}', true), now()"
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        answers = driver.execute(statement, prepare=False)
        answers.nextset()
        row = answers.fetchone()
    except psycopg.OperationalError as lost:
        connection.invalidate(lost)
        raise DatabaseUnavailable("The database does not answer.") from lost
    session.info[NOW] = row[1] if row else None


@event.listens_for(TenantSession, "do_orm_execute")
def _only_this_tenant(state: ORMExecuteState) -> None:
    tenant_id: UUID | None = state.session.info.get(TENANT)
    if tenant_id is not None and (state.is_select or state.is_update or state.is_delete):
        state.statement = state.statement.options(_criteria(tenant_id))


@lru_cache(10_000)
def _criteria(tenant_id: UUID) -> LoaderCriteriaOption:
    return with_loader_criteria(TenantScoped, lambda row: row.tenant_id == tenant_id, include_aliases=True)


@event.listens_for(TenantSession, "before_flush")
def _stamp(session: Session, context: UOWTransaction, instances: Iterable[Any] | None) -> None:
    tenant_id: UUID | None = session.info.get(TENANT)
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, TenantScoped):
            continue
        if tenant_id is None:
            continue
        if inspect(row).attrs.tenant_id.value is None:
            row.tenant_id = tenant_id
        if row.tenant_id != tenant_id:
            raise WrongTenant(f"A {type(row).__name__} of another tenant.")


def transaction_time(session: Session) -> datetime:
    """The database's ``now()`` of the session's transaction, which is opened when need be (R61)."""
    session.connection()
    now: datetime = session.info[NOW]
    return now
