"""``users/{user_id}/sessions`` and ``…/grants``: where somebody is signed in, and what applications may do for them."""

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import ColumnElement, func, select

from idp import user_agents
from idp.api.fields import moment, shown
from idp.api.listing import Listing
from idp.api.management.people import person, touched
from idp.api.management.routes import management
from idp.api.problems import NoSuchSession
from idp.api.schemas import Body, listed
from idp.api.tags import PEOPLE
from idp.authn import sessions
from idp.authn.models import Session
from idp.db.paging import Order
from idp.db.unit import UnitOfWork
from idp.errors import NotFound
from idp.oauth import grants
from idp.oauth.models import Client, Grant
from idp.rbac.permissions import Permission

_MOMENT = "2026-11-24T09:12:00.250000+00:00"
SESSION = {
    "id": "01981a4e-9d02-7a51-8a3c-0d6b5a4c3e21",
    "created_at": _MOMENT,
    "authenticated_at": _MOMENT,
    "last_seen_at": _MOMENT,
    "ip": "203.0.113.7",
    "device": "Firefox on Linux",
    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
}
GRANT = {
    "id": "01981a4e-9f10-7c42-b7d1-2a9c0e8f7d55",
    "client_id": "01981a4e-52ab-7e0c-8d5e-5c1f0d1b7a10",
    "client_name": "Notes",
    "session_id": SESSION["id"],
    "scope": ["openid", "offline_access"],
    "resource": ["https://api.acme.example"],
    "created_at": _MOMENT,
    "expires_at": "2027-02-22T09:12:00.250000+00:00",
}
_DONE = (204, None, None)


class UserSession(Body):
    """Where somebody is signed in."""

    id = shown("`sid` of its tokens.")
    created_at = moment("When it began.")
    authenticated_at = moment("When the person proved last who they are.")
    last_seen_at = moment("When it was used last.")
    ip = shown("From where it began.", allow_none=True)
    device = shown("The same in words, where it is known.", allow_none=True)
    user_agent = shown("By what it began.", allow_none=True)


class GrantOut(Body):
    """What an application may do for somebody, until it ends."""

    id = shown("`grant_id` of its tokens.")
    client_id = shown("Which application.")
    client_name = shown("What it is called.")
    session_id = shown("The sign-in that it stands on.")
    scope = fields.List(fields.String(), required=True)
    resource = fields.List(fields.String(), required=True, metadata={"description": "APIs that it is for."})
    created_at = moment("When it began.")
    expires_at = moment("When it ends at the latest.")


SESSIONS = Listing("user-sessions", orders={"created_at": Order((Session.id,))}, default="-created_at")
GRANTS = Listing("user-grants", orders={"created_at": Order((Grant.id,))}, default="-created_at")


def _living(uow: UnitOfWork) -> tuple[ColumnElement[bool], ...]:
    return Grant.revoked_at.is_(None), Grant.expires_at > func.now(), Grant.authenticated_at > uow.not_before


class NoSuchGrant(NotFound):
    """No living grant of this person has that id."""

    code = "no-such-grant"


@management.operation(
    "GET",
    "/users/<uuid:user_id>/sessions",
    needs=Permission.SESSIONS_READ,
    tag=PEOPLE,
    query=SESSIONS.query,
    answer=(200, listed(UserSession), {"items": [SESSION], "next_cursor": None}),
    refuses=("no-such-user",),
)
def list_user_sessions(uow: UnitOfWork, query: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """List where a person is signed in.

    Browsers and applications, the newest first.
    """
    page = SESSIONS.page(uow, grants.sessions_of(uow, person(uow, user_id).id), query)
    return SESSIONS.answer(uow, page, [_session(row[0]) for row in page.rows], query)


@management.operation(
    "DELETE",
    "/users/<uuid:user_id>/sessions",
    needs=Permission.SESSIONS_WRITE,
    tag=PEOPLE,
    answer=_DONE,
    refuses=("no-such-user", "beyond-your-own"),
)
def end_user_sessions(uow: UnitOfWork, user_id: UUID) -> None:
    """Sign a person out everywhere."""
    sessions.end_all(uow, touched(uow, user_id).id, reason="administrator")


@management.operation(
    "DELETE",
    "/users/<uuid:user_id>/sessions/<uuid:session_id>",
    needs=Permission.SESSIONS_WRITE,
    tag=PEOPLE,
    answer=_DONE,
    refuses=("no-such-user", "no-such-session", "beyond-your-own"),
)
def end_user_session(uow: UnitOfWork, user_id: UUID, session_id: UUID) -> None:
    """Sign a person out in one place.

    The session ends, with its tokens.
    """
    session = grants.find_session(uow, touched(uow, user_id).id, session_id)
    if session is None:
        raise NoSuchSession("They have no such session.")
    sessions.end(uow, session, reason="administrator")


@management.operation(
    "GET",
    "/users/<uuid:user_id>/grants",
    needs=Permission.SESSIONS_READ,
    tag=PEOPLE,
    query=GRANTS.query,
    answer=(200, listed(GrantOut), {"items": [GRANT], "next_cursor": None}),
    refuses=("no-such-user",),
)
def list_user_grants(uow: UnitOfWork, query: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """List what applications may do for a person."""
    living = (
        select(Grant, Client.name)
        .join(Client, (Client.tenant_id == Grant.tenant_id) & (Client.id == Grant.client_id))
        .where(Grant.user_id == person(uow, user_id).id, *_living(uow))
    )
    page = GRANTS.page(uow, living, query)
    return GRANTS.answer(uow, page, [_grant(row[0], row[1]) for row in page.rows], query)


@management.operation(
    "DELETE",
    "/users/<uuid:user_id>/grants/<uuid:grant_id>",
    needs=Permission.SESSIONS_WRITE,
    tag=PEOPLE,
    answer=_DONE,
    refuses=("no-such-user", "no-such-grant", "beyond-your-own"),
)
def end_user_grant(uow: UnitOfWork, user_id: UUID, grant_id: UUID) -> None:
    """End what an application may do for a person.

    Its tokens end with it; the person stays signed in.
    """
    theirs = (Grant.id == grant_id, Grant.user_id == touched(uow, user_id).id)
    found = uow.session.scalar(select(Grant.id).where(*theirs, *_living(uow)))
    if found is None:
        raise NoSuchGrant("They have no such grant.")
    grants.revoke_grant(uow, found, reason="administrator")


def _session(row: Session) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "authenticated_at": row.authenticated_at.isoformat(),
        "last_seen_at": row.last_seen_at.isoformat(),
        "ip": row.ip,
        "device": user_agents.name_of(row.user_agent),
        "user_agent": row.user_agent,
    }


def _grant(row: Grant, client_name: str) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "client_id": str(row.client_id),
        "client_name": client_name,
        "session_id": str(row.session_id),
        "scope": row.scope,
        "resource": row.resource,
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
    }
