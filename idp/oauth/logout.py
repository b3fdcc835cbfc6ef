"""RP-Initiated Logout 1.0: a valid hint ends the session, anything less asks first (R15)."""

from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, request

from idp.authn import sessions
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.http import cookies
from idp.http.context import current_tenant, current_unit
from idp.i18n import gettext as _
from idp.ids import parse_id
from idp.keys import signing
from idp.keys.errors import TokenInvalid
from idp.oauth import parameters
from idp.oauth.authorize.endpoint import blueprint
from idp.oauth.authorize.response import see_other, with_query
from idp.oauth.clients import find_registration
from idp.oauth.errors import PageError
from idp.oauth.models import Client
from idp.oauth.parameters import ParameterProblem, Parameters


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A checked request to sign out.

    Attributes:
        client: who asks; None when nobody says.
        return_uri: where to go afterwards, one of the client's registered addresses.
        state: given back with it.
        session_id: ``sid`` of a valid hint; None without one.
        user_id: ``sub`` of a valid hint.
    """

    client: Client | None = None
    return_uri: str | None = None
    state: str | None = None
    session_id: UUID | None = None
    user_id: UUID | None = None

    def proves(self, session: Session) -> bool:
        """Whether the hint is of this very session, so that nobody needs to be asked."""
        return self.user_id == session.user_id and self.session_id == session.id


@blueprint.route("/end_session", methods=["GET", "POST"])
def end_session() -> Response:
    """End the browser's session when the hint proves it is meant; otherwise let the person confirm."""
    uow = current_unit()
    asked = examine(uow, _read())
    session = sessions.resume(uow, cookies.session_secret())
    if session is None:
        return finish(asked)
    if asked.proves(session):
        sign_out(uow, session)
        return finish(asked)
    return see_other(f"{current_tenant().issuer}/logout?{urlencode(carried(asked))}")


def examine(uow: UnitOfWork, sent: Parameters) -> LogoutRequest:
    """Check a request to sign out.

    Raises:
        PageError: a hint that is not ours, or an address that is not the client's.
    """
    hint = sent.get("id_token_hint")
    claims = None
    if hint is not None:
        try:
            claims = signing.verify(uow, hint, "JWT", aud=sent.get("client_id"), expired_is_fine=True)
        except TokenInvalid:
            raise PageError(
                _("This sign-out link is not valid"), _("Its id_token_hint is not an ID token of ours.")
            ) from None
    client_id = claims["aud"] if claims is not None else sent.get("client_id")
    registration = find_registration(uow, parse_id(client_id or ""))
    client = registration.client if registration is not None else None
    return_uri = sent.get("post_logout_redirect_uri")
    if return_uri is not None and (client is None or return_uri not in client.post_logout_redirect_uris):
        raise PageError(
            _("This address is not registered"),
            _("The application asked to send you on to an address that is not registered for it."),
            facts=[("Address that was sent", return_uri)],
        )
    return LogoutRequest(
        client,
        return_uri,
        sent.get("state"),
        parse_id(claims["sid"]) if claims is not None else None,
        parse_id(claims["sub"]) if claims is not None else None,
    )


def sign_out(uow: UnitOfWork, session: Session) -> None:
    """End the browser's session, as the person whose it is."""
    uow.actor = uow.actor.as_user(session.user_id)
    sessions.end(uow, session, reason="signed-out")
    cookies.clear_session()


def finish(asked: LogoutRequest) -> Response:
    """Back to the client, when it gave an address, or to our own page."""
    if asked.return_uri is not None:
        return with_query(asked.return_uri, {"state": asked.state} if asked.state is not None else {})
    return see_other(f"{current_tenant().issuer}/logout?done=1")


def carried(asked: LogoutRequest) -> dict[str, str]:
    """What the confirmation page must give back; all of it is checked again."""
    values = {
        "client_id": str(asked.client.id) if asked.client is not None else None,
        "post_logout_redirect_uri": asked.return_uri,
        "state": asked.state,
    }
    return {name: value for name, value in values.items() if value is not None}


def _read() -> Parameters:
    try:
        return parameters.read(request.get_data() if request.method == "POST" else request.query_string)
    except ParameterProblem as problem:
        raise PageError(_("This sign-out link is not one that we understand"), problem.detail) from None
