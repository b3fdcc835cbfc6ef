"""Migrations: where the schema is, and bringing it up to date as the owner."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
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
        is_ahead: whether the database is at a revision of a later release, which expanded it and took nothing away.
    """

    current: str | None
    head: str | None
    is_ahead: bool = False

    @property
    def is_current(self) -> bool:
        """Whether nothing is pending."""
        return self.current == self.head

    @property
    def is_usable(self) -> bool:
        """Whether this code can work with the database: a rolling deploy migrates before the last pod is new (R64)."""
        return self.is_current or self.is_ahead


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
    head, known = _revisions()
    return SchemaStatus(current, head, is_ahead=current is not None and current not in known)


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest revision that this code has, and all of them."""
    scripts = ScriptDirectory(str(FOLDER))
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())


def _run(owner_url: str, act: Callable[[Config], None]) -> None:
    engine = create_engine(make_url(owner_url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        act(config)
        connection.commit()
