"""``{issuer}/signup``: a new account, in the login that was begun, or by an invitation (R26, R32)."""

from flask import Response, make_response, request

from idp.accounts import registration
from idp.accounts.errors import RegistrationClosed
from idp.authn.errors import PasswordUnacceptable
from idp.authn.models import LoginTransaction
from idp.crypto.passwords import PasswordGateFull
from idp.db.unit import UnitOfWork
from idp.http import csrf, limits, problems
from idp.http.context import current_tenant, current_unit
from idp.i18n import gettext as _
from idp.web.hosted import flows, invitation, newcomers, outcome
from idp.web.hosted.newcomers import Typed
from idp.web.hosted.pages import blueprint
from idp.web.rendering import render


@blueprint.get("/signup")
def show_signup() -> Response:
    """The form; that of an invitation, when the address has one."""
    if invitation.PARAMETER in request.args:
        return invitation.show()
    uow = current_unit()
    if flows.is_missing():
        return flows.begin(uow, "signup") if registration.is_open(uow) else _closed(uow, None)
    transaction = flows.current(uow)
    if not registration.is_open(uow):
        return _closed(uow, transaction)
    if transaction.required_user_id is not None:
        return flows.onward("login", transaction)
    return _form(uow, transaction, Typed(email=transaction.email_hint or ""))


@blueprint.post("/signup")
def submit_signup() -> Response:
    """Take what was typed and ask for the proof of the address, the same way for every address."""
    csrf.require_own_form()
    if invitation.PARAMETER in request.form:
        return invitation.submit()
    limits.spend(limits.SIGN_UP, recipient=request.form.get("email", ""))
    uow = current_unit()
    transaction = flows.current(uow)
    if not registration.is_open(uow):
        return _closed(uow, transaction)
    if transaction.required_user_id is not None:
        return flows.onward("login", transaction)
    return _take(uow, transaction, newcomers.read(uow))


def _take(uow: UnitOfWork, transaction: LoginTransaction, typed: Typed) -> Response:
    if typed.wrong:
        return _form(uow, transaction, typed, status=422)
    try:
        registration.begin(
            uow,
            transaction,
            email=typed.email,
            password=typed.password,
            terms_accepted=typed.agrees,
            profile=typed.profile,
        )
    except RegistrationClosed as refused:
        typed.wrong["email"] = refused.detail
        return _form(uow, transaction, typed, status=403)
    except PasswordUnacceptable as refused:
        typed.wrong["password"] = refused.detail
        return _form(uow, transaction, typed, status=422)
    except PasswordGateFull as busy:
        return problems.with_headers(_form(uow, transaction, typed, error=busy.detail, status=503), busy)
    return flows.onward("verify-email", transaction)


def _form(
    uow: UnitOfWork, transaction: LoginTransaction, typed: Typed, *, error: str | None = None, status: int = 200
) -> Response:
    issuer, flow = current_tenant().issuer, str(transaction.id)
    body = render(
        "hosted/signup.html",
        _("Create an account"),
        action=f"{issuer}/signup",
        flow=flow,
        csrf=csrf.token(),
        client_name=flows.opened_by(uow, transaction),
        login_url=f"{issuer}/login?flow={flow}",
        error=error,
        errors=typed.errors(),
        typed=typed.shown(),
        **newcomers.rules(),
    )
    return make_response(body, status)


def _closed(uow: UnitOfWork, transaction: LoginTransaction | None) -> Response:
    login_url = f"{current_tenant().issuer}/login" + (f"?flow={transaction.id}" if transaction else "")
    is_closed = uow.tenant.policy.registration == "closed"
    heading = _("Sign-ups are closed") if is_closed else _("You need an invitation")
    return outcome.show(heading, registration.closed_sentence(uow), (_("Sign in"), login_url), status=403)
