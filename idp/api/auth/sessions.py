"""``sessions``: where whoever calls is signed in, and ending it (R38)."""

from typing import Any
from uuid import UUID

from flask import Response, jsonify

from idp import user_agents
from idp.api.auth import examples, schemas
from idp.api.auth.caller import Caller
from idp.api.auth.routes import auth
from idp.api.problems import NoSuchSession
from idp.api.tags import SESSIONS
from idp.authn import sessions
from idp.authn.models import Session
from idp.oauth import grants


@auth.operation("GET", "/sessions", tag=SESSIONS, answers={200: (schemas.Sessions, examples.SESSIONS)}, bearer=True)
def list_sessions(caller: Caller) -> Response:
    """List where the account is signed in.

    Browsers and applications, the last seen first.
    """
    current = caller.session
    return jsonify(sessions=[_about(session, current) for session in grants.list_sessions(caller.uow, caller.user.id)])


@auth.operation("DELETE", "/sessions", tag=SESSIONS, answers={204: (None, None)}, bearer=True)
def end_other_sessions(caller: Caller) -> Response:
    """Sign out everywhere else.

    Every session but that of the access token ends, with its tokens.
    """
    sessions.end_all(caller.uow, caller.user.id, reason="signed-out", keep=caller.session.id)
    return Response(status=204)


@auth.operation(
    "DELETE",
    "/sessions/<uuid:session_id>",
    tag=SESSIONS,
    answers={204: (None, None)},
    refuses=("no-such-session",),
    bearer=True,
)
def end_session(caller: Caller, session_id: UUID) -> Response:
    """Sign out in one place.

    The session ends, with its tokens; it may be that of the access token itself.
    """
    session = grants.find_session(caller.uow, caller.user.id, session_id)
    if session is None:
        raise NoSuchSession("There is no such session.")
    sessions.end(caller.uow, session, reason="signed-out")
    return Response(status=204)


def _about(session: Session, current: Session) -> dict[str, Any]:
    return {
        "id": str(session.id),
        "is_current": session.id == current.id,
        "created_at": session.created_at.isoformat(),
        "authenticated_at": session.authenticated_at.isoformat(),
        "last_seen_at": session.last_seen_at.isoformat(),
        "ip": session.ip,
        "device": user_agents.name_of(session.user_agent),
        "user_agent": session.user_agent,
    }
