"""The database and the three roles that reach it: who they are, by which way, and by which secret."""

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr
from sqlalchemy import URL, Engine, make_url, text

from idp.cli.doctor.finding import Doubtful, Ill, Patient
from idp.clock import utcnow
from idp.config_values import LOOPBACK_NAMES
from idp.db import migrations
from idp.db.engine import make_engine
from idp.db.rls import APP, OWNER, PLATFORM

OLDEST_POSTGRESQL = 15
MOST_SKEW_SECONDS = 5
"""Further apart, and expiry means something else to us than to the database (R61)."""
SHORTEST_PASSWORD = 16
_GUESSED = {"postgres", "postgresql", "password", "passwort", "secret", "changeme", "change-me", "admin", "idp", "test"}
_VERIFIED = {"verify-ca", "verify-full"}
_BY_INIT = "Use the URLs that `idp db init` prints."
_POWERS = text("""
    SELECT r.rolname, r.rolsuper, r.rolbypassrls, r.rolcreaterole OR r.rolcreatedb OR r.rolreplication,
        has_schema_privilege(current_user, 'public', 'CREATE'),
        (SELECT string_agg(o.rolname, ', ' ORDER BY o.rolname) FROM pg_roles AS o
            WHERE o.rolname <> current_user AND NOT (o.rolname = 'pg_database_owner' AND current_user = :owner)
            AND pg_has_role(current_user, o.oid, 'MEMBER'))
    FROM pg_roles AS r WHERE r.rolname = current_user
""")


def role(engine: Callable[[Patient], Engine], expected: str) -> Callable[[Patient], str]:
    """Whether an engine's role is the one it should be, and no more."""
    return lambda patient: _role(engine(patient), expected)


def owner(patient: Patient) -> str:
    """The role that migrates, where it is given: not to processes that serve."""
    url = patient.settings.owner_database_url
    if url is None:
        return "not given, and needed only by `idp db upgrade`"
    engine = make_engine(url.get_secret_value(), pool_size=1)
    try:
        return _role(engine, OWNER)
    finally:
        engine.dispose()


def _role(engine: Engine, expected: str) -> str:
    with engine.connect() as connection:
        row: Any = connection.execute(_POWERS, {"owner": OWNER}).one()
    name, is_super, bypasses, may_make, may_create, others = row
    if is_super or bypasses:
        raise Ill(f"{name} stands above row-level security.", _BY_INIT)
    if others:
        raise Ill(f"{name} is a member of {others}, and may do what these may.", f"REVOKE {others} FROM {name};")
    if may_make:
        raise Ill(f"{name} may make roles or databases, or replicate.", "Run `idp db init` again.")
    if may_create and expected != OWNER:
        raise Ill(f"{name} may make tables.", f"REVOKE CREATE ON SCHEMA public FROM {name}, PUBLIC;")
    if name != expected:
        raise Ill(f"The role is {name}, not {expected}.", _BY_INIT)
    return str(name)


def server_version(patient: Patient) -> str:
    """Whether PostgreSQL is one that we know."""
    with patient.wiring.app.connect() as connection:
        version = connection.scalar(text("SELECT current_setting('server_version_num')::int / 10000")) or 0
    if version < OLDEST_POSTGRESQL:
        raise Ill(f"PostgreSQL {version} is too old.", f"Move to PostgreSQL {OLDEST_POSTGRESQL} or newer.")
    return f"PostgreSQL {version}"


def passwords(patient: Patient) -> str:
    """Whether the roles' passwords could be guessed."""
    for name, url in urls(patient).items():
        password = str(url.password or "")
        if url.password is None and not host_of(url):
            continue
        weak = len(password) < SHORTEST_PASSWORD or password.lower() in _GUESSED or password == url.username
        if weak:
            raise Ill(f"The password in {name} is missing, short or well known.", "Run `idp db init`: it makes others.")
    return "long enough"


