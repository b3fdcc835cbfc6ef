"""What the worker sees when it looks around, and that looking costs the same whatever there is (R60)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, Table, func, text, update
from sqlalchemy.dialects import postgresql

from idp import metrics
from idp.db.unit import PlatformUnit
from idp.events import outbox
from idp.events.models import OutboxMessage
from idp.keys import service as keys
from idp.oauth.models import AuthorizationRequest
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker import loop, observe, schedule
from tests.factories import People

AGE = timedelta(hours=3)


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def look(wiring: Wiring) -> None:
    observe.Observer(wiring).look()


def test_a_message_that_should_have_left_ages(wiring: Wiring, people: People) -> None:
    loop.run(wiring, once=True)
    look(wiring)
    assert value("idp_outbox_waiting", kind="mail") == 0
    assert value("idp_outbox_oldest_due_seconds", kind="mail") == 0
    people.user()
    with wiring.platform_unit() as platform:
        platform.execute(
            update(OutboxMessage).where(OutboxMessage.sent_at.is_(None)).values(next_attempt_at=func.now() - AGE)
        )
    look(wiring)
    assert value("idp_outbox_waiting", kind="mail") == 1
    assert value("idp_outbox_oldest_due_seconds", kind="mail") >= AGE.total_seconds()
    loop.run(wiring, once=True)
    look(wiring)
    assert value("idp_outbox_oldest_due_seconds", kind="mail") == 0


def test_a_message_that_waits_for_its_next_try_is_not_late(wiring: Wiring, people: People) -> None:
    loop.run(wiring, once=True)
    people.user()
    with wiring.platform_unit() as platform:
        (message,) = outbox.claim(platform, only=["mail"])
    with wiring.platform_unit() as platform:
        outbox.settle(platform, message, "the server is away")
    look(wiring)
    assert value("idp_outbox_waiting", kind="mail") == 1
    assert value("idp_outbox_oldest_due_seconds", kind="mail") == 0
    with wiring.platform_unit() as platform:
        outbox.settle(platform, message)


def test_the_oldest_key_is_as_old_as_it_is(wiring: Wiring, tenant: Tenant) -> None:
    with wiring.platform_unit() as platform, platform.within(tenant) as uow:
        (key, *_) = keys.list_all(uow)
        key.activated_at = uow.now - timedelta(days=3000)
    look(wiring)
    assert value("idp_keys_oldest_active_seconds") >= timedelta(days=3000).total_seconds()
    with wiring.platform_unit() as platform, platform.within(tenant) as uow:
        for key in keys.list_all(uow):
            if key.activated_at is not None:
                key.activated_at = uow.now


def test_keys_that_cannot_be_tended_are_counted(
    wiring: Wiring, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    def fail(_uow: Any) -> list[Any]:
        raise RuntimeError("broken seal")

    with monkeypatch.context() as broken:
        broken.setattr(schedule.keys, "tend", fail)
        schedule.tend_keys(wiring, threading.Event())
        assert value("idp_keys_tenants_failed") >= 1
    schedule.tend_keys(wiring, threading.Event())
    assert value("idp_keys_tenants_failed") == 0


def test_a_row_that_should_be_gone_lags(wiring: Wiring, tenant: Tenant, browser: Any) -> None:
    name, table = "idp_purge_lag_seconds", AuthorizationRequest.__tablename__
    browser.get(browser.url("/login"))
    with wiring.platform_unit() as platform:
        platform.execute(text("UPDATE login_transactions SET expires_at = now() - interval '3 days'"))
    look(wiring)
    assert value(name, table="login_transactions") >= timedelta(days=2).total_seconds()
    assert value(name, table=table) == 0
    loop.run(wiring, once=True)
    look(wiring)
    assert value(name, table="login_transactions") == 0


def test_every_rule_of_the_purge_that_can_be_watched_is_watched() -> None:
    watched = {rule.table.name for rule in observe.watched_rules()}
    assert {"login_transactions", "grants", "authorization_codes", "one_time_tokens", "outbox_messages"} <= watched


def test_every_look_is_led_by_an_index(wiring: Wiring) -> None:
    """No tenant, and no row that is not looked for, costs anything."""
    looks: list[tuple[Select[Any], str]] = [
        (observe.waiting_messages(), "outbox_messages_due_idx"),
        (observe.living_keys(), "signing_keys_living"),
        *[(observe.overdue(rule), _index_of(rule.table, rule.moment.key)) for rule in observe.watched_rules()],
    ]
    with wiring.platform_unit() as platform:
        platform.execute(text("SET LOCAL enable_seqscan = off"))  # the tables of the tests are too small to tell
        platform.execute(text("SET LOCAL enable_bitmapscan = off"))
        platform.execute(text("SET LOCAL enable_sort = off"))
        for statement, index in looks:
            plan = explain(platform, statement)
            assert f"using {index} " in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "Sort" not in plan, plan


def explain(platform: PlatformUnit, statement: Select[Any]) -> str:
    compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
    return "\n".join(platform.session.scalars(text(f"EXPLAIN {compiled}")))


def _index_of(table: Table, column: str) -> str:
    return next(str(index.name) for index in table.indexes if next(iter(index.columns)).name == column)
