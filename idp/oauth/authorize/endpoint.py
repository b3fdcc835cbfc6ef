"""``authorize`` and ``authorize/resume``: the browser's side of the authorization server (RFC 6749 §4.1.1)."""

from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, request

from idp import log
from idp.authn import login, sessions
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType, Outcome
from idp.http import cookies, language, limits
from idp.http.context import SLUG, current_tenant, current_unit
from idp.i18n import gettext as _
from idp.ids import parse_id
from idp.oauth import codes, parameters
from idp.oauth.authorize import dispatch, store
from idp.oauth.authorize.request import REQUEST_URI_PREFIX, Candidate, examine
from idp.oauth.authorize.response import answer, see_other
from idp.oauth.clients import Registration, find_registration
from idp.oauth.errors import AuthorizationRefused, PageError
from idp.oauth.models import AuthorizationRequest, Client
from idp.oauth.parameters import ParameterProblem, Parameters

blueprint = Blueprint("authorize", __name__, url_prefix=f"/t/<{SLUG}>/oauth")


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> Response:
    """Check a request, store it, and go on to its first step."""
    limits.spend(limits.VISIT)
    uow = current_unit()
    sent = _read()
    registration = find_registration(uow, parse_id(sent.get("client_id") or ""))
    if registration is None:
        raise PageError(
            _("This application is not known here"),
            _(
                "The link that brought you here names an application that {tenant} does not have.",
                tenant=current_tenant().name,
            ),
            facts=[("client_id that was sent", sent.get("client_id") or "(none)")],
        )
    if (sent.get("request_uri") or "").startswith(REQUEST_URI_PREFIX):
        return _begin(uow, _claim(uow, registration.client, sent), registration.client)
    candidate = Candidate(uow, registration, sent)
    try:
        accepted = examine(candidate)
        _require_pushed(registration)
    except AuthorizationRefused as refused:
        return _refuse(candidate, refused)
    stored = store.store(uow, registration.client, accepted, cookies.ensure_browser_secret())
    return _begin(uow, stored, registration.client)


@blueprint.get("/authorize/resume")
def resume() -> Response:
    """Go on with a stored request, after one of its steps."""
    limits.spend(limits.VISIT)
    uow = current_unit()
    stored = store.get(uow, parse_id(request.args.get("flow", "")), cookies.browser_secret())
    return _proceed(uow, stored, require_client(uow, stored))


def require_client(uow: UnitOfWork, stored: AuthorizationRequest) -> Client:
    """The living client of a stored request.

    Raises:
        PageError: it was deleted or disabled meanwhile.
    """
    registration = find_registration(uow, stored.client_id)
    if registration is None:
        raise PageError(
            _("This application is gone"), _("It was removed while you signed in. Nothing was shared with it.")
        )
    return registration.client


def deny(uow: UnitOfWork, stored: AuthorizationRequest, error: str, detail: str) -> Response:
    """Answer a stored request with an error, and remember that it was answered."""
    stored.answered_at = uow.now
    asked = stored.parameters
    events.record(
        uow,
        EventType.AUTHORIZATION_DENIED,
        stored,
        outcome=Outcome.FAILURE,
        client_id=str(stored.client_id),
        error=error,
    )
    return answer(asked.redirect_uri, asked.response_mode, asked.state, error=error, error_description=detail)


def page(path: str, flow: UUID) -> Response:
    """303 to one of our own pages, with the id of what it is about."""
    return see_other(f"{current_tenant().issuer}/{path}?flow={quote(str(flow))}")


def _read() -> Parameters:
    try:
        if request.method == "POST":
            return parameters.read(request.get_data())
        return parameters.read(request.query_string)
    except ParameterProblem as problem:
        raise PageError(_("This link is not one that we understand"), problem.detail) from None


def _claim(uow: UnitOfWork, client: Client, sent: Parameters) -> AuthorizationRequest:
    stored = store.claim(uow, client, sent.get("request_uri") or "", cookies.ensure_browser_secret())
    if stored is None:
        raise PageError(
            _("This sign-in has expired"),
            _("It was used before, or waited too long. Go back to the application and start again."),
        )
    return stored


def _require_pushed(registration: Registration) -> None:
    if registration.client.require_pushed_authorization_requests:
        raise AuthorizationRefused("invalid_request", "This client must push its requests (RFC 9126).")


def _begin(uow: UnitOfWork, stored: AuthorizationRequest, client: Client) -> Response:
    """Take the first step, in the language that the client asked for; the person may choose another on the way."""
    language.ask(stored.parameters.ui_locales)
    return _proceed(uow, stored, client)


def _proceed(uow: UnitOfWork, stored: AuthorizationRequest, client: Client) -> Response:
    """Take the next step, whatever it is."""
    session = sessions.resume(uow, cookies.session_secret())
    step = dispatch.next_step(uow, stored, client, session)
    match step:
        case dispatch.Login(required, is_new):
            transaction = login.begin(
                uow,
                cookies.ensure_browser_secret(),
                resume_to=stored.id,
                required_user_id=required,
                email_hint=stored.parameters.login_hint,
            )
            named = stored.parameters.connection
            return page("signup" if is_new else f"connections/{named}/login" if named else "login", transaction.id)
        case dispatch.SelectAccount():
            return page("select-account", stored.id)
        case dispatch.Consent():
            return page("consent", stored.id)
        case dispatch.Refuse(error, detail):
            return deny(uow, stored, error, detail)
        case dispatch.Respond(session):
            asked = stored.parameters
            code = codes.issue_code(uow, stored, client, session)
            if code is None:
                raise PageError(_("This sign-in was finished before"), _("Go back to the application and start again."))
            return answer(asked.redirect_uri, asked.response_mode, asked.state, code=code)


def _refuse(candidate: Candidate, refused: AuthorizationRefused) -> Response:
    accepted, client = candidate.accepted, candidate.registration.client
    log.get().info("authorization.refused", client_id=str(client.id), error=refused.error)
    return answer(
        accepted["redirect_uri"],
        accepted.get("response_mode", "query"),
        accepted.get("state") or candidate.get("state"),
        error=refused.error,
        error_description=refused.detail,
    )
