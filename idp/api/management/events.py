"""``events``: what happened, by whom, to whom, from where; searched, followed for one person, and taken away (R57)."""

import json
from collections.abc import Callable, Generator, Iterable
from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, select

from idp import user_agents
from idp.api.fields import moment, shown, text
from idp.api.listing import Filter, Listing
from idp.api.management.people import person
from idp.api.management.routes import management
from idp.api.operations import MediaType
from idp.api.schemas import Body, listed
from idp.api.tags import ACTIVITY
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.events import export, search
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType, Outcome
from idp.rbac.permissions import Permission

MAX_EXPORTED = 1_000_000
EVENT = {
    "id": "01981a4e-f990-7e11-9d4c-2f1e0a9b8c70",
    "type": "session.started",
    "outcome": "success",
    "occurred_at": "2026-11-24T09:12:00.250000+00:00",
    "actor": {"kind": "user", "id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11"},
    "target": {"type": "sessions", "id": "01981a4e-9d02-7a51-8a3c-0d6b5a4c3e21"},
    "user_id": "01981a4e-7c1b-7cc3-9a54-2f1d6f5f0a11",
    "ip": "203.0.113.7",
    "device": "Firefox on Linux",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "request_id": "01981a4e-f98f-7b10-8c3d-0e9f8a7b6c50",
    "data": {},
}


class ActorOut(Body):
    """Who did it."""

    kind = shown("`user`, `client`, `operator`, `system` or `anonymous`.")
    id = shown("Of the person, client or operator.", allow_none=True)


class TargetOut(Body):
    """What it happened to."""

    type = shown("What kind of thing.", allow_none=True)
    id = shown("Which one.", allow_none=True)


class EventOut(Body):
    """Something that happened; it is never changed."""

    id = shown("In the order of time.")
    type = shown("What happened, such as `session.started`.")
    outcome = fields.String(required=True, validate=validate.OneOf([outcome.value for outcome in Outcome]))
    occurred_at = moment("When.")
    actor = fields.Nested(ActorOut, required=True)
    target = fields.Nested(TargetOut, required=True)
    user_id = shown("Whose account it happened to.", allow_none=True)
    ip = shown("From where.", allow_none=True)
    device = shown("By what, in words, where it is known.", allow_none=True)
    user_agent = shown("By what.", allow_none=True)
    request_id = shown("Of the request; also in logs and on error pages.", allow_none=True)
    data = fields.Dict(required=True, metadata={"description": "What else is to be said; ids and names, no secrets."})


def _id(description: str, condition: Callable[[UUID], ColumnElement[bool]]) -> Filter:
    return Filter(fields.UUID(metadata={"description": description}), condition)


def _time(description: str, condition: Callable[[Any], ColumnElement[bool]]) -> Filter:
    return Filter(fields.AwareDateTime(format="iso", metadata={"description": description}), condition)


FILTERS = {
    "type": Filter(
        fields.String(
            validate=validate.OneOf([kind.value for kind in EventType]), metadata={"description": "What happened."}
        ),
        lambda kind: Event.type == kind,
    ),
    "outcome": Filter(
        fields.String(
            validate=validate.OneOf([outcome.value for outcome in Outcome]), metadata={"description": "How it ended."}
        ),
        lambda outcome: Event.outcome == outcome,
    ),
    "actor_id": _id("Who did it.", lambda given: Event.actor_id == given),
    "target_id": _id("What it happened to.", lambda given: Event.target_id == given),
    "user_id": _id("Whose account it happened to.", lambda given: Event.user_id == given),
    "ip": Filter(text("From where.", longest=45), lambda given: Event.ip == given),
    "since": _time("At this time or later (RFC 3339).", search.since),
    "until": _time("Before this time (RFC 3339).", search.until),
}
LISTING = Listing("events", orders={"occurred_at": Order((Event.id,))}, default="-occurred_at", filters=FILTERS)
TIMELINE = Listing("user-events", orders={"occurred_at": Order((Event.id,))}, default="-occurred_at")
ExportQuery = Body.from_dict(
    {
        "format": fields.String(
            load_default="jsonl",
            validate=validate.OneOf(export.FORMATS),
            metadata={"description": "JSON lines when left out."},
        ),
        **{f"filter[{name}]": given.field for name, given in FILTERS.items()},
    },
    name="ExportQuery",
)
_PAGE = (200, listed(EventOut), {"items": [EVENT], "next_cursor": None})


