"""``{issuer}/signup?invitation=…``: a mailed invitation, accepted by whoever reads the mail of its address (R32, R33).

The address is the invitation's and never the form's.  A new person is signed in right away: the link proved the
mailbox, and the password was chosen here.  Whoever has an account signs in to it as ever.
"""

from flask import Response, make_response, request

from idp.accounts import invitations
from idp.accounts.errors import LinkExpired
from idp.accounts.models import Invitation
from idp.authn import login, sessions
from idp.authn.assurance import Method
from idp.authn.errors import PasswordUnacceptable
from idp.crypto.passwords import PasswordGateFull
from idp.db.unit import UnitOfWork
from idp.http import cookies, csrf, limits, problems
from idp.http.context import current_tenant, current_unit
from idp.http.security import isolate
from idp.i18n import gettext as _
from idp.oauth.authorize.response import see_other
from idp.users.models import User
from idp.web.hosted import flash, flows, newcomers, outcome
from idp.web.hosted.newcomers import Typed
from idp.web.rendering import render

PARAMETER = "invitation"


def show() -> Response:
    """What the invitation offers; uses nothing up."""
    isolate()
    uow = current_unit()
    text = request.args.get(PARAMETER, "")
    found = invitations.find(uow, text)
    return _over() if found is None else _form(text, found, Typed())


def submit() -> Response:
    """Come in."""
    isolate()
    limits.spend(limits.PROOF)
    uow = current_unit()
    text = request.form.get(PARAMETER, "")
    found = invitations.find(uow, text)
    if found is None:
        return _over()
    is_new = found[1] is None
    typed = newcomers.read(uow, address=found[0].address) if is_new else Typed()
    if typed.wrong:
        return _form(text, found, typed, status=422)
    try:
        user = invitations.accept(
            uow, text, password=typed.password, terms_accepted=typed.agrees, profile=typed.profile
        )
    except LinkExpired:
        return _over()
    except PasswordUnacceptable as refused:
        typed.wrong["password"] = refused.detail
        return _form(text, found, typed, status=422)
    except PasswordGateFull as busy:
        return problems.with_headers(_form(text, found, typed, error=busy.detail, status=503), busy)
    return _admit(uow, user, found[0].address) if is_new else _lead_to_sign_in(uow, user, found[0].address)


def _admit(uow: UnitOfWork, user: User, address: str) -> Response:
    transaction = login.begin(uow, cookies.ensure_browser_secret(), email_hint=address, next_page="account")
    login.prove(transaction, user.id, Method.PASSWORD)
    return flows.go_on(uow, transaction)


def _lead_to_sign_in(uow: UnitOfWork, user: User, address: str) -> Response:
    session = sessions.resume(uow, cookies.session_secret())
    if session is not None and session.user_id == user.id:
        return see_other(f"{current_tenant().issuer}/account")
    transaction = login.begin(uow, cookies.ensure_browser_secret(), email_hint=address, next_page="account")
    return flows.onward("login", transaction, notice=flash.INVITATION_ACCEPTED)


def _form(
    text: str, found: tuple[Invitation, User | None], typed: Typed, *, error: str | None = None, status: int = 200
) -> Response:
    offered, user = found
    tenant = current_tenant()
    body = render(
        "hosted/invitation.html",
        _("You’re invited"),
        action=f"{tenant.issuer}/signup",
        invitation=text,
        csrf=csrf.token(),
        address=offered.address,
        has_account=user is not None,
        error=error,
        errors=typed.errors(),
        typed=typed.shown(),
        **newcomers.rules(),
    )
    return make_response(body, status)


def _over() -> Response:
    return outcome.show(
        _("This invitation has expired"),
        _("It was used before, taken back, or waited too long. Ask your administrator for a new one."),
        (_("Sign in"), f"{current_tenant().issuer}/login"),
        status=410,
    )
