"""``{issuer}/account/password``: the one that is known, and the one that replaces it (R25, R38)."""

from flask import Response, request

from idp.accounts import credentials
from idp.authn import passwords
from idp.authn.errors import PasswordUnacceptable
from idp.errors import RateLimited, Unavailable
from idp.http import limits
from idp.http.context import current_tenant
from idp.i18n import gettext as _
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash
from idp.web.hosted.pages import LONGEST_PASSWORD, blueprint


@blueprint.get("/account/password")
@signed_in("account/password")
def show_password(person: Person) -> Response:
    """The form."""
    return _form(person)


@blueprint.post("/account/password")
@signed_in("account/password")
def change_password(person: Person) -> Response:
    """Change it.  This session goes on under another secret, every other one ends (R8)."""
    current, new = (request.form.get(name, "")[:LONGEST_PASSWORD] for name in ("current", "password"))
    missing = {"current": _("Enter your current password."), "password": _("Enter a new password.")}
    errors = {name: missing[name] for name, typed in (("current", current), ("password", new)) if not typed}
    if errors:
        return _form(person, errors=errors, status=422)
    try:
        limits.spend(limits.SIGN_IN, account=person.email.address)
        is_right = credentials.change_password(person.uow, person.user, current, new, session=person.session)
    except PasswordUnacceptable as refused:
        return _form(person, errors={"password": refused.detail}, status=422)
    except (RateLimited, Unavailable) as refused:
        return layout.refuse(_form(person, error=refused.detail), refused)
    if not is_right:
        return _form(person, errors={"current": _("That isn’t your password. Try again.")}, status=422)
    person.renew_session()
    return layout.back_to("account/password", flash.PASSWORD_RENEWED)


def _form(
    person: Person, *, error: str | None = None, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    return layout.show(
        "password",
        status=status,
        changed_at=passwords.changed_at(person.uow, person.user),
        email=person.email.address,
        words=passwords.words_of(person.uow, person.user),
        minimum=current_tenant().policy.password_min_length,
        recovery_url=f"{current_tenant().issuer}/recovery",
        error=error,
        errors=errors or {},
    )
