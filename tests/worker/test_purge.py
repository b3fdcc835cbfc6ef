"""What is over goes, what is needed stays, and a deleted tenant leaves a tombstone (R51)."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select, text, update

from idp.authn.models import LoginTransaction, Session
from idp.db.base import Base
from idp.events.models import Event, OutboxMessage
from idp.oauth.models import AuthorizationCode, AuthorizationRequest, RevokedToken
from idp.tenants import service as tenants
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import purge
from tests.browser import Browser
from tests.factories import People

YEAR = timedelta(days=365)


def count(wiring: Wiring, tenant: Tenant, table: Table | type[Base]) -> int:
    columns: Any = table.c if isinstance(table, Table) else table
    source = table if isinstance(table, Table) else table.__table__
    with wiring.platform_unit() as platform:
        return (
            platform.session.scalar(select(func.count()).select_from(source).where(columns.tenant_id == tenant.id)) or 0
        )


def age(wiring: Wiring, tenant: Tenant, model: Any, column: str, by: timedelta) -> None:
    with wiring.platform_unit() as platform:
        moment = getattr(model, column)
        platform.execute(update(model).where(model.tenant_id == tenant.id).values({column: moment - by}))


def purge_expired(wiring: Wiring) -> int:
    return purge.purge_expired(wiring, threading.Event())


@pytest.fixture
def used(wiring: Wiring, tenant: Tenant, people: People, browser: Browser) -> Tenant:
    """A tenant where somebody signed in and got tokens."""
    people.user()
    client, secret = people.client()
    browser.exchange(client, secret, browser.code(client))
    return tenant


def test_nothing_that_lives_is_purged(wiring: Wiring, used: Tenant) -> None:
    before = [count(wiring, used, table) for table in Base.metadata.sorted_tables if "tenant_id" in table.c]
    purge_expired(wiring)
    after = [count(wiring, used, table) for table in Base.metadata.sorted_tables if "tenant_id" in table.c]
    assert before == after


@pytest.mark.parametrize(
    ("model", "column"),
    [
        (LoginTransaction, "expires_at"),
        (AuthorizationRequest, "expires_at"),
        (AuthorizationCode, "expires_at"),
        (OutboxMessage, "sent_at"),
    ],
)
def test_what_is_over_goes(wiring: Wiring, used: Tenant, other_tenant: Tenant, model: Any, column: str) -> None:
    if model is OutboxMessage:
        with wiring.platform_unit() as platform:
            platform.execute(update(OutboxMessage).values(sent_at=func.now()))
    assert count(wiring, used, model) > 0
    age(wiring, used, model, column, YEAR)
    purge_expired(wiring)
    assert count(wiring, used, model) == 0


def test_more_than_one_batch_goes_in_one_run(wiring: Wiring, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 10)
    with wiring.tenant_unit(tenant) as uow:
        for number in range(25):
            uow.add(RevokedToken(jti=str(number), expires_at=uow.now - timedelta(seconds=1)))
        uow.add(RevokedToken(jti="alive", expires_at=uow.now + timedelta(minutes=1)))
    purge_expired(wiring)
    assert count(wiring, tenant, RevokedToken) == 1


def test_a_deleted_tenant_leaves_a_tombstone_and_the_word_of_its_deletion(
    wiring: Wiring, used: Tenant, other_tenant: Tenant
) -> None:
    others_before = count(wiring, other_tenant, Event)
    with wiring.platform_unit() as platform:
        tenants.delete(platform, tenants.get(platform, used.slug))
    purge_tenants(wiring)
    assert count(wiring, used, Session) == 1, "requests may still be running"

    with wiring.platform_unit() as platform:
        platform.execute(
            text("UPDATE tenants SET deleted_at = deleted_at - interval '1 hour' WHERE id = :id"), {"id": used.id}
        )
    purge_tenants(wiring)
    left = {table.name: count(wiring, used, table) for table in Base.metadata.sorted_tables if "tenant_id" in table.c}
    assert {name: rows for name, rows in left.items() if rows} == {"events": 1}
    with wiring.platform_unit() as platform:
        tombstone = platform.session.scalars(select(Tenant).where(Tenant.id == used.id)).one()
        event = platform.session.scalars(select(Event).where(Event.tenant_id == used.id)).one()
    assert tombstone.purged_at is not None
    assert tombstone.data_key_sealed is None
    assert event.type == "tenant.deleted"
    assert count(wiring, other_tenant, Event) == others_before


def purge_tenants(wiring: Wiring) -> None:
    purge.purge_deleted_tenants(wiring, threading.Event())