@management.operation("GET", "/events", needs=Permission.EVENTS_READ, tag=ACTIVITY, query=LISTING.query, answer=_PAGE)
def list_events(uow: UnitOfWork, query: dict[str, Any]) -> dict[str, Any]:
    """Search what happened.

    The newest first. Filters can be combined; what is older than the tenant keeps events is gone.
    """
    page = LISTING.page(uow, select(Event), query)
    return LISTING.answer(uow, page, [describe(row[0]) for row in page.rows], query)


@management.operation(
    "GET",
    "/events/<uuid:event_id>",
    needs=Permission.EVENTS_READ,
    tag=ACTIVITY,
    answer=(200, EventOut, EVENT),
    refuses=("no-such-event",),
)
def get_event(uow: UnitOfWork, event_id: UUID) -> dict[str, Any]:
    """Show an event."""
    return describe(search.get(uow, event_id))


@management.operation(
    "GET",
    "/users/<uuid:user_id>/events",
    needs=Permission.EVENTS_READ,
    tag=ACTIVITY,
    query=TIMELINE.query,
    answer=_PAGE,
    refuses=("no-such-user",),
)
def list_user_events(uow: UnitOfWork, query: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """Follow a person.

    What happened to their account and what they did, the newest first.
    """
    mine = select(Event).where(search.concerns(person(uow, user_id).id))
    page = TIMELINE.page(uow, mine, query)
    return TIMELINE.answer(uow, page, [describe(row[0]) for row in page.rows], query)


@management.operation(
    "GET",
    "/events/export",
    needs=Permission.EVENTS_EXPORT,
    tag=ACTIVITY,
    query=ExportQuery,
    answer=(200, None, (MediaType("application/jsonl", json.dumps(EVENT) + "\n"), MediaType("text/csv", "id,type\n"))),
)
def export_events(uow: UnitOfWork, query: dict[str, Any]) -> Response:
    """Take events away.

    As JSON lines, or as CSV (`text/csv`); the newest first, at most a million. That they were taken is an event.
    """
    chosen = [FILTERS[key[7:-1]].condition(value) for key, value in query.items() if key.startswith("filter[")]
    told = {key[7:-1]: str(value) for key, value in query.items() if key.startswith("filter[")}
    events.record(uow, EventType.EVENTS_EXPORTED, format=query["format"], filters=told)
    found = _read(uow, chosen)
    mimetype = "text/csv" if query["format"] == "csv" else "application/jsonl"
    response = Response(export.lines(query["format"], found, columns=EVENT), mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="events.{query["format"]}"'
    response.call_on_close(found.close)
    return response


def _read(uow: UnitOfWork, conditions: Iterable[ColumnElement[bool]]) -> Generator[dict[str, Any], None, None]:
    """Events in a unit of their own: the request's is committed before the first line leaves."""
    reader = UnitOfWork(uow.engine, uow.tenant, uow.actor, uow.master_keys)
    try:
        for event in search.in_batches(reader, *conditions, limit=MAX_EXPORTED):
            yield describe(event)
    finally:
        reader.close()


def describe(event: Event) -> dict[str, Any]:
    """An event as the API shows it."""
    return {
        "id": str(event.id),
        "type": event.type,
        "outcome": event.outcome,
        "occurred_at": event.occurred_at.isoformat(),
        "actor": {"kind": event.actor_kind, "id": _text(event.actor_id)},
        "target": {"type": event.target_type, "id": _text(event.target_id)},
        "user_id": _text(event.user_id),
        "ip": event.ip,
        "device": user_agents.name_of(event.user_agent),
        "user_agent": event.user_agent,
        "request_id": event.request_id,
        "data": event.data,
    }


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