def encryption(patient: Patient) -> str:
    """Whether what goes to a database elsewhere can be read or answered by somebody between."""
    url = urls(patient)["IDP_DATABASE_URL"]
    with patient.wiring.app.connect() as connection:
        is_encrypted = connection.scalar(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
        driver: Any = connection.connection.driver_connection
        is_encrypted = bool(is_encrypted) or driver.pgconn.ssl_in_use
    return judge_encryption(host_of(url), str(url.query.get("sslmode", "prefer")), is_encrypted=is_encrypted)


def judge_encryption(host: str, mode: str, *, is_encrypted: bool) -> str:
    """The same, of what was found.

    Raises:
        Ill, Doubtful: in clear, or by TLS with nobody knows whom.
    """
    if all(not each or each.startswith("/") or each in LOOPBACK_NAMES for each in host.split(",")):
        return "not needed: it does not leave this machine"
    if not is_encrypted:
        raise Ill(f"What goes to {host} is in clear.", "Add ?sslmode=verify-full&sslrootcert=… to the database URLs.")
    if mode not in _VERIFIED:
        raise Doubtful(f"{host} is reached by TLS, and nobody checks that it is {host}.", "Say sslmode=verify-full.")
    return f"TLS, {mode}"


def pooler(patient: Patient) -> str:
    """Whether somebody stands between us and the server, who may hand each transaction another connection."""
    with patient.wiring.app.connect() as connection:
        driver: Any = connection.connection.driver_connection
        behind = driver.execute("SELECT pg_backend_pid()", prepare=False).fetchone()[0]
    if driver.info.backend_pid == behind:
        return "none"
    if patient.settings.database_prepared_statements:
        raise Ill(
            "There is a pooler, and prepared statements are on: they fail in transaction mode.",
            "Set IDP_DATABASE_PREPARED_STATEMENTS=false.",
        )
    return "there is one, and prepared statements are off"


def schema(patient: Patient) -> str:
    """Whether the tables are those that this version wants."""
    found = migrations.status(patient.wiring.app)
    if found.is_ahead:
        raise Doubtful(
            f"The schema is at {found.current}, of a later release than this, which works with it.",
            "Finish the upgrade: this process should be of that release too.",
        )
    if not found.is_current:
        raise Ill(f"The schema is at {found.current or 'nothing'}, not {found.head}.", "Run `idp db upgrade`.")
    return str(found.current)


def clock(patient: Patient) -> str:
    """Whether the database's clock, which decides, is ours (R61)."""
    with patient.wiring.app.connect() as connection:
        row: Any = connection.execute(text("SELECT clock_timestamp()")).one()
    return judge_skew((utcnow() - row[0]).total_seconds(), "the database")


def judge_skew(seconds: float, whose: str) -> str:
    """Whether two clocks are close enough."""
    skew = abs(seconds)
    if skew > MOST_SKEW_SECONDS:
        raise Ill(f"This machine and {whose} are {skew:.0f} seconds apart.", "Let NTP set both clocks.")
    return f"within a second of {whose}" if skew < 1 else f"{skew:.0f} seconds from {whose}"


def urls(patient: Patient) -> dict[str, URL]:
    """The database URLs that are given, by setting."""
    settings = patient.settings
    given: dict[str, SecretStr | None] = {
        "IDP_DATABASE_URL": settings.database_url,
        "IDP_PLATFORM_DATABASE_URL": settings.platform_database_url,
        "IDP_OWNER_DATABASE_URL": settings.owner_database_url,
    }
    return {name: make_url(url.get_secret_value()) for name, url in given.items() if url is not None}


def host_of(url: URL) -> str:
    """Where a URL leads; "" for the socket that libpq knows by itself."""
    named = url.host or url.query.get("host", "")
    return named if isinstance(named, str) else ",".join(named)


APP_ROLE = role(lambda patient: patient.wiring.app, APP)
PLATFORM_ROLE = role(lambda patient: patient.wiring.platform, PLATFORM)
