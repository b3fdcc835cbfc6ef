"""``{issuer}/account/email``: confirm the address one has, or ask for another and prove that one (R36)."""

from flask import Response, request

from idp.accounts import activity, credentials, verification
from idp.errors import RateLimited, Unavailable
from idp.http import limits
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.errors import EmailInvalid
from idp.web.account import layout, recent
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash
from idp.web.hosted.pages import LONGEST_PASSWORD, blueprint

_LONGEST_CODE = 20


@blueprint.get("/account/email")
@signed_in("account/email")
def show_email(person: Person) -> Response:
    """The address, and what can be done about it."""
    return _form(person)


@blueprint.post("/account/email")
@signed_in("account/email")
def submit_email(person: Person) -> Response:
    """Have a code sent, give one back, or ask for another address.  Anything else shows the page."""
    match request.form.get("action"):
        case "send":
            return _send(person)
        case "prove":
            return _prove(person)
        case "change":
            return _request_change(person)
        case _:
            return _form(person)


def _request_change(person: Person) -> Response:
    """Ask for another address.  The answer is the same whoever has it (R26)."""
    asked = recent.require_recent_without_password(person, "account/email")
    if asked is not None:
        return asked
    typed, password = request.form.get("email", "").strip(), request.form.get("password", "")[:LONGEST_PASSWORD]
    errors = _wrong_with(person, typed)
    if not password and credentials.has_password(person.uow, person.user):
        errors["password"] = _("Enter your password.")
    if errors:
        return _form(person, typed=typed, errors=errors, status=422)
    try:
        limits.spend(limits.SIGN_IN, limits.MAIL, account=person.email.address, recipient=typed)
        is_right = credentials.request_email_change(person.uow, person.user, typed, password, session=person.session)
    except (RateLimited, Unavailable) as refused:
        return layout.refuse(_form(person, typed=typed, error=refused.detail), refused)
    if not is_right:
        wrong = _("That isn’t your password. Try again.")
        return _form(person, typed=typed, errors={"password": wrong}, status=422)
    return layout.back_to("account/email", flash.CODE_SENT)


def _send(person: Person) -> Response:
    """Have the proof of the present address mailed again."""
    try:
        limits.spend(limits.MAIL, recipient=person.email.address)
    except limits.TooMany as refused:
        return layout.refuse(_form(person, error=refused.detail), refused)
    verification.ask_for_own(person.uow, person.user.id)
    return layout.back_to("account/email", flash.CODE_SENT)


def _prove(person: Person) -> Response:
    """Take the code that was mailed.  This session goes on, under another secret."""
    code = "".join(request.form.get("code", "").split())[:_LONGEST_CODE]
    try:
        limits.spend(limits.PROOF)
    except limits.TooMany as refused:
        return layout.refuse(_form(person, error=refused.detail), refused)
    if not verification.prove_own_by_code(person.uow, person.user, code, session=person.session):
        wrong = _("That code isn’t right, or has expired. Try again, or have a new one sent.")
        return _form(person, errors={"code": wrong}, status=422)
    person.renew_session()
    return layout.back_to("account/email", flash.EMAIL_CONFIRMED)


def _wrong_with(person: Person, typed: str) -> dict[str, str]:
    try:
        address = users.parse_email(typed[: 2 * users.MAX_EMAIL])
    except EmailInvalid:
        return {"email": _("Enter an email address such as name@example.com.")}
    if users.canonical(address) == person.email.canonical:
        return {"email": _("This is the address that you have.")}
    return {}


def _form(
    person: Person,
    *,
    typed: str = "",
    error: str | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    return layout.show(
        "email",
        status=status,
        email=person.email.address,
        is_confirmed=person.email.verified_at is not None,
        wanted=activity.wanted_address(person.uow, person.user),
        typed=typed[: users.MAX_EMAIL],
        error=error,
        errors=errors or {},
        **recent.proof_of(person, "email"),
    )
