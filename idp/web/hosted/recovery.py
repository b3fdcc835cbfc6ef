"""``{issuer}/recovery``: ask for a link that makes a new password; the same answer for every address (R26, R34)."""

from flask import Response, make_response, request

from idp.accounts import recovery
from idp.authn.models import LoginTransaction
from idp.db.unit import UnitOfWork
from idp.http import csrf, limits
from idp.http.context import current_tenant, current_unit
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.errors import EmailInvalid
from idp.web.hosted import flash, flows
from idp.web.hosted.pages import blueprint
from idp.web.rendering import render


@blueprint.get("/recovery")
def show_recovery() -> Response:
    """The form; or, after it, what happens now."""
    uow = current_unit()
    if flows.is_missing():
        return flows.begin(uow, "recovery")
    transaction = flows.current(uow)
    if flash.code() == flash.MAIL_SENT and transaction.email_hint:
        return _sent(uow, transaction, transaction.email_hint)
    return _form(uow, transaction, transaction.email_hint or "")


@blueprint.post("/recovery")
def submit_recovery() -> Response:
    """Ask for the link."""
    csrf.require_own_form()
    typed = request.form.get("email", "").strip()
    limits.spend(limits.RECOVERY, recipient=typed)
    uow = current_unit()
    transaction = flows.current(uow)
    try:
        address = users.parse_email(typed)
    except EmailInvalid:
        wrong = _("Enter an email address such as name@example.com.") if typed else _("Enter your email address.")
        return _form(uow, transaction, typed[: users.MAX_EMAIL], error=wrong, status=422)
    recovery.request(uow, address)
    transaction.email_hint = address
    return flows.onward("recovery", transaction, notice=flash.MAIL_SENT)


def _form(
    uow: UnitOfWork, transaction: LoginTransaction, email: str, *, error: str | None = None, status: int = 200
) -> Response:
    body = render(
        "hosted/recovery.html",
        _("Reset your password"),
        action=f"{current_tenant().issuer}/recovery",
        csrf=csrf.token(),
        email=email,
        error=error,
        **_around(uow, transaction),
    )
    return make_response(body, status)


def _sent(uow: UnitOfWork, transaction: LoginTransaction, address: str) -> Response:
    around = _around(uow, transaction)
    again_url = f"{current_tenant().issuer}/recovery?flow={transaction.id}"
    title = _("Check your email")
    return make_response(render("hosted/recovery_sent.html", title, address=address, again_url=again_url, **around))


def _around(uow: UnitOfWork, transaction: LoginTransaction) -> dict[str, str | None]:
    flow = str(transaction.id)
    return {
        "flow": flow,
        "client_name": flows.opened_by(uow, transaction),
        "login_url": f"{current_tenant().issuer}/login?flow={flow}",
    }
