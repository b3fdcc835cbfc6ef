"""``{issuer}/login``: the page that asks for email and password."""

from collections.abc import Sequence
from uuid import UUID

from flask import Response, make_response, request

from idp.accounts import credentials, registration
from idp.authn import login as stages
from idp.authn import sessions
from idp.authn.errors import Throttled
from idp.authn.models import LoginTransaction
from idp.crypto.passwords import PasswordGateFull
from idp.db.unit import UnitOfWork
from idp.federation import identities, offers
from idp.federation.models import Connection
from idp.federation.providers.registry import KINDS
from idp.http import cookies, csrf, limits, metrics, problems
from idp.http.context import current_tenant, current_unit
from idp.i18n import gettext as _
from idp.oauth.models import Client
from idp.users import service as users
from idp.users.models import User
from idp.web.hosted import connections, flash, flows
from idp.web.hosted.pages import LONGEST_PASSWORD, blueprint
from idp.web.rendering import render


@blueprint.get("/login")
def show_login() -> Response:
    """The form; without a flow, a sign-in that leads to the tenant's own page."""
    uow = current_unit()
    if flows.is_missing():
        return flows.begin(uow, "login")
    return _form(uow, flows.current(uow))


@blueprint.post("/login")
def submit_login() -> Response:
    """Check what was typed; on to the next stage, or back to the form with the address kept."""
    csrf.require_own_form()
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    limits.spend(limits.SIGN_IN, account=email)
    uow = current_unit()
    transaction = flows.current(uow)
    if email and not password and (way_home := offers.of_domain(uow, email, flows.client_id(uow, transaction))):
        transaction.email_hint = email[: users.MAX_EMAIL]
        return connections.show_way_home(way_home, transaction)
    errors = _missing(email, password)
    if errors:
        return _form(uow, transaction, email=email[: users.MAX_EMAIL], errors=errors, status=422)
    transaction.email_hint, was_proven = email, transaction.user_id is not None
    try:
        is_right = stages.submit_password(uow, transaction, email, password[:LONGEST_PASSWORD])
    except (PasswordGateFull, Throttled) as refused:
        metrics.count_signin("busy" if isinstance(refused, PasswordGateFull) else "throttled")
        return problems.with_headers(
            _form(uow, transaction, error=refused.detail, status=problems.status_of(refused)), refused
        )
    if not is_right:
        metrics.count_signin("mismatch")
        return _form(uow, transaction, is_mismatch=True, status=422)
    if not was_proven:
        flows.ask_for_proof(uow, transaction)
    return flows.go_on(uow, transaction)


def _missing(email: str, password: str) -> dict[str, str]:
    errors = {}
    if not email or not email.isprintable():
        errors["email"] = _("Enter your email address.")
    elif len(email) > users.MAX_EMAIL:
        errors["email"] = _("An email address has at most {count} characters.", count=users.MAX_EMAIL)
    if not password:
        errors["password"] = _("Enter your password.")
    return errors


def _form(
    uow: UnitOfWork,
    transaction: LoginTransaction,
    *,
    email: str | None = None,
    error: str | None = None,
    is_mismatch: bool = False,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    issuer, flow = current_tenant().issuer, str(transaction.id)
    may_sign_up = transaction.required_user_id is None and registration.is_open(uow)
    client = flows.waiting_client(uow, transaction)
    known = _known(uow, transaction.required_user_id)
    ways = [_way(row, f"{issuer}/connections", flow) for row in _offered_to(uow, client, known)]
    body = render(
        "hosted/login.html",
        _("Sign in"),
        action=f"{issuer}/login",
        flow=flow,
        csrf=csrf.token(),
        email=transaction.email_hint or "" if email is None else email,
        client_name=None if client is None else client.name,
        notice=flash.sentence(),
        error=error,
        is_mismatch=is_mismatch,
        errors=errors or {},
        reauthenticating=users.primary_email(uow, known.id).address if known is not None else None,
        asks_password=known is None or not ways or credentials.has_password(uow, known),
        recovery_url=f"{issuer}/recovery?flow={flow}",
        signup_url=f"{issuer}/signup?flow={flow}" if may_sign_up else None,
        connections=ways,
    )
    return make_response(body, status)


def _offered_to(uow: UnitOfWork, client: Client | None, known: User | None) -> Sequence[Connection]:
    """The connections of the page; to whoever confirms that it is them, those that they are known at."""
    rows = offers.offered(uow, None if client is None else client.id)
    if known is None or not rows:
        return rows
    theirs = {row[1].id for row in identities.list_of(uow, known.id)}
    return [row for row in rows if row.id in theirs]


def _way(row: Connection, url: str, flow: str) -> dict[str, str]:
    """A button."""
    icon = row.options.icon or KINDS[row.kind].icon
    return {"label": row.label, "icon": icon, "url": f"{url}/{row.name}/login?flow={flow}"}


def _known(uow: UnitOfWork, user_id: UUID | None) -> User | None:
    """The one who must prove again that it is them; nobody to a browser in which they are not signed in."""
    if user_id is None:
        return None
    session = sessions.resume(uow, cookies.session_secret())
    if session is None or session.user_id != user_id:
        return None
    return uow.get(User, user_id)
