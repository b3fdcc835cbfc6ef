"""Every mapped table against another tenant, by raw SQL as the app role and through the session (R50)."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, inspect, select, text, update
from sqlalchemy.exc import ProgrammingError

from idp.db.base import Base, TenantScoped
from idp.db.snapshot import read_slug, read_tenant
from idp.db.tenancy import WrongTenant
from idp.rbac.models import Role
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.isolation.world import World

MODELS: list[Any] = sorted(
    (mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantScoped)),
    key=lambda model: model.__tablename__,
)
APPEND_ONLY = {"events"}
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__tablename__)


@pytest.fixture(scope="module")
def acme(app: Any, wiring: Wiring) -> World:
    world = World(app, wiring, "acme")
    world.fill()
    return world


@pytest.fixture(scope="module")
def globex(app: Any, wiring: Wiring) -> World:
    return World(app, wiring, "globex")


@pytest.fixture
def raw(environment: dict[str, str]) -> Iterator[psycopg.Connection]:
    """The app role with no product around it."""
    with psycopg.connect(environment["IDP_DATABASE_URL"]) as connection:
        yield connection
        connection.rollback()


def become(connection: psycopg.Connection, world: World) -> None:
    connection.execute("SELECT set_config('idp.tenant_id', %s, true)", [str(world.tenant.id)])


def count(connection: psycopg.Connection, model: Any) -> int:
    (rows,) = connection.execute(
        sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(model.__tablename__))
    ).fetchone() or (0,)
    return int(rows)


def own_rows(world: World, model: Any) -> list[Any]:
    with world.people.unit() as uow:
        return list(uow.session.scalars(select(model)))


@each_model
def test_the_walker_knows_how_to_fill_this_table(acme: World, model: Any) -> None:
    """A table that `World.fill` leaves empty would make all that follows say nothing."""
    rows = own_rows(acme, model)
    assert rows, f"teach World.fill to leave a row in {model.__tablename__}"
    assert {row.tenant_id for row in rows} == {acme.tenant.id}


@each_model
def test_raw_sql_sees_nothing_without_a_tenant_or_as_another(
    raw: psycopg.Connection, acme: World, globex: World, model: Any
) -> None:
    assert count(raw, model) == 0
    become(raw, globex)
    visible = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s").format(sql.Identifier(model.__tablename__))
    assert raw.execute(visible, [acme.tenant.id]).fetchone() == (0,)
    become(raw, acme)
    assert count(raw, model) == len(own_rows(acme, model))


@each_model
def test_raw_sql_changes_nothing_of_another(raw: psycopg.Connection, acme: World, globex: World, model: Any) -> None:
    table = sql.Identifier(model.__tablename__)
    for setting in (None, globex):
        for statement in (
            "UPDATE {} SET tenant_id = tenant_id WHERE tenant_id = %s",
            "DELETE FROM {} WHERE tenant_id = %s",
        ):
            with raw.transaction(force_rollback=True):
                if setting is not None:
                    become(raw, setting)
                if model.__tablename__ in APPEND_ONLY:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        raw.execute(sql.SQL(statement).format(table), [acme.tenant.id])
                    break
                assert raw.execute(sql.SQL(statement).format(table), [acme.tenant.id]).rowcount == 0


@each_model
def test_raw_sql_inserts_nothing_for_another(acme: World, globex: World, model: Any) -> None:
    """A copy of a row that exists, so that nothing but the policy can refuse it."""
    row = own_rows(acme, model)[0]
    columns = {column.key: getattr(row, column.key) for column in inspect(model).columns}
    statement = model.__table__.insert().values(columns)
    with pytest.raises(ProgrammingError) as refused, globex.people.unit() as uow:
        uow.session.connection().execute(statement)
    assert isinstance(refused.value.orig, psycopg.errors.InsufficientPrivilege)


@each_model
def test_a_row_cannot_be_handed_to_another(raw: psycopg.Connection, acme: World, globex: World, model: Any) -> None:
    """By policy, or because nobody may update the table at all: PostgreSQL calls both insufficient privilege."""
    become(raw, acme)
    statement = sql.SQL("UPDATE {} SET tenant_id = %s").format(sql.Identifier(model.__tablename__))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(statement, [globex.tenant.id])


@each_model
def test_the_session_sees_and_changes_nothing_of_another(acme: World, globex: World, model: Any) -> None:
    """Lock 2 alone, on the platform role, which row-level security lets see everything."""
    key = inspect(own_rows(acme, model)[0]).identity
    with acme.wiring.platform_unit() as platform:
        assert platform.session.get(model, key) is not None
        platform.session.expunge_all()
        with platform.within(globex.tenant) as uow:
            assert uow.session.get(model, key) is None
            seen = uow.session.scalar(select(func.count()).select_from(model).where(model.tenant_id == acme.tenant.id))
            assert seen == 0
            changed: Any = uow.execute(
                update(model).where(model.tenant_id == acme.tenant.id).values(tenant_id=model.tenant_id),
                execution_options={"synchronize_session": False},
            )
            assert changed.rowcount == 0


@each_model
def test_the_session_refuses_to_write_for_another(acme: World, globex: World, model: Any) -> None:
    row = own_rows(acme, model)[0]
    copy = model(**{column.key: getattr(row, column.key) for column in inspect(model).columns})
    adding, deleting = globex.people.unit(), globex.people.unit()
    adding.add(copy)
    deleting.session.add(row)
    deleting.session.delete(row)
    for unit in (adding, deleting):
        with pytest.raises(WrongTenant):
            unit.flush()
        unit.close()


def test_a_new_row_is_stamped(acme: World) -> None:
    with acme.people.unit() as uow:
        role = uow.add(Role(name="auditor", is_builtin=False))
        uow.flush()
        assert role.tenant_id == acme.tenant.id


def test_snapshots_obey_the_policies_and_leave_nothing_behind(wiring: Wiring, acme: World, globex: World) -> None:
    """Raw SQL inside of snapshots, where no session criteria help; then the same connection, bare."""
    for model in MODELS:
        statement = text(f"SELECT count(*) FROM {model.__tablename__} WHERE tenant_id = '{acme.tenant.id}'")  # noqa: S608
        with read_tenant(wiring.app, globex.tenant.id) as session:
            assert session.scalar(statement) == 0
        with read_tenant(wiring.app, acme.tenant.id) as session:
            assert session.scalar(statement) > 0
        with wiring.app.connect() as connection:
            assert connection.scalar(statement) == 0
            assert not connection.scalar(text("SELECT current_setting('idp.tenant_id', true)"))


def test_a_slug_opens_its_own_row_and_no_other(wiring: Wiring, acme: World, globex: World) -> None:
    with read_slug(wiring.app, acme.tenant.slug) as session:
        assert [row.id for row in session.scalars(select(Tenant))] == [acme.tenant.id]
    with acme.people.unit() as uow:
        assert [row.id for row in uow.session.scalars(select(Tenant))] == [acme.tenant.id]
    with wiring.app.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Tenant)) == 0


@pytest.mark.parametrize("value", ["", "acme'; SELECT 1; --", "ACME", "a" * 64, "a b"])
def test_only_a_slug_can_become_a_setting(wiring: Wiring, value: str) -> None:
    with pytest.raises(ValueError, match="neither"), read_slug(wiring.app, value):
        pass


def test_a_unit_leaves_no_setting_on_its_connection(wiring: Wiring, acme: World) -> None:
    for ends_well in (True, False):
        unit = acme.people.unit()
        assert unit.session.scalar(text("SELECT current_setting('idp.tenant_id', true)")) == str(acme.tenant.id)
        if ends_well:
            unit.commit()
        unit.close()
        with wiring.app.connect() as connection:
            assert not connection.scalar(text("SELECT current_setting('idp.tenant_id', true)"))


@pytest.mark.parametrize(
    "statement", ["UPDATE events SET outcome = 'success'", "DELETE FROM events", "TRUNCATE events"]
)
def test_events_are_append_only_for_the_app_role(raw: psycopg.Connection, acme: World, statement: str) -> None:
    """R57, for the tenant's own events."""
    become(raw, acme)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(statement)
