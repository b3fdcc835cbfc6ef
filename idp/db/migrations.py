"""Migrations: where the schema is, and bringing it up to date as the owner."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, make_url, pool, text

_PACKAGE = Path(__file__).parents[1]
FOLDER = next(
    (folder for folder in (_PACKAGE / "migrations", _PACKAGE.parent / "migrations") if folder.is_dir()),
    _PACKAGE.parent / "migrations",
)


@dataclass(frozen=True, slots=True)
class SchemaStatus:
    """Where the database stands.

    Attributes:
        current: revision of the database; None when it is empty.
        head: revision that this code wants.
    """

    current: str | None
    head: str | None

    @property
    def is_current(self) -> bool:
        """Whether nothing is pending."""
        return self.current == self.head


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to `revision`; safe to run twice at once."""
    _run(owner_url, lambda config: command.upgrade(config, revision))


def downgrade(owner_url: str, revision: str) -> None:
    """Bring the schema back to `revision`."""
    _run(owner_url, lambda config: command.downgrade(config, revision))


def status(engine: Engine) -> SchemaStatus:
    """Compare the database with this code; any role may ask."""
    with engine.connect() as connection:
        exists = connection.scalar(text("SELECT to_regclass('alembic_version')"))
        current = connection.scalar(text("SELECT version_num FROM alembic_version")) if exists is not None else None
    return SchemaStatus(current, ScriptDirectory(str(FOLDER)).get_current_head())


def _run(owner_url: str, act: Callable[[Config], None]) -> None:
    engine = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        act(config)
        connection.commit()
