"""Up, down and up again; twice at once; and as patient as the slowest migration (R64)."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, pool

from idp.db import migrations
from idp.wiring import metadata
from tests import services

MIGRATION_LOCK = 6_020_749_011
LOCK_TIMEOUT_SECONDS = 5
PODS = 3


@pytest.fixture
def empty(addresses: dict[str, str], worker_id: str) -> str:
    """An empty database, by its owner's address."""
    name = f"idp_migrations_{worker_id}"
    services.create_database(addresses, name, owner="idp_owner")
    return make_url(addresses["IDP_OWNER_DATABASE_URL"]).set(database=name).render_as_string(hide_password=False)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    return {name for (name,) in found}


def status(url: str) -> Any:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=pool.NullPool)
    return migrations.status(engine)


def shape(url: str) -> list[Any]:
    """Columns, indexes, policies and grants: all that a migration can leave behind."""
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = 'public' ORDER BY 1, 2",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2",
        "SELECT grantee, table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public' ORDER BY 1, 2, 3",
    )
    with psycopg.connect(url) as connection:
        return [connection.execute(query).fetchall() for query in queries]


def test_up_down_and_up_again_is_up(empty: str) -> None:
    assert not status(empty).is_current
    migrations.upgrade(empty)
    assert status(empty).is_current
    assert tables(empty) == set(metadata.tables) | {"alembic_version"}
    first = shape(empty)
    migrations.downgrade(empty, "base")
    assert tables(empty) == {"alembic_version"}
    assert status(empty).current is None
    migrations.upgrade(empty)
    assert shape(empty) == first


def test_upgrading_again_changes_nothing(empty: str) -> None:
    migrations.upgrade(empty)
    first = shape(empty)
    migrations.upgrade(empty)
    assert shape(empty) == first


def test_everybody_may_upgrade_at_once(empty: str) -> None:
    """As when several pods start with a new release."""
    with ProcessPoolExecutor(PODS, mp_context=multiprocessing.get_context("spawn")) as pods:
        list(pods.map(migrations.upgrade, [empty] * PODS))
    assert status(empty).is_current
    assert tables(empty) == set(metadata.tables) | {"alembic_version"}


def test_who_comes_second_waits_as_long_as_it_takes(empty: str) -> None:
    """A migration of another pod may well take longer than we would wait for a lock on a table."""
    with psycopg.connect(empty) as slow, ThreadPoolExecutor(1) as pod:
        slow.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        waiting = pod.submit(migrations.upgrade, empty)
        time.sleep(LOCK_TIMEOUT_SECONDS + 1)
        assert not waiting.done()
        slow.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        slow.commit()
        waiting.result(30)
    assert status(empty).is_current


def test_a_busy_table_fails_the_migration_and_not_the_service(empty: str) -> None:
    """lock_timeout: the service goes on, and the migration leaves nothing half done."""
    migrations.upgrade(empty)
    with psycopg.connect(empty) as busy:
        busy.execute("LOCK TABLE tenants IN ACCESS SHARE MODE")
        with pytest.raises(Exception, match="lock timeout"):
            migrations.downgrade(empty, "base")
    assert status(empty).is_current
    assert tables(empty) == set(metadata.tables) | {"alembic_version"}


def test_an_index_is_built_while_its_table_is_written_to(empty: str) -> None:
    """It waits for whoever writes, for as long as they like, and keeps nobody from writing meanwhile."""
    migrations.upgrade(empty, "0002")
    with psycopg.connect(empty) as writer, ThreadPoolExecutor(1) as pod:
        writer.execute("LOCK TABLE users, events IN ROW EXCLUSIVE MODE")
        building = pod.submit(migrations.upgrade, empty)
        time.sleep(LOCK_TIMEOUT_SECONDS + 1)
        assert not building.done()
        with psycopg.connect(empty) as another:
            another.execute("LOCK TABLE users, events IN ROW EXCLUSIVE MODE NOWAIT")
        writer.rollback()
        building.result(30)
    assert status(empty).is_current


def test_an_index_that_was_cut_short_is_built_again(empty: str) -> None:
    migrations.upgrade(empty, "0002")
    with psycopg.connect(empty) as killed:
        killed.execute("CREATE INDEX events_tenant_id_actor_id_idx ON events (id)")
    migrations.upgrade(empty)
    first = shape(empty)
    migrations.downgrade(empty, "base")
    migrations.upgrade(empty)
    assert shape(empty) == first


def test_the_roles_that_serve_cannot_migrate(empty: str, addresses: dict[str, str]) -> None:
    for name in ("IDP_DATABASE_URL", "IDP_PLATFORM_DATABASE_URL"):
        url = make_url(addresses[name]).set(database=make_url(empty).database)
        with pytest.raises(Exception, match="permission denied"):
            migrations.upgrade(url.render_as_string(hide_password=False))
    assert tables(empty) == set()
