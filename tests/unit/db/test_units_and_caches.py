"""Units commit what ended well and nothing else; caches are short, bounded, and stale only where that is right."""

import threading
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from idp.config import Settings
from idp.db import cache
from idp.db.cache import RowCache
from idp.db.tenancy import DatabaseUnavailable
from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.ids import new_id, parse_id
from idp.rbac.models import Role
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.factories import People


def gone() -> Any:
    raise OperationalError("SELECT", {}, Exception("gone"))


def names(people: People) -> set[str]:
    with people.unit() as uow:
        return set(uow.session.scalars(select(Role.name)))


def test_a_unit_that_ends_well_commits(people: People) -> None:
    with people.unit() as uow:
        uow.add(Role(name="auditor", is_builtin=False))
    assert "auditor" in names(people)


class ChangedMind(Exception):
    pass


def change_mind(uow: UnitOfWork) -> None:
    uow.add(Role(name="auditor", is_builtin=False))
    uow.flush()
    raise ChangedMind


def test_a_unit_that_raises_leaves_nothing(people: People) -> None:
    with pytest.raises(ChangedMind), people.unit() as uow:
        change_mind(uow)
    assert "auditor" not in names(people)


def test_now_is_the_databases_and_stands_still(uow: UnitOfWork) -> None:
    first = uow.now
    assert uow.session.scalar(select(func.now())) == first == uow.now
    assert first.tzinfo is not None


def test_get_raises_and_find_does_not(uow: UnitOfWork) -> None:
    with pytest.raises(NotFound, match="no such role"):
        uow.get(Role, new_id())
    assert uow.find(Role, new_id()) is None


def test_platform_and_tenant_share_one_transaction(wiring: Wiring, people: People, tenant: Tenant) -> None:
    with pytest.raises(ChangedMind), wiring.platform_unit() as platform, platform.within(tenant) as uow:
        change_mind(uow)
    assert "auditor" not in names(people)
    with wiring.platform_unit() as platform:
        with platform.within(tenant) as uow:
            uow.add(Role(name="auditor", is_builtin=False))
        found = select(Role.tenant_id).where(Role.name == "auditor", Role.tenant_id == tenant.id)
        assert platform.session.scalars(found).all() == [tenant.id]
    assert "auditor" in names(people)


def test_a_lost_connection_is_found_out_before_it_is_used(wiring: Wiring, people: People) -> None:
    """R60: an idle connection that the server hung up costs nobody a request."""
    with people.unit() as uow:
        pid = uow.session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(wiring.settings.database_url.get_secret_value(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
        while other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
            pass
    for _ in range(3):
        assert "owner" in names(people)


def test_a_server_that_is_not_there_is_an_outage(settings: Settings, tenant: Tenant) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    lost = Wiring.of(settings.model_copy(update={"database_url": type(settings.database_url)(nowhere)}))
    unit = lost.tenant_unit(tenant)
    with pytest.raises(cache.DATABASE_IS_GONE):
        _ = unit.now
    unit.close()
    lost.dispose()


def test_a_cache_loads_once_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, loaded = [100.0], []
    monkeypatch.setattr(cache.time, "monotonic", lambda: now[0])
    rows: RowCache[int] = RowCache(10)

    def load() -> int:
        loaded.append(1)
        return len(loaded)

    assert [rows.get("k", load), rows.get("k", load)] == [1, 1]
    now[0] += cache.TTL_SECONDS
    assert rows.get("k", load) == 2
    rows.clear()
    assert rows.get("k", load) == 3


def test_a_cache_remembers_that_there_is_nothing() -> None:
    rows: RowCache[int | None] = RowCache(10)
    assert rows.get("k", lambda: None) is None
    assert rows.get("k", gone) is None


def test_a_cache_is_bounded() -> None:
    rows: RowCache[int] = RowCache(3)
    for number in range(10):
        rows.get(number, lambda number=number: number)
    assert len(rows) == 3


def test_only_public_documents_are_served_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(cache.time, "monotonic", lambda: now[0])
    public: RowCache[int] = RowCache(10, stale_on_error=True)
    granting: RowCache[int] = RowCache(10)
    for rows in (public, granting):
        rows.get("k", lambda: 1)
    now[0] += 60
    assert public.get("k", gone) == 1
    with pytest.raises(DatabaseUnavailable):
        granting.get("k", gone)
    now[0] += cache.STALE_SECONDS
    with pytest.raises(DatabaseUnavailable):
        public.get("k", gone)


def test_a_cache_is_for_many_threads() -> None:
    rows: RowCache[int] = RowCache(5)
    threads = [
        threading.Thread(target=lambda: [rows.get(number % 7, lambda: 1) for number in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows) == 5


def test_ids_are_ordered_and_have_one_spelling() -> None:
    made = [new_id() for _ in range(100)]
    assert made == sorted(made)
    assert {one.version for one in made} == {7}
    assert parse_id(str(made[0])) == made[0]
    for text_ in (str(made[0]).upper(), made[0].hex, f"{{{made[0]}}}", f"urn:uuid:{made[0]}", "", "x", "\u0661" * 32):
        assert parse_id(text_) is None
