"""Engines: psycopg 3, pooled, in driver-level autocommit.

Autocommit, because we send ``BEGIN`` ourselves, in one message with the tenant setting (`idp.db.tenancy`), and because
a snapshot read (`idp.db.snapshot`) needs no transaction of its own.
"""

import select
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from idp.db import measured, outages, snapshot

CONNECT_TIMEOUT_SECONDS = 3
POOL_TIMEOUT_SECONDS = 5
_SILENT_HOSTS = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
"""A host that vanished says nothing: after twenty seconds its connections are over, and not after fifteen minutes."""


def make_engine(url: str, *, pool_size: int = 5, role: str = "app", has_prepared_statements: bool = True) -> Engine:
    """An engine for one database role.

    Args:
        url: ``postgresql://user:password@host/database``; the driver is always psycopg 3.  Several servers of which one
            takes changes: ``postgresql://user:password@/database?host=a,b&port=1,2&target_session_attrs=read-write``.
        pool_size: connections kept; as many again may open under load.
        role: of its metrics.
        has_prepared_statements: False where each transaction may meet another connection that does not know them.
    """
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        poolclass=measured.MeasuredPool,
        pool_logging_name=role,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_use_lifo=True,
        hide_parameters=True,  # tracebacks are logged (R58)
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            **_SILENT_HOSTS,
            **({} if has_prepared_statements else {"prepare_threshold": None}),
        },
    )
    event.listen(engine, "checkout", _refuse_dead_connections)
    measured.install(engine)
    outages.install(engine)
    snapshot.install(engine)
    return engine


def _refuse_dead_connections(dbapi_connection: Any, _record: ConnectionPoolEntry, _proxy: Any) -> None:
    """Find out without a round trip whether the server hung up: an idle connection has nothing to read."""
    if dbapi_connection.closed:
        raise DisconnectionError
    poller = select.poll()
    poller.register(dbapi_connection.pgconn.socket, select.POLLIN)
    if poller.poll(0):
        raise DisconnectionError
