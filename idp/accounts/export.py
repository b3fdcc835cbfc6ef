"""What we know of a person, as one document that they can take with them (R63, GDPR article 20)."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from idp.accounts import activity
from idp.authn.models import Device
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.oauth import consents, grants
from idp.rbac import service as rbac
from idp.users import service as users
from idp.users.models import User

MAX_EVENTS = 10_000
"""The newest; a download is for a person, and not for an archive."""


def document(uow: UnitOfWork, user: User) -> dict[str, Any]:
    """Everything, as JSON values; that it was taken is an event."""
    email = users.primary_email(uow, user.id)
    whole = {
        "exported_at": _moment(uow.now),
        "issuer": uow.tenant.issuer,
        "user": {
            "id": str(user.id),
            "created_at": _moment(user.created_at),
            "updated_at": _moment(user.updated_at),
            "profile": user.profile.model_dump(mode="json", exclude_none=True),
            "terms_version": user.terms_version,
            "terms_accepted_at": _moment(user.terms_accepted_at),
            "deletes_at": _moment(user.deletes_at),
        },
        "emails": [{"address": email.address, "verified_at": _moment(email.verified_at)}],
        "roles": rbac.names_of(uow, user.id),
        "sessions": [
            {
                "id": str(session.id),
                "created_at": _moment(session.created_at),
                "last_seen_at": _moment(session.last_seen_at),
                "ip": session.ip,
                "user_agent": session.user_agent,
            }
            for session in grants.list_sessions(uow, user.id)
        ],
        "devices": [
            {"first_seen_at": _moment(device.first_seen_at), "last_seen_at": _moment(device.last_seen_at)}
            for device in uow.session.scalars(select(Device).where(Device.user_id == user.id))
        ],
        "applications": [
            {"name": client.name, "scope": consent.scope, "given_at": _moment(consent.given_at)}
            for consent, client in consents.list_of(uow, user.id)
        ],
        "activity": [_event(user, event) for event in activity.done_and_suffered(uow, user, limit=MAX_EVENTS)],
    }
    events.record(uow, EventType.USER_EXPORTED, user)
    return whole


def _event(user: User, event: Event) -> dict[str, Any]:
    theirs = activity.shows_place(event, user)
    return {
        "type": event.type,
        "outcome": event.outcome,
        "occurred_at": _moment(event.occurred_at),
        "ip": event.ip if theirs else None,
        "user_agent": event.user_agent if theirs else None,
    }


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
