"""``{issuer}/account/password``: the one that is known, and the one that replaces it; or the first (R25, R38)."""

from flask import Response, request

from idp.accounts import credentials
from idp.authn import passwords
from idp.authn.errors import PasswordUnacceptable
from idp.errors import RateLimited, Unavailable
from idp.http import limits
from idp.http.context import current_tenant
from idp.i18n import gettext as _
from idp.web.account import layout, recent
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
    asked = recent.require_recent_without_password(person, "account/password")
    if asked is not None:
        return asked
    current, new = (request.form.get(name, "")[:LONGEST_PASSWORD] for name in ("current", "password"))
    is_first, errors = not credentials.has_password(person.uow, person.user), {}
    if not current and not is_first:
        errors["current"] = _("Enter your current password.")
    if not new:
        errors["password"] = _("Enter a new password.")
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
    return layout.back_to("account/password", flash.PASSWORD_SET if is_first else flash.PASSWORD_RENEWED)


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
        **recent.proof_of(person, "password"),
    )
