"""A login on its way through the pages: where it was begun, who waits for it, and what comes next.

Every way in ends here: a password, a sign-up, the proof of an address, an invitation.
"""

from contextlib import suppress
from uuid import UUID

from flask import Response, request

from idp.accounts import verification
from idp.authn import login, sessions
from idp.authn.assurance import Method
from idp.authn.errors import FlowExpired
from idp.authn.login import Stage
from idp.authn.models import LoginTransaction
from idp.db.unit import UnitOfWork
from idp.http import cookies, limits, metrics
from idp.http.context import current_tenant
from idp.http.security import allow_form_action
from idp.oauth.authorize import store
from idp.oauth.authorize.endpoint import page, require_client
from idp.oauth.authorize.response import see_other
from idp.oauth.errors import PageError
from idp.oauth.models import Client
from idp.oauth.redirect_uris import origin
from idp.users import service as users
from idp.web.hosted import flash
from idp.web.hosted.pages import flow_id


def is_missing() -> bool:
    """Whether this page was opened without a flow, as from a bookmark."""
    return flow_id() is None and "flow" not in request.args


def begin(
    uow: UnitOfWork, path: str, *, next_page: str | None = None, required_user_id: UUID | None = None
) -> Response:
    """A page that was opened without a flow gets one, and keeps what it has to say.

    Args:
        uow: the tenant's unit.
        path: of the first step.
        next_page: path of the tenant's page that was asked for, and is shown after the last.
        required_user_id: only this person will do: they are signed in, and confirm that it is them.

    Raises:
        TooMany: each is a row, and anybody may open a page.
    """
    limits.spend(limits.VISIT)
    transaction = login.begin(
        uow, cookies.ensure_browser_secret(), next_page=next_page, required_user_id=required_user_id
    )
    return onward(path, transaction, notice=flash.code())


def current(uow: UnitOfWork) -> LoginTransaction:
    """The login that this page is a step of.

    Raises:
        FlowExpired: it is over, unknown, or another browser's.
    """
    return login.get(uow, flow_id(), cookies.browser_secret())


def latest_or_new(uow: UnitOfWork) -> LoginTransaction:
    """The login that this browser began last, while it leads somewhere; for whoever comes by the link of a mail."""
    browser = cookies.ensure_browser_secret()
    transaction = login.find_latest(uow, browser)
    if transaction is not None:
        with suppress(FlowExpired, PageError):
            opened_by(uow, transaction)
            return transaction
    return login.begin(uow, browser)


def client_id(uow: UnitOfWork, transaction: LoginTransaction) -> UUID | None:
    """The application that waits for this login, if one does."""
    if transaction.resume_to is None:
        return None
    return store.get(uow, transaction.resume_to, cookies.browser_secret()).client_id


def waiting_client(uow: UnitOfWork, transaction: LoginTransaction) -> Client | None:
    """The application that waits for this login, if one does; the page's form may then lead to it."""
    if transaction.resume_to is None:
        return None
    waiting = store.get(uow, transaction.resume_to, cookies.browser_secret())
    client = require_client(uow, waiting)
    allow_form_action(origin(waiting.parameters.redirect_uri))
    return client


def opened_by(uow: UnitOfWork, transaction: LoginTransaction) -> str | None:
    """The name of the application that waits for this login, to which the page's form may then lead."""
    client = waiting_client(uow, transaction)
    return None if client is None else client.name


def onward(path: str, transaction: LoginTransaction, *, notice: str | None = None) -> Response:
    """303 to another step of the same login."""
    answer = page(path, transaction.id)
    if notice is not None:
        answer.headers["Location"] += f"&{flash.PARAMETER}={notice}"
    return answer


def go_on(uow: UnitOfWork, transaction: LoginTransaction) -> Response:
    """The next step of a login that got on; after the last, a session and the way back."""
    match login.advance(uow, transaction):
        case Stage.PASSWORD:
            return onward("login", transaction)
        case Stage.VERIFY_EMAIL:
            return onward("verify-email", transaction)
        case Stage.DONE:
            return _finish(uow, transaction)


def ask_for_proof(uow: UnitOfWork, transaction: LoginTransaction) -> None:
    """Have the proof that a sign-in waits for mailed, unless enough of them are on their way already."""
    if transaction.user_id is None or login.advance(uow, transaction) is not Stage.VERIFY_EMAIL:
        return
    if limits.try_spend(limits.MAIL, recipient=users.primary_email(uow, transaction.user_id).address):
        verification.ask_for_own(uow, transaction.user_id)


def _finish(uow: UnitOfWork, transaction: LoginTransaction) -> Response:
    metrics.count_signin("success", way="upstream" if Method.FEDERATED in transaction.methods else "password")
    old = sessions.resume(uow, cookies.session_secret())
    _session, secret = login.complete(uow, transaction, replaces=old)
    cookies.set_session(secret)
    if transaction.resume_to is None:
        return see_other(f"{current_tenant().issuer}/{transaction.next_page or ''}")
    return page("oauth/authorize/resume", transaction.resume_to)
