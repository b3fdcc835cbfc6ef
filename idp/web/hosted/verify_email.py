"""``{issuer}/verify-email``: the code of a mail, typed where the login waits for it, or its link, opened anywhere.

Opening a link uses nothing up, because programs that scan mail open links as well: it takes a button (R33).
"""

import unicodedata

from flask import Response, make_response, request

from idp.accounts import registration, verification
from idp.authn import login, sessions
from idp.authn.models import LoginTransaction
from idp.authn.one_time_tokens import CODE_DIGITS
from idp.db.unit import UnitOfWork
from idp.errors import RateLimited
from idp.http import cookies, csrf, limits, problems
from idp.http.context import current_tenant, current_unit
from idp.i18n import gettext as _
from idp.oauth.authorize.response import see_other
from idp.web.hosted import confirmation, flash, flows
from idp.web.hosted.pages import blueprint, flow_id
from idp.web.rendering import render


@blueprint.get("/verify-email")
def show_verify_email() -> Response:
    """The form for the code; what the link would do; or that it is done."""
    if confirmation.PARAMETER in request.args:
        return confirmation.show()
    if flash.code() == flash.ADDRESS_CONFIRMED:
        return confirmation.show_done()
    uow = current_unit()
    transaction = login.find(uow, flow_id(), cookies.browser_secret())
    if transaction is None and sessions.resume(uow, cookies.session_secret()) is not None:
        return see_other(f"{current_tenant().issuer}/")  # the link was opened beside this page, and got them in
    transaction = transaction or flows.current(uow)
    address = verification.awaited_address(uow, transaction)
    return flows.go_on(uow, transaction) if address is None else _form(uow, transaction, address)


@blueprint.post("/verify-email")
def submit_verify_email() -> Response:
    """A code, a link, or the wish for another mail."""
    csrf.require_own_form()
    if confirmation.PARAMETER in request.form:
        return confirmation.submit()
    is_resend = request.form.get("action") == "resend"
    if not is_resend:
        limits.spend(limits.PROOF)
    uow = current_unit()
    transaction = flows.current(uow)
    address = verification.awaited_address(uow, transaction)
    if address is None:
        return flows.go_on(uow, transaction)
    if is_resend:
        return _send_again(uow, transaction, address)
    code = _digits(request.form.get("code", ""))
    if len(code) != CODE_DIGITS:
        sentence = _("Enter the code from the mail. It has {count} digits.", count=CODE_DIGITS)
        return _form(uow, transaction, address, error=sentence, status=422)
    if not verification.prove_by_code(uow, transaction, code):
        sentence = _("That code isn’t right, or it has expired. Check it, or have a new one sent.")
        return _form(uow, transaction, address, error=sentence, status=422)
    return flows.go_on(uow, transaction)


def _send_again(uow: UnitOfWork, transaction: LoginTransaction, address: str) -> Response:
    try:
        limits.spend(limits.RECOVERY, recipient=address)
    except RateLimited as refused:
        answer = _form(uow, transaction, address, failure=refused.detail, status=429)
        return problems.with_headers(answer, refused)
    verification.ask_again(uow, transaction)
    return flows.onward("verify-email", transaction, notice=flash.MAIL_SENT)


def _digits(typed: str) -> str:
    """A code as it was meant: without spaces and dashes, and in the digits of any script."""
    values = (unicodedata.decimal(character, None) for character in typed[:100])
    return "".join(str(value) for value in values if value is not None)


def _form(
    uow: UnitOfWork,
    transaction: LoginTransaction,
    address: str,
    *,
    error: str | None = None,
    failure: str | None = None,
    status: int = 200,
) -> Response:
    issuer, flow = current_tenant().issuer, str(transaction.id)
    is_sign_up = registration.find_pending(uow, transaction.id) is not None
    body = render(
        "hosted/verify_email.html",
        _("Check your email"),
        action=f"{issuer}/verify-email",
        flow=flow,
        csrf=csrf.token(),
        client_name=flows.opened_by(uow, transaction),
        address=address,
        error=error,
        failure=failure,
        notice=flash.sentence(),
        back_url=f"{issuer}/{'signup' if is_sign_up else 'login'}?flow={flow}",
    )
    return make_response(body, status)
