"""One statement under row-level security in one round trip, with no transaction to open or close.

The setting and the statement travel as one simple-protocol message, which PostgreSQL runs as one implicit transaction;
the setting is gone when it ends.  A read is for the short-lived caches of hot rows (`idp.db.cache`), never for
decisions that a write must confirm; a write is for what must hold whatever becomes of the request.
"""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from idp.db.confirmed import ConfirmedConnection
from idp.db.tenancy import TENANT, DatabaseUnavailable, TenantSession

_OPTION = "idp_setting"
_SAFE = re.compile(r"[a-z0-9-]{1,63}")


def install(engine: Engine) -> None:
    """Teach `engine` to send the setting in front of a snapshot's SELECT."""
    event.listen(engine, "before_cursor_execute", _prefix, retval=True)
    event.listen(engine, "after_cursor_execute", _skip_the_answer_to_the_setting)


def read_tenant(engine: Engine, tenant_id: UUID) -> AbstractContextManager[Session]:
    """A session whose every single SELECT sees that tenant and nothing else; its rows leave it detached."""
    return _session(engine, "idp.tenant_id", str(tenant_id), tenant_id)


def write_tenant(engine: Engine, tenant_id: UUID) -> AbstractContextManager[Session]:
    """A session whose every single statement is committed by the time it has answered."""
    return _session(engine, "idp.tenant_id", str(tenant_id), tenant_id)


def read_slug(engine: Engine, slug: str) -> AbstractContextManager[Session]:
    """A session that sees the one row of `tenants` with this slug.

    Raises:
        ValueError: not a slug.
    """
    return _session(engine, "idp.tenant_slug", slug, None)


@contextmanager
def _session(engine: Engine, setting: str, value: str, tenant_id: UUID | None) -> Iterator[Session]:
    with _connection(engine, setting, value) as connection:
        session = TenantSession(connection, info={"snapshot": True, TENANT: tenant_id})
        try:
            yield session
        finally:
            session.expunge_all()
            session.close()


@contextmanager
def _connection(engine: Engine, setting: str, value: str) -> Iterator[Connection]:
    if not _SAFE.fullmatch(value):
        raise ValueError("neither an id nor a slug")
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, ConfirmedConnection)  # noqa: S101 - tells mypy what make_engine built
        kept, driver.cursor_factory = driver.cursor_factory, psycopg.ClientCursor
        try:
            with driver.impatient():  # each statement is a commit too
                yield connection.execution_options(**{_OPTION: f"SELECT set_config('{setting}', '{value}', true); "})
        except psycopg.OperationalError as lost:  # of the driver itself: a statement's error is SQLAlchemy's
            raise DatabaseUnavailable("No standby confirmed what was written.") from lost
        finally:
            driver.cursor_factory = kept


def _prefix(
    _connection: Connection, _cursor: Any, statement: str, parameters: Any, context: Any, _many: bool
) -> tuple[str, Any]:
    return context.execution_options.get(_OPTION, "") + statement, parameters


def _skip_the_answer_to_the_setting(
    _connection: Connection, cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    if _OPTION in context.execution_options:
        cursor.nextset()
