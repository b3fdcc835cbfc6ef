"""``idp doctor``: looks at everything that an installation stands on, and says how to mend what is wrong."""

from collections.abc import Callable
from typing import Any

import click
from sqlalchemy import Connection as Database
from sqlalchemy import Engine, select, text

from idp.cli import output
from idp.cli.connect import current
from idp.cli.errors import explain
from idp.cli.options import program
from idp.clock import utcnow
from idp.config import Settings
from idp.db import migrations
from idp.db.engine import make_engine
from idp.db.rls import APP, OWNER, PLATFORM
from idp.http.redis_client import FAILURES, RedisClient
from idp.tenants.models import SYSTEM_SLUG, Tenant
from idp.wiring import Wiring

OLDEST_POSTGRESQL = 15
MOST_SKEW_SECONDS = 5
"""Further apart, and expiry means something else to us than to the database (R61)."""


class Ill(click.ClickException):
    """Something is wrong; `mend` says what to do."""

    def __init__(self, message: str, mend: str) -> None:
        super().__init__(message)
        self.mend = mend


@program("doctor")
def doctor() -> None:
    """Check all that an installation stands on.

    Configuration, roles, schema, row-level security, keys, clock, Redis; and how to mend what is wrong.
    """
    settings, wiring = current().settings, current().wiring
    checks: dict[str, Callable[[], str]] = {
        "configuration": lambda: f"{settings.base_url}{' (development)' if settings.dev else ''}",
        "app role": lambda: _role(wiring.app, APP),
        "platform role": lambda: _role(wiring.platform, PLATFORM),
        "owner role": lambda: _owner(settings),
        "schema": lambda: _schema(wiring.app),
        "row-level security": lambda: _row_level_security(wiring.app),
        "master keys": lambda: _master_keys(wiring),
        "clock": lambda: _clock(wiring.app),
        "redis": lambda: _redis(settings),
    }
    findings = [_examine(name, check) for name, check in checks.items()]
    columns = (
        ["check", "state", "detail", "mend"]
        if any(found["mend"] for found in findings)
        else ["check", "state", "detail"]
    )
    output.table(findings, columns, empty="")
    ill = [found["check"] for found in findings if found["state"] == "ill"]
    if ill:
        raise click.ClickException(f"{len(ill)} of {len(findings)} checks failed: {', '.join(ill)}")


def _examine(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"check": name, "state": "well", "detail": check(), "mend": None}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is wrong
        mend = error.mend if isinstance(error, Ill) else None
        return {"check": name, "state": "ill", "detail": explain(error)[0], "mend": mend}


def _role(engine: Engine, expected: str) -> str:
    with engine.connect() as connection:
        name, is_super, bypasses = _one(
            connection, "SELECT rolname, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        version = connection.scalar(text("SELECT current_setting('server_version_num')::int / 10000")) or 0
    if is_super or bypasses:
        raise Ill(f"{name} stands above row-level security.", "Use the URLs that `idp db init` prints.")
    if name != expected:
        raise Ill(f"The role is {name}, not {expected}.", "Use the URLs that `idp db init` prints.")
    if version < OLDEST_POSTGRESQL:
        raise Ill(f"PostgreSQL {version} is too old.", f"Move to PostgreSQL {OLDEST_POSTGRESQL} or newer.")
    return f"{name} on PostgreSQL {version}"


def _owner(settings: Settings) -> str:
    if settings.owner_database_url is None:
        return "not given, and needed only by `idp db upgrade`"
    engine = make_engine(settings.owner_database_url.get_secret_value(), pool_size=1)
    try:
        return _role(engine, OWNER)
    finally:
        engine.dispose()


def _schema(engine: Engine) -> str:
    found = migrations.status(engine)
    if not found.is_current:
        raise Ill(f"The schema is at {found.current or 'nothing'}, not {found.head}.", "Run `idp db upgrade`.")
    return str(found.current)


def _row_level_security(engine: Engine) -> str:
    query = """
        SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, pg_get_userbyid(c.relowner) = current_user
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
        AND c.relname <> 'alembic_version' ORDER BY c.relname"""
    with engine.connect() as connection:
        tables = connection.execute(text(query)).all()
    open_ = [name for name, is_forced, is_ours in tables if not is_forced or is_ours]
    if open_ or not tables:
        what = f"Tables without a wall: {', '.join(open_)}." if open_ else "There is no table."
        raise Ill(what, "Run `idp db upgrade` as the owner.")
    return f"forced on {len(tables)} tables"


def _master_keys(wiring: Wiring) -> str:
    with wiring.platform_unit() as platform:
        system = platform.session.scalar(select(Tenant).where(Tenant.slug == SYSTEM_SLUG))
    if system is None or system.data_key_sealed is None:
        raise Ill("The built-in tenant is missing.", "Run `idp db upgrade`.")
    wiring.master_keys.open(system.id, system.data_key_sealed)
    count = len(wiring.settings.key_encryption_keys)
    return f"{count} {'key' if count == 1 else 'keys'}, and it opens what is sealed"


def _clock(engine: Engine) -> str:
    with engine.connect() as connection:
        (theirs,) = _one(connection, "SELECT clock_timestamp()")
    skew = abs((utcnow() - theirs).total_seconds())
    if skew > MOST_SKEW_SECONDS:
        raise Ill(f"This machine and the database are {skew:.0f} seconds apart.", "Let NTP set both clocks.")
    return "within a second of the database's" if skew < 1 else f"{skew:.0f} seconds from the database's"


def _redis(settings: Settings) -> str:
    if settings.redis_url is None:
        return "not given: limits are counted in each process"
    client = RedisClient(settings.redis_url.get_secret_value(), timeout=2)
    try:
        client.get().ping()
    except FAILURES as error:
        raise Ill(f"It does not answer: {error}", "Start it, or correct IDP_REDIS_URL.") from None
    finally:
        client.close()
    return "answers"


def _one(connection: Database, query: str) -> Any:
    return connection.execute(text(query)).one()
