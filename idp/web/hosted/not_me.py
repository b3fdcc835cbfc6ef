"""``{issuer}/not-me?token=…``: the link in every notice for whoever did not do what it tells of (R33, R38)."""

from flask import Response, make_response, request

from idp.accounts import notices
from idp.http import csrf, limits
from idp.http.context import current_tenant, current_unit
from idp.http.security import isolate
from idp.i18n import gettext as _
from idp.oauth.authorize.response import see_other
from idp.web.hosted import flash, outcome
from idp.web.hosted.pages import blueprint
from idp.web.rendering import render


@blueprint.get("/not-me")
def show_not_me() -> Response:
    """What the button will do; opening the page does nothing."""
    isolate()
    issuer = current_tenant().issuer
    if flash.code() == flash.SECURED:
        return outcome.show(
            _("Your account is closed to everybody"),
            _("Everybody was signed out. We have sent you a mail with a link: choose a new password with it."),
            (_("Go to sign-in"), f"{issuer}/login"),
        )
    text = request.args.get("token", "")
    if notices.find_disowner(current_unit(), text) is None:
        return _over()
    body = render("hosted/not_me.html", _("This wasn’t you?"), action=f"{issuer}/not-me", token=text, csrf=csrf.token())
    return make_response(body)


@blueprint.post("/not-me")
def submit_not_me() -> Response:
    """Do it."""
    isolate()
    csrf.require_own_form()
    limits.spend(limits.PROOF)
    if notices.disown(current_unit(), request.form.get("token", "")) is None:
        return _over()
    return see_other(f"{current_tenant().issuer}/not-me?{flash.PARAMETER}={flash.SECURED}")


def _over() -> Response:
    return outcome.show(
        _("This link has expired"),
        _("It was used before, or waited too long. If somebody else is in your account, reset your password."),
        (_("Reset your password"), f"{current_tenant().issuer}/recovery"),
        status=410,
    )
