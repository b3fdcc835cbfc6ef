"""``{issuer}/account/delete``: leaving, after a proof that it is them, with time to think better of it (R38, R63)."""

from datetime import timedelta

from flask import Response, request

from idp.accounts import credentials, leaving
from idp.errors import RateLimited, Unavailable
from idp.http import cookies, limits
from idp.http.context import current_tenant
from idp.i18n import gettext as _
from idp.rbac.errors import LastOwner
from idp.web.account import layout, recent
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash
from idp.web.hosted.pages import LONGEST_PASSWORD, blueprint


@blueprint.get("/account/delete")
@signed_in("account/delete")
def show_delete(person: Person) -> Response:
    """What will happen, and when."""
    return _form(person)


@blueprint.post("/account/delete")
@signed_in("account/delete")
def request_delete(person: Person) -> Response:
    """Begin it: they are signed out everywhere, and erased when the grace period is over."""
    asked = recent.require_recent_without_password(person, "account/delete")
    if asked is not None:
        return asked
    password = request.form.get("password", "")[:LONGEST_PASSWORD]
    errors = {}
    if not password and credentials.has_password(person.uow, person.user):
        errors["password"] = _("Enter your password.")
    if request.form.get("sure") != "yes":
        errors["sure"] = _("Tick this to say that you mean it.")
    if errors:
        return _form(person, errors=errors, status=422)
    try:
        limits.spend(limits.SIGN_IN, account=person.email.address)
        if not credentials.confirm(person.uow, person.user, password, session=person.session):
            return _form(person, errors={"password": _("That isn’t your password. Try again.")}, status=422)
        leaving.request_deletion(person.uow, person.user)
    except (RateLimited, Unavailable, LastOwner) as refused:
        return layout.refuse(_form(person, error=refused.detail), refused)
    cookies.clear_session()
    return layout.back_to("", flash.LEAVING if person.uow.tenant.policy.deletion_grace else flash.LEFT)


def _form(
    person: Person, *, error: str | None = None, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    grace = current_tenant().policy.deletion_grace
    return layout.show(
        "delete",
        status=status,
        email=person.email.address,
        grace_days=grace // timedelta(days=1),
        would_delete_at=person.uow.now + grace,
        deletes_at=person.user.deletes_at,
        is_sure=request.form.get("sure") == "yes",
        error=error,
        errors=errors or {},
        **recent.proof_of(person, "delete"),
    )
