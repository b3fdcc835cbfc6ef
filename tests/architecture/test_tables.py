"""What makes a table a tenant's, read back from the catalogue of a migrated database (R50); secret columns' endings."""

import re
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import LargeBinary, Table, create_engine, make_url, pool

from idp.db.base import TenantScoped
from idp.db.rls import APP, CURRENT_TENANT, OWNER, PLATFORM
from idp.wiring import Base, Wiring, metadata

TABLES = [metadata.tables[name] for name in sorted(metadata.tables)]
SCOPED = sorted(
    mapper.class_.__tablename__ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantScoped)
)
TENANTLESS = {"tenants"}
APPEND_ONLY = {"events"}
NOT_SECRET = {
    "tenant_logos.png",  # a picture
    "refresh_families.seed",  # worth nothing without the tenant's sealed key
    "clients.token_endpoint_auth_method",  # the name of a method
    "grants.id_token_claims",  # names of claims
    "one_time_tokens.code_expires_at",  # a moment
    "connections.secret_changed_at",  # another one
    "authorization_codes.code_challenge",  # public by design (RFC 7636)
}
_SECRET_WORDS = re.compile(r"passw|secret|token|(^|_)code(_|$)|private|otp|seed|cookie")


@pytest.fixture(scope="module")
def catalogue(environment: dict[str, str]) -> Any:
    with psycopg.connect(environment["IDP_OWNER_DATABASE_URL"], autocommit=True) as connection:
        yield connection


def test_every_table_belongs_to_a_tenant_or_is_listed() -> None:
    assert {table.name for table in TABLES} == set(SCOPED) | TENANTLESS


def test_the_migrations_make_what_the_models_say(environment: dict[str, str]) -> None:
    engine = create_engine(
        make_url(environment["IDP_OWNER_DATABASE_URL"]).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("table", [*SCOPED, "tenants"])
def test_row_level_security_is_on_and_forced(catalogue: psycopg.Connection, table: str) -> None:
    row = catalogue.execute(
        "SELECT relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner) FROM pg_class WHERE oid = %s::regclass",
        [table],
    ).fetchone()
    assert row == (True, True, OWNER)


@pytest.mark.parametrize("table", SCOPED)
def test_the_policies_are_these_two_and_no_other(catalogue: psycopg.Connection, table: str) -> None:
    policies = catalogue.execute(
        "SELECT roles::text[], cmd, permissive, qual, with_check FROM pg_policies WHERE tablename = %s", [table]
    ).fetchall()
    by_role = {tuple(roles): (command, kind, using, check) for roles, command, kind, using, check in policies}
    assert by_role.keys() == {(APP,), (PLATFORM,)}
    command, kind, using, check = by_role[APP,]
    assert (command, kind, using) == ("ALL", "PERMISSIVE", check)
    setting = catalogue.execute(f"SELECT {CURRENT_TENANT}").fetchone()
    assert setting == (None,)
    assert re.fullmatch(r"\(tenant_id = \(NULLIF\(current_setting\('idp\.tenant_id'.*\)::uuid\)", using)
    assert by_role[PLATFORM,][2:] == ("true", "true")


@pytest.mark.parametrize("table", SCOPED)
def test_tenant_id_leads_every_key_and_is_never_null(catalogue: psycopg.Connection, table: str) -> None:
    nullable = catalogue.execute(
        "SELECT is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND column_name = 'tenant_id'",
        [table],
    ).fetchone()
    assert nullable == ("NO",)
    unique = catalogue.execute(
        "SELECT i.indexrelid::regclass::text, a.attname FROM pg_index i"
        " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indrelid = %s::regclass AND i.indisunique",
        [table],
    ).fetchall()
    assert unique
    assert {leader for _, leader in unique} == {"tenant_id"}, unique
    references = catalogue.execute(
        "SELECT c.conname, c.confrelid::regclass::text, a.attname, array_length(c.conkey, 1) FROM pg_constraint c"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
        " WHERE c.conrelid = %s::regclass AND c.contype = 'f'",
        [table],
    ).fetchall()
    assert "tenants" in {target for _, target, _, _ in references}
    for name, target, leader, width in references:
        assert leader == "tenant_id", name
        assert width == (1 if target == "tenants" else 2), name


@pytest.mark.parametrize("table", SCOPED)
def test_the_app_role_may_do_what_it_needs_and_no_more(catalogue: psycopg.Connection, table: str) -> None:
    granted = catalogue.execute(
        "SELECT privilege_type FROM information_schema.role_table_grants WHERE grantee = %s AND table_name = %s",
        [APP, table],
    ).fetchall()
    writes = set() if table in APPEND_ONLY else {"UPDATE", "DELETE"}
    assert {privilege for (privilege,) in granted} == {"SELECT", "INSERT"} | writes


def test_no_serving_role_owns_or_bypasses_anything(catalogue: psycopg.Connection) -> None:
    roles = catalogue.execute(
        "SELECT rolname FROM pg_roles WHERE rolname IN (%s, %s)"
        " AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole AND NOT rolcreatedb AND NOT rolreplication",
        [APP, PLATFORM],
    ).fetchall()
    assert len(roles) == 2
    owned = catalogue.execute(
        "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) IN (%s, %s)", [APP, PLATFORM]
    ).fetchone()
    assert owned == (0,)
    assert catalogue.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [APP, OWNER]).fetchone() == (False,)
    assert catalogue.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", [APP, PLATFORM]).fetchone() == (False,)


def test_the_app_role_reads_one_tenant_row_and_writes_none(wiring: Wiring, catalogue: psycopg.Connection) -> None:
    granted = catalogue.execute(
        "SELECT privilege_type FROM information_schema.role_table_grants WHERE grantee = %s AND table_name = 'tenants'",
        [APP],
    ).fetchall()
    assert granted == [("SELECT",)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_secret_column_says_how_it_is_kept(table: Table) -> None:
    """``_digest`` SHA-256 of a random secret, ``_hash`` Argon2id, ``_sealed`` AES-GCM; nothing else holds bytes."""
    suspicious = [
        f"{table.name}.{column.name}"
        for column in table.columns
        if (isinstance(column.type, LargeBinary) or _SECRET_WORDS.search(column.name))
        and not column.name.endswith(("_digest", "_hash", "_sealed"))
    ]
    assert set(suspicious) <= NOT_SECRET
