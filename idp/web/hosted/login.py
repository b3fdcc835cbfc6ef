"""``{issuer}/login``: the page that asks for email and password."""

from uuid import UUID

from flask import Response, make_response, request

from idp.authn import login as stages
from idp.authn import sessions
from idp.authn.models import LoginTransaction
from idp.crypto.passwords import PasswordGateFull
from idp.db.unit import UnitOfWork
from idp.http import cookies, csrf, limits, metrics
from idp.http.context import current_tenant, current_unit
from idp.http.problems import with_headers
from idp.http.security import allow_form_action
from idp.i18n import gettext as _
from idp.i18n import mark
from idp.oauth.authorize import store
from idp.oauth.authorize.endpoint import page, require_client
from idp.oauth.authorize.response import see_other
from idp.oauth.redirect_uris import origin
from idp.users import service as users
from idp.web.hosted.pages import blueprint, flow_id
from idp.web.rendering import render

MISMATCH = mark("That email and password don’t match. Try again, or ask your administrator for help.")
_LONGEST_EMAIL = 254
_LONGEST_PASSWORD = 1024


@blueprint.get("/login")
def show_login() -> Response:
    """The form; without a flow, a sign-in that leads to the tenant's own page."""
    uow = current_unit()
    if flow_id() is None and "flow" not in request.args:
        return page("login", stages.begin(uow, cookies.ensure_browser_secret()).id)
    transaction = stages.get(uow, flow_id(), cookies.browser_secret())
    return _form(uow, transaction, email=transaction.email_hint or "")


@blueprint.post("/login")
def submit_login() -> Response:
    """Check what was typed; on to the next stage, or back to the form with the address kept."""
    csrf.require_own_form()
    limits.spend(limits.SIGN_IN, account=request.form.get("email", ""))
    uow = current_unit()
    transaction = stages.get(uow, flow_id(), cookies.browser_secret())
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    errors = _missing(email, password)
    if errors:
        return _form(uow, transaction, email=email[:_LONGEST_EMAIL], errors=errors, status=422)
    try:
        is_right = stages.submit_password(uow, transaction, email, password[:_LONGEST_PASSWORD])
    except PasswordGateFull as busy:
        metrics.count_signin("busy")
        answer = _form(uow, transaction, email=email[:_LONGEST_EMAIL], error=busy.detail, status=503)
        return with_headers(answer, busy)
    metrics.count_signin("success" if is_right else "mismatch")
    if not is_right:
        return _form(uow, transaction, email=email[:_LONGEST_EMAIL], error=_(MISMATCH), status=422)
    old = sessions.resume(uow, cookies.session_secret())
    _session, secret = stages.complete(uow, transaction, replaces=old)
    cookies.set_session(secret)
    if transaction.resume_to is None:
        return see_other(f"{current_tenant().issuer}/")
    return page("oauth/authorize/resume", transaction.resume_to)


def _missing(email: str, password: str) -> dict[str, str]:
    errors = {}
    if not email or not email.isprintable():
        errors["email"] = _("Enter your email address.")
    elif len(email) > _LONGEST_EMAIL:
        errors["email"] = _("An email address has at most {count} characters.", count=_LONGEST_EMAIL)
    if not password:
        errors["password"] = _("Enter your password.")
    return errors


def _form(
    uow: UnitOfWork,
    transaction: LoginTransaction,
    *,
    email: str,
    error: str | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    client_name = None
    if transaction.resume_to is not None:
        waiting = store.get(uow, transaction.resume_to, cookies.browser_secret())
        client_name = require_client(uow, waiting).name
        allow_form_action(origin(waiting.parameters.redirect_uri))
    body = render(
        "hosted/login.html",
        _("Sign in"),
        action=f"{current_tenant().issuer}/login",
        flow=str(transaction.id),
        csrf=csrf.token(),
        email=email,
        client_name=client_name,
        error=error,
        errors=errors or {},
        reauthenticating=_reauthenticating(uow, transaction.required_user_id),
    )
    return make_response(body, status)


def _reauthenticating(uow: UnitOfWork, user_id: UUID | None) -> str | None:
    """The address of the one who must prove again that it is them; only shown to the browser they are signed in at."""
    session = sessions.resume(uow, cookies.session_secret())
    if user_id is None or session is None or session.user_id != user_id:
        return None
    return users.primary_email(uow, user_id).address
