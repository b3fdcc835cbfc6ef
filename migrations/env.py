"""How alembic runs: as the owner, under an advisory lock, in one transaction."""

from alembic import context
from sqlalchemy import Connection, create_engine, make_url, pool, text

from idp.config import Settings
from idp.wiring import metadata

MIGRATION_LOCK = 6_020_749_011  # any number that nobody else in this database uses
LOCK_TIMEOUT = "5s"


def migrate(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
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
