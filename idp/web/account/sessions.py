"""``{issuer}/account/sessions``: where a person is signed in, and ending it there (R38)."""

from typing import Any

from flask import Response, request

from idp import user_agents
from idp.authn import sessions
from idp.authn.models import Session
from idp.i18n import format_ago
from idp.i18n import gettext as _
from idp.ids import parse_id
from idp.oauth import grants, logout
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash
from idp.web.hosted.pages import blueprint

_REASON = "ended-by-user"


@blueprint.get("/account/sessions")
@signed_in("account/sessions")
def show_sessions(person: Person) -> Response:
    """Each device, this one first."""
    living = sorted(
        grants.list_sessions(person.uow, person.user.id), key=lambda session: session.id != person.session.id
    )
    return layout.show("sessions", sessions=[_described(person, session) for session in living])


@blueprint.post("/account/sessions")
@signed_in("account/sessions")
def end_session(person: Person) -> Response:
    """End one; what was issued for it ends with it.  Ending this one is signing out."""
    session = grants.find_session(person.uow, person.user.id, parse_id(request.form.get("session", "")))
    if session is not None and session.id == person.session.id:
        logout.sign_out(person.uow, session)
        return layout.back_to("logout")
    if session is not None:
        sessions.end(person.uow, session, reason=_REASON)
    return layout.back_to("account/sessions", flash.SESSION_ENDED)


@blueprint.post("/account/sessions/others")
@signed_in("account/sessions")
def end_other_sessions(person: Person) -> Response:
    """End all but this one."""
    sessions.end_all(person.uow, person.user.id, reason=_REASON, keep=person.session.id)
    return layout.back_to("account/sessions", flash.OTHERS_ENDED)


def _described(person: Person, session: Session) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "name": user_agents.name_of(session.user_agent) or _("A device that we don’t recognise"),
        "ip": session.ip,
        "started_at": session.created_at,
        "seen_at": session.last_seen_at,
        "seen": format_ago(session.last_seen_at, person.uow.now),
        "is_this": session.id == person.session.id,
    }
