"""Counting finished days: once, again, late, and by two workers at once."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from idp.events import rollups, statistics
from idp.events.models import EventCount, EventRollup
from idp.events.types import EventType
from idp.wiring import Wiring
from idp.worker import consoles
from idp.worker.rollups import count_days
from tests.api.management.test_event_operations import happened
from tests.factories import NOBODY, People

TODAY = datetime.now(UTC)


@pytest.fixture
def counted(wiring: Wiring) -> Any:
    return lambda: count_days(wiring, threading.Event())


def kept(people: People) -> list[tuple[Any, ...]]:
    with people.unit() as uow:
        rows = uow.session.scalars(select(EventCount).where(EventCount.type == "session.started")).all()
        return [(row.day, row.count, row.people) for row in sorted(rows, key=lambda row: row.day)]


def test_a_finished_day_is_counted_once_and_the_same_again(people: People, counted: Any) -> None:
    old, yesterday = TODAY - timedelta(days=40), TODAY - timedelta(days=1)
    for when in (old, yesterday, TODAY):
        happened(people, EventType.SESSION_STARTED, when, NOBODY, times=2)
    assert counted() >= 1
    expected = [(old.date(), 2, 1), (yesterday.date(), 2, 1)]
    settled = (datetime.now(UTC) - timedelta(minutes=15)).date()
    if settled < TODAY.date():
        expected = expected[:1]
    assert kept(people) == expected
    assert counted() == 0
    with people.unit() as uow:
        uow.session.get(EventRollup, people.tenant.id).counted_until = old.date() - timedelta(days=1)
    assert counted() == 1
    assert kept(people) == expected


def test_the_answer_is_the_same_before_and_after(people: People, counted: Any) -> None:
    for days in (0, 1, 2, 90):
        happened(people, EventType.SESSION_STARTED, TODAY - timedelta(days=days), NOBODY, times=days + 1)
    first, last = (TODAY - timedelta(days=100)).date(), TODAY.date()

    def answer() -> Any:
        with people.unit() as uow:
            return statistics.by_day(uow, first, last)

    before = answer()
    assert [row.count for row in before if row.type == "session.started"] == [91, 3, 2, 1]
    counted()
    assert answer() == before


def test_two_workers_count_every_tenant_once(wiring: Wiring, people: People, others: People) -> None:
    for home in (people, others):
        happened(home, EventType.SESSION_STARTED, TODAY - timedelta(days=3), NOBODY)
    with wiring.platform_unit() as one, wiring.platform_unit() as other:
        assert rollups.count_days(one) >= 2
        assert rollups.count_days(other) == 0


def test_a_tenant_of_the_release_before_gets_its_console(wiring: Wiring, people: People) -> None:
    from idp.oauth.console import CLIENT_ID, scope_of
    from idp.oauth.models import Client

    with people.unit() as uow:
        uow.session.delete(uow.get(Client, CLIENT_ID))
    assert consoles.keep(wiring, threading.Event()) >= 1, "other tests leave some behind too"
    with people.unit() as uow:
        client = uow.get(Client, CLIENT_ID)
        assert client.scope == scope_of(people.tenant.slug)
        client.scope = ["openid"]
    assert consoles.keep(wiring, threading.Event()) == 1
    assert consoles.keep(wiring, threading.Event()) == 0
