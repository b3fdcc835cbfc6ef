"""``statistics``: how often what happened, day by day."""

from datetime import date, timedelta
from typing import Any

from marshmallow import fields, validate

from idp.api.management.routes import management
from idp.api.schemas import Body
from idp.api.tags import ACTIVITY
from idp.db.unit import UnitOfWork
from idp.errors import Invalid
from idp.events import statistics
from idp.events.types import EventType
from idp.rbac.permissions import Permission

DEFAULT_DAYS = 30
_SIGN_INS = {
    EventType.SESSION_STARTED: "sign_ins",
    EventType.LOGIN_FAILED: "failures",
    EventType.LOGIN_BLOCKED: "blocked",
    EventType.USER_CREATED: "sign_ups",
}
DAY = {"day": "2026-11-24", "sign_ins": 412, "people": 287, "failures": 9, "blocked": 0, "sign_ups": 3}
COUNT = {"day": "2026-11-24", "type": "session.started", "count": 412, "people": 287}


class PeriodInvalid(Invalid):
    """A period that ends before it begins, or is longer than the statistics go."""

    code = "period-invalid"


def _day(description: str) -> fields.Date:
    return fields.Date(metadata={"description": description})


_PERIOD: dict[str, fields.Field[Any]] = {
    "from": _day(f"First day (UTC); {DEFAULT_DAYS} days ago when left out."),
    "to": _day("Last day (UTC); today when left out."),
}
_TYPE = fields.String(
    validate=validate.OneOf([kind.value for kind in EventType]),
    metadata={"description": "What happened; everything when left out."},
)
Period = Body.from_dict(_PERIOD, name="Period")
EventPeriod = Body.from_dict({**_PERIOD, "filter[type]": _TYPE}, name="EventPeriod")


def _count(description: str) -> fields.Integer:
    return fields.Integer(required=True, strict=True, metadata={"description": description})


class SignInDay(Body):
    """Sign-ins of one day."""

    day = fields.String(required=True, metadata={"format": "date"})
    sign_ins = _count("Sessions that began.")
    people = _count("Different people among them.")
    failures = _count("Wrong passwords.")
    blocked = _count("Accounts that were blocked for guessing.")
    sign_ups = _count("Accounts that were made.")


class SignInDays(Body):
    """Every day of the period."""

    items = fields.List(fields.Nested(SignInDay), required=True)


class EventDay(Body):
    """How often one thing happened on one day."""

    day = fields.String(required=True, metadata={"format": "date"})
    type = fields.String(required=True)
    count = _count("How often.")
    people = _count("To how many different people.")


class EventDays(Body):
    """Days and things of which there were any."""

    items = fields.List(fields.Nested(EventDay), required=True)


@management.operation(
    "GET",
    "/statistics/sign-ins",
    needs=Permission.EVENTS_READ,
    tag=ACTIVITY,
    query=Period,
    answer=(200, SignInDays, {"items": [DAY]}),
    refuses=("period-invalid",),
)
def count_sign_ins(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """Count sign-ins by day.

    Every day of the period, 400 at most, with those on which nothing happened.
    """
    first, last = _period(uow, query)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = {day: dict.fromkeys(DAY, 0) | {"day": day.isoformat()} for day in days}
    for row in statistics.by_day(uow, first, last, types=_SIGN_INS):
        found[row.day][_SIGN_INS[EventType(row.type)]] = row.count
        if row.type == EventType.SESSION_STARTED:
            found[row.day]["people"] = row.people
    return {"items": list(found.values())}


@management.operation(
    "GET",
    "/statistics/events",
    needs=Permission.EVENTS_READ,
    tag=ACTIVITY,
    query=EventPeriod,
    answer=(200, EventDays, {"items": [COUNT]}),
    refuses=("period-invalid",),
)
def count_events(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """Count events by day.

    Of one kind, or of all; days on which nothing happened are left out.
    """
    first, last = _period(uow, query)
    types = [EventType(query["filter[type]"])] if "filter[type]" in query else None
    rows = statistics.by_day(uow, first, last, types=types)
    return {
        "items": [
            {"day": row.day.isoformat(), "type": row.type, "count": row.count, "people": row.people} for row in rows
        ]
    }


def _period(uow: UnitOfWork, query: dict[str, Any]) -> tuple[date, date]:
    last: date = query.get("to", uow.now.date())
    earliest = date.min + timedelta(days=statistics.MAX_DAYS)
    first: date = query.get("from") or max(last, earliest) - timedelta(days=DEFAULT_DAYS - 1)
    if not 0 <= (last - first).days < statistics.MAX_DAYS or last.year > uow.now.year + 1:
        raise PeriodInvalid(f"A period ends after it begins, soon, and has at most {statistics.MAX_DAYS} days.")
    return first, last
