"""How alembic runs: as the owner, under an advisory lock, in one transaction unless a migration ends it.

Who comes second asks again and again: a transaction that waits would keep an index waiting (`idp.db.indexes`).
"""

import time

from alembic import context
from sqlalchemy import Connection, create_engine, make_url, pool, text

from idp.config import Settings
from idp.wiring import metadata

MIGRATION_LOCK = 6_020_749_011  # any number that nobody else in this database uses
LOCK_TIMEOUT = "5s"
POLL_SECONDS = 0.2


def migrate(connection: Connection) -> None:
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATION_LOCK}):
        connection.commit()
        time.sleep(POLL_SECONDS)
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()
    context.configure(connection=connection, target_metadata=metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    migrate(connection)
else:
    url = Settings.load().owner_database_url
    if url is None:
        raise SystemExit("IDP_OWNER_DATABASE_URL is missing.")
    engine = create_engine(
        make_url(url.get_secret_value()).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool
    )
    with engine.connect() as opened:
        migrate(opened)
        opened.commit()
