"""``{issuer}/account/activity``: what happened to an account, in words, newest first (R57)."""

from typing import Any

from flask import Response, request

from idp import user_agents
from idp.accounts import activity
from idp.events.models import Event
from idp.events.types import EventType
from idp.federation import connections
from idp.i18n import gettext as _
from idp.i18n import mark
from idp.ids import parse_id
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted.pages import blueprint

PER_PAGE = 50
SENTENCES = {
    EventType.USER_CREATED: mark("Your account was made."),
    EventType.USER_UPDATED: mark("Your profile was changed."),
    EventType.USER_DISABLED: mark("Your account was disabled."),
    EventType.USER_ENABLED: mark("Your account was enabled again."),
    EventType.USER_DELETION_REQUESTED: mark("You asked to delete your account."),
    EventType.USER_DELETION_CANCELLED: mark("You decided to keep your account."),
    EventType.USER_EXPORTED: mark("Your data was downloaded."),
    EventType.USER_DISOWNED: mark("You told us that something was not you. Everything was signed out."),
    EventType.INVITATION_ACCEPTED: mark("You accepted an invitation."),
    EventType.EMAIL_VERIFIED: mark("Your email address was confirmed."),
    EventType.EMAIL_CHANGE_REQUESTED: mark("Another email address was asked for."),
    EventType.EMAIL_CHANGED: mark("Your email address was changed."),
    EventType.PASSWORD_SET: mark("An administrator set your password."),
    EventType.PASSWORD_CHANGED: mark("Your password was changed."),
    EventType.PASSWORD_RESET: mark("Your password was reset by a mailed link."),
    EventType.RECOVERY_REQUESTED: mark("A link to reset your password was mailed."),
    EventType.IDENTITY_LINKED: mark("Your account at {connection} was linked. You can sign in with it."),
    EventType.IDENTITY_UNLINKED: mark("Your account at {connection} was unlinked."),
    EventType.LOGIN_FAILED: mark("Somebody entered a wrong password."),
    EventType.LOGIN_BLOCKED: mark("There were many wrong passwords in a row."),
    EventType.LOGIN_UNBLOCKED: mark("Sign-in to your account was unblocked."),
    EventType.DEVICE_ADDED: mark("A new device signed in."),
    EventType.SESSION_STARTED: mark("You signed in."),
    EventType.SESSION_ENDED: mark("A device was signed out."),
    EventType.ROLE_ASSIGNED: mark("You were given a role."),
    EventType.ROLE_UNASSIGNED: mark("A role was taken from you."),
    EventType.CONSENT_GIVEN: mark("You allowed an application to use your account."),
    EventType.CONSENT_WITHDRAWN: mark("You withdrew what an application was allowed."),
}
"""What a person is told of; everything else is between machines."""
_NOT_LINKED = mark("An account at {connection} couldn’t be linked.")
_INVITED = mark("You proved by an invitation that the address is yours. Whatever opened the account before is gone.")
_ADOPTED = mark("{connection} confirmed your email address. What opened the account before doesn’t any more.")


@blueprint.get("/account/activity")
@signed_in("account/activity")
def show_activity(person: Person) -> Response:
    """A page of it."""
    before = parse_id(request.args.get("before", ""))
    found = activity.of_account(person.uow, person.user, SENTENCES, limit=PER_PAGE + 1, before=before)
    shown = found[:PER_PAGE]
    labels = _labels(person) if any("connection" in event.data for event in shown) else {}
    return layout.show(
        "activity",
        events=[_told(event, person, labels) for event in shown],
        older=str(shown[-1].id) if len(found) > PER_PAGE else None,
        is_newest=before is None,
    )


def _labels(person: Person) -> dict[str, str]:
    """What each connection is called, by the name that events have."""
    return {row.name: row.label for row in connections.list_all(person.uow)}


def _told(event: Event, person: Person, labels: dict[str, str]) -> dict[str, Any]:
    shows_place = activity.shows_place(event, person.user)
    name = event.data.get("connection", "")
    return {
        "sentence": _(_sentence_of(event), connection=labels.get(name, name)),
        "at": event.occurred_at,
        "ip": event.ip if shows_place else None,
        "device": user_agents.name_of(event.user_agent) if shows_place else None,
    }


def _sentence_of(event: Event) -> str:
    """Some kinds of events mean something else when they come from a connection, or by an invitation."""
    if event.type == EventType.USER_DISOWNED and event.data.get("invitation"):
        return _INVITED
    match EventType(event.type), "connection" in event.data:
        case EventType.LOGIN_FAILED, True:
            return _NOT_LINKED
        case EventType.USER_DISOWNED, True:
            return _ADOPTED
        case kind, _named:
            return SENTENCES[kind]
