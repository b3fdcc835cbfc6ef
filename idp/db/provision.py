"""The database and its three roles: the owner migrates, the app serves, the platform crosses tenants (R50)."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

from idp.config import Misconfigured, Settings
from idp.crypto.secrets import new_secret
from idp.db.rls import APP, OWNER, PLATFORM


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One URL a role; each holds its password."""

    owner: str
    app: str
    platform: str

    def as_environment(self) -> dict[str, str]:
        """The settings that these URLs are."""
        return {
            "IDP_DATABASE_URL": self.app,
            "IDP_PLATFORM_DATABASE_URL": self.platform,
            "IDP_OWNER_DATABASE_URL": self.owner,
        }


@dataclass(frozen=True, slots=True)
class Configured:
    """What the settings want to exist: a database, and a password for each role."""

    database: str
    passwords: Mapping[str, str]

    @classmethod
    def by(cls, settings: Settings) -> "Configured":
        """What the three URLs of `settings` name.

        Raises:
            Misconfigured: a URL is missing, is another role's, has no password, or names another database.
        """
        if settings.owner_database_url is None:
            raise Misconfigured("IDP_OWNER_DATABASE_URL is missing.")
        urls = {
            OWNER: ("IDP_OWNER_DATABASE_URL", make_url(settings.owner_database_url.get_secret_value())),
            APP: ("IDP_DATABASE_URL", make_url(settings.database_url.get_secret_value())),
            PLATFORM: ("IDP_PLATFORM_DATABASE_URL", make_url(settings.platform_database_url.get_secret_value())),
        }
        for role, (name, url) in urls.items():
            if url.username != role or not url.password:
                raise Misconfigured(f"{name} must be of the role {role}, with a password.")
        databases = {url.database or "" for _, url in urls.values()}
        if len(databases) > 1 or not all(databases):
            raise Misconfigured("The three database URLs must name one database.")
        return cls(databases.pop(), {role: str(url.password) for role, (_, url) in urls.items()})


def initialise(admin_url: str, *, database: str = "idp", passwords: Mapping[str, str] | None = None) -> DatabaseUrls:
    """Create what is missing of roles and database, and give the roles their passwords.

    Args:
        admin_url: of a role that may create roles and databases.
        database: its name.
        passwords: by role; new ones when left out.

    Raises:
        psycopg.Error: the server cannot be reached, or says no.
    """
    admin = make_url(admin_url).set(drivername="postgresql")
    passwords = passwords or {role: new_secret("pw") for role in (OWNER, APP, PLATFORM)}
    with psycopg.connect(admin.render_as_string(hide_password=False), autocommit=True) as connection:
        for role, password in passwords.items():
            _ensure_role(connection, role, password)
        _ensure_database(connection, database)
    inside = admin.set(database=database)
    with psycopg.connect(inside.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
        connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(sql.Identifier(OWNER)))
        for role in (APP, PLATFORM):
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))
    return DatabaseUrls(*(_url(inside, role, passwords[role]) for role in (OWNER, APP, PLATFORM)))


def _ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = "ALTER" if exists else "CREATE"
    connection.execute(
        sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(password)
        )
    )
    for setting, value in (("statement_timeout", "30s"), ("idle_in_transaction_session_timeout", "60s")):
        if role != OWNER:
            connection.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(
                    sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)
                )
            )


def _ensure_database(connection: psycopg.Connection, database: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        return
    owner = sql.Identifier(OWNER)
    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), owner))


def _url(inside: URL, role: str, password: str) -> str:
    return inside.set(username=role, password=password).render_as_string(hide_password=False)
