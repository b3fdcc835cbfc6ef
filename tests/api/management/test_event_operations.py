"""What happened, by the management API: searched, followed, exported, counted (R56, R57)."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from idp.actor import Actor, ActorKind
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.ids import earliest, new_id
from idp.users.models import User
from tests.api.management.callers import Caller
from tests.factories import NOBODY, People


@pytest.fixture
def ben(people: People) -> User:
    """Signed in twice and mistyped once, from places of his own."""
    user = people.user(email="ben@example.com")
    with people.unit() as uow:
        for kind, ip in (
            (EventType.SESSION_STARTED, "203.0.113.7"),
            (EventType.LOGIN_FAILED, "203.0.113.8"),
            (EventType.SESSION_STARTED, "203.0.113.7"),
        ):
            uow.actor = Actor(ActorKind.USER, id=user.id, ip=ip, user_agent='=cmd|" /C calc"!A0')
            events.record(uow, kind, uow.get(User, user.id))
    return user


def found(caller: Caller, query: str) -> list[dict[str, Any]]:
    answer = caller.get(f"/events?limit=200&{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def test_events_are_found_by_each_of_their_sides(admin: Caller, ben: User) -> None:
    assert len(found(admin, f"filter[user_id]={ben.id}&filter[type]=session.started")) == 2
    assert [event["ip"] for event in found(admin, "filter[ip]=203.0.113.8")] == ["203.0.113.8"]
    theirs = found(admin, f"filter[actor_id]={ben.id}")
    assert {event["type"] for event in theirs} == {"session.started", "login.failed"}
    assert found(admin, f"filter[target_id]={NOBODY}") == []
    assert found(admin, "filter[outcome]=failure&filter[type]=user.created") == []
    newest, *_ = found(admin, f"filter[actor_id]={ben.id}")
    assert admin.get(f"/events/{newest['id']}").json == newest
    assert admin.get(f"/events/{NOBODY}").json["code"] == "no-such-event"


def test_events_are_found_by_when_they_happened(admin: Caller, ben: User) -> None:
    def at(moment: datetime) -> str:
        return moment.isoformat().replace("+00:00", "Z")

    now = datetime.now(UTC)
    mine = f"filter[actor_id]={ben.id}"
    assert len(found(admin, f"{mine}&filter[since]={at(now - timedelta(minutes=5))}")) == 3
    assert found(admin, f"{mine}&filter[since]={at(now + timedelta(minutes=5))}") == []
    assert found(admin, f"{mine}&filter[until]={at(now - timedelta(minutes=5))}") == []
    for wrong in ("filter[since]=yesterday", "filter[since]=2026-11-28T00:00:00", "filter[type]=x", "filter[ip]="):
        assert admin.get(f"/events?{wrong}").status_code == 422


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("filter[since]=0001-01-01T00:00:00%2B14:00", True),
        ("filter[until]=0001-01-01T00:00:00%2B14:00", False),
        ("filter[since]=9999-12-31T23:59:59-14:00", False),
        ("filter[until]=9999-12-31T23:59:59-14:00", True),
    ],
)
def test_a_period_may_begin_and_end_with_the_calendar(admin: Caller, ben: User, query: str, *, finds: bool) -> None:
    assert bool(found(admin, f"filter[user_id]={ben.id}&{query}")) is finds


def test_every_page_together_is_every_event_once(admin: Caller, ben: User) -> None:
    seen, query = [], "/events?limit=2"
    while True:
        page = admin.get(query).json
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"/events?limit=2&cursor={page['next_cursor']}"
    assert seen == sorted(set(seen), reverse=True)
    assert seen == [event["id"] for event in found(admin, "sort=-occurred_at")]


def test_a_person_is_followed(admin: Caller, ben: User, others: People) -> None:
    mine = admin.get(f"/users/{ben.id}/events").json["items"]
    assert [event["type"] for event in mine][:3] == ["session.started", "login.failed", "session.started"]
    assert mine[-1]["type"] == "user.created"
    assert admin.get(f"/users/{others.user(email='x@example.com').id}/events").json["code"] == "no-such-user"


def test_events_are_taken_away_and_that_is_one(admin: Caller, ben: User) -> None:
    lines = admin.get(f"/events/export?filter[actor_id]={ben.id}").text.splitlines()
    assert len(lines) == 3
    assert [json.loads(line) for line in lines] == found(admin, f"filter[actor_id]={ben.id}")
    (told,) = found(admin, "filter[type]=events.exported")
    assert told["data"] == {"format": "jsonl", "filters": {"actor_id": str(ben.id)}}


def test_no_cell_is_a_formula(admin: Caller, ben: User) -> None:
    answer = admin.get(f"/events/export?format=csv&filter[actor_id]={ben.id}")
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["actor.id"] for row in rows] == [str(ben.id)] * 3
    assert {row["user_agent"] for row in rows} == {'\'=cmd|" /C calc"!A0'}


def test_an_export_reads_on_where_a_batch_ends(admin: Caller, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    from idp.events import search

    monkeypatch.setattr(search, "BATCH", 2)
    with people.unit() as uow:
        for _ in range(7):
            events.record(uow, EventType.TENANT_UPDATED)
    assert len(admin.get("/events/export?filter[type]=tenant.updated").text.splitlines()) == 7


def test_whoever_may_look_may_not_take_away(machine: Callable[..., Caller]) -> None:
    reader = machine(scope="events:read", roles=("admin",))
    assert reader.get("/events").status_code == 200
    assert reader.get("/events/export").json["code"] == "permission-needed"


def test_another_tenants_events_do_not_exist(admin: Caller, others: People) -> None:
    with others.unit() as uow:
        theirs = events.record(uow, EventType.TENANT_UPDATED)
    assert admin.get(f"/events/{theirs.id}").json["code"] == "no-such-event"
    assert str(theirs.id) not in admin.get("/events/export").text


def happened(people: People, kind: EventType, when: datetime, user_id: Any = None, *, times: int = 1) -> None:
    rows = [
        {
            "tenant_id": people.tenant.id,
            "id": new_id(),
            "type": kind.value,
            "outcome": "success",
            "occurred_at": when,
            "actor_kind": "user",
            "user_id": user_id,
            "data": {},
        }
        for _ in range(times)
    ]
    with people.unit() as uow:
        uow.execute(insert(Event), rows)


def test_sign_ins_are_counted_by_day(admin: Caller, people: People, ben: User) -> None:
    today = datetime.now(UTC)
    yesterday = today - timedelta(days=1)
    happened(people, EventType.SESSION_STARTED, yesterday, ben.id, times=3)
    happened(people, EventType.SESSION_STARTED, yesterday, NOBODY)
    happened(people, EventType.LOGIN_FAILED, yesterday, ben.id, times=2)
    days = {day["day"]: day for day in admin.get("/statistics/sign-ins").json["items"]}
    assert len(days) == 30
    assert days[yesterday.date().isoformat()] == {
        "day": yesterday.date().isoformat(),
        "sign_ins": 4,
        "people": 2,
        "failures": 2,
        "blocked": 0,
        "sign_ups": 0,
    }
    assert days[today.date().isoformat()]["failures"] == 1
    one = admin.get("/statistics/events?filter[type]=login.failed").json["items"]
    assert [(row["day"], row["count"]) for row in one] == [
        (yesterday.date().isoformat(), 2),
        (today.date().isoformat(), 1),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-11-02&to=2026-11-01",
        "from=2024-01-01&to=2026-01-01",
        "from=9999-12-30&to=9999-12-31",
        "to=0001-01-01",
        "from=x",
        "filter[type]=x",
    ],
)
def test_a_period_has_bounds(admin: Caller, query: str) -> None:
    assert admin.get(f"/statistics/events?{query}").status_code == 422


def test_an_id_is_no_earlier_than_its_bound() -> None:
    before = datetime.now(UTC)
    made = new_id()
    assert earliest(before - timedelta(milliseconds=1)) <= made < earliest(before + timedelta(seconds=1))
    assert earliest(before).version == 7


def test_what_is_exported_is_not_kept_open(admin: Caller, people: People) -> None:
    """Whoever goes away in the middle leaves no connection behind."""
    for _ in range(20):
        assert admin.get("/events/export").status_code == 200
    with people.unit() as uow:
        assert uow.session.scalar(select(Event.id).limit(1)) is not None
