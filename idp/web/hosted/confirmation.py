"""``{issuer}/verify-email?token=…``: the link of a mail that proves an address, in whatever browser it is opened."""

from flask import Response, make_response, request

from idp.accounts import registration, verification
from idp.accounts.verification import Offer, Proven, Refusal
from idp.authn import sessions
from idp.authn.errors import Throttled
from idp.crypto.passwords import PasswordGateFull
from idp.db.unit import UnitOfWork
from idp.http import cookies, csrf, limits, problems
from idp.http.context import current_tenant, current_unit
from idp.http.security import isolate
from idp.i18n import gettext as _
from idp.oauth.authorize.response import see_other
from idp.web.hosted import flash, flows, outcome
from idp.web.hosted.pages import LONGEST_PASSWORD
from idp.web.rendering import render

PARAMETER = "token"


def show() -> Response:
    """What the link would do, and the button that does it."""
    isolate()
    text = request.args.get(PARAMETER, "")
    offer = verification.look(current_unit(), text, cookies.browser_secret())
    return _over() if offer is None else _form(text, offer)


def submit() -> Response:
    """Use the link up, and go on with the login that it was asked for in, if this browser has it."""
    isolate()
    limits.spend(limits.PROOF)
    uow, browser = current_unit(), cookies.browser_secret()
    text, password = request.form.get(PARAMETER, ""), request.form.get("password", "")[:LONGEST_PASSWORD]
    offer = verification.look(uow, text, browser)
    if offer is None:
        return _over()
    if offer.needs_password and not password:
        return _form(text, offer, error=_("Enter the password that you chose when you signed up."), status=422)
    session = sessions.resume(uow, cookies.session_secret())
    try:
        done = verification.prove_by_link(uow, text, browser=browser, password=password, session=session)
    except (PasswordGateFull, Throttled) as refused:
        answer = _form(text, offer, failure=refused.detail, status=problems.status_of(refused))
        return problems.with_headers(answer, refused)
    if isinstance(done, Proven) and session is not None and session.user_id == done.user.id:
        cookies.set_session(sessions.renew(uow, session))
    return _go_on(uow, text, offer, done)


def _go_on(uow: UnitOfWork, text: str, offer: Offer, done: Proven | Refusal) -> Response:
    if done is Refusal.LINK_IS_OVER:
        return _over()
    if isinstance(done, Refusal):
        sentence = _("That isn’t the password that you chose when you signed up. Try again.")
        return _form(text, offer, error=sentence, status=422)
    if done.transaction is not None:
        return flows.go_on(uow, done.transaction)
    return see_other(f"{current_tenant().issuer}/verify-email?{flash.PARAMETER}={flash.ADDRESS_CONFIRMED}")


def show_done() -> Response:
    """It is proven."""
    isolate()
    issuer = current_tenant().issuer
    session = sessions.resume(current_unit(), cookies.session_secret())
    return outcome.show(
        _("Your address is confirmed"),
        _("Go on to your account.") if session is not None else _("Sign in with it to go on."),
        (_("Your account"), f"{issuer}/account") if session is not None else (_("Sign in"), f"{issuer}/login"),
    )


def _form(
    text: str, offer: Offer, *, error: str | None = None, failure: str | None = None, status: int = 200
) -> Response:
    body = render(
        "hosted/confirmation.html",
        _("Confirm your address"),
        action=f"{current_tenant().issuer}/verify-email",
        token=text,
        csrf=csrf.token(),
        purpose=offer.purpose.value,
        address=offer.address,
        needs_password=offer.needs_password,
        error=error,
        failure=failure,
    )
    return make_response(body, status)


def _over() -> Response:
    issuer = current_tenant().issuer
    sign_in = (_("Sign in"), f"{issuer}/login")
    if not registration.is_open(current_unit()):
        sentence = _("It was used before, or waited too long. Sign in, and we can send you a new one.")
        return outcome.show(_("This link has expired"), sentence, sign_in, status=410)
    return outcome.show(
        _("This link has expired"),
        _(
            "It was used before, or waited too long. If you confirmed your address already, sign in. "
            "Otherwise sign up once more, and we send you a new one."
        ),
        sign_in,
        also=(_("Create an account"), f"{issuer}/signup"),
        status=410,
    )
