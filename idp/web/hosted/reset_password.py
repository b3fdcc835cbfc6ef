"""``{issuer}/reset-password?token=…``: a new password by a mailed link, which signs nobody in (R33, R34)."""

from flask import Response, make_response, request

from idp.accounts import recovery
from idp.authn.errors import PasswordUnacceptable
from idp.crypto.passwords import PasswordGateFull
from idp.db.unit import UnitOfWork
from idp.http import csrf, limits, problems
from idp.http.context import current_tenant, current_unit
from idp.http.security import isolate
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.models import User
from idp.web.hosted import flash, flows, outcome
from idp.web.hosted.pages import LONGEST_PASSWORD, blueprint
from idp.web.rendering import render


@blueprint.get("/reset-password")
def show_reset_password() -> Response:
    """The form; opening it uses nothing up."""
    isolate()
    uow = current_unit()
    text = request.args.get("token", "")
    user = recovery.find(uow, text)
    return _over() if user is None else _form(uow, text, user)


@blueprint.post("/reset-password")
def submit_reset_password() -> Response:
    """Use the link up, and on to signing in: with the application that waits in this browser, if one does."""
    isolate()
    csrf.require_own_form()
    limits.spend(limits.PROOF)
    uow = current_unit()
    text, password = request.form.get("token", ""), request.form.get("password", "")[:LONGEST_PASSWORD]
    user = recovery.find(uow, text)
    if user is None:
        return _over()
    if not password:
        return _form(uow, text, user, wrong=_("Enter a password."), status=422)
    try:
        changed = recovery.reset(uow, text, password)
    except PasswordUnacceptable as refused:
        return _form(uow, text, user, wrong=refused.detail, status=422)
    except PasswordGateFull as busy:
        return problems.with_headers(_form(uow, text, user, error=busy.detail, status=503), busy)
    if changed is None:
        return _over()
    transaction = flows.latest_or_new(uow)
    transaction.email_hint = users.primary_email(uow, changed.id).address
    return flows.onward("login", transaction, notice=flash.PASSWORD_CHANGED)


def _form(
    uow: UnitOfWork, text: str, user: User, *, error: str | None = None, wrong: str | None = None, status: int = 200
) -> Response:
    tenant = current_tenant()
    body = render(
        "hosted/reset_password.html",
        _("Choose a new password"),
        action=f"{tenant.issuer}/reset-password",
        token=text,
        csrf=csrf.token(),
        address=users.primary_email(uow, user.id).address,
        words=[name for name in (user.profile.name, user.profile.given_name, user.profile.family_name) if name],
        minimum=tenant.policy.password_min_length,
        error=error,
        wrong=wrong,
    )
    return make_response(body, status)


def _over() -> Response:
    return outcome.show(
        _("This link has expired"),
        _("It was used before, or waited longer than 30 minutes. We can send you a new one."),
        (_("Send a new link"), f"{current_tenant().issuer}/recovery"),
        status=410,
    )
