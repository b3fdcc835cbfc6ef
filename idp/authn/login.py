"""The stage machine of signing in: begin → submit_* → advance → complete (R30, R32).

One machine for every way in.  It alone starts a session, once every factor that the tenant demands is there.  A step
that is unknown, empty, early or from another browser changes nothing.
"""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from idp import log
from idp.authn import attempts, devices, sessions
from idp.authn.assurance import Method
from idp.authn.errors import FlowExpired
from idp.authn.models import LoginTransaction, Session
from idp.crypto.secrets import digest
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType, Outcome
from idp.i18n import gettext as _
from idp.ids import new_id
from idp.users import service as users

TTL = timedelta(minutes=30)


class Stage(StrEnum):
    """What the person must do next."""

    PASSWORD = "password"
    VERIFY_EMAIL = "verify-email"
    DONE = "done"


def begin(
    uow: UnitOfWork,
    browser: str,
    *,
    resume_to: UUID | None = None,
    required_user_id: UUID | None = None,
    email_hint: str | None = None,
    device_digest: bytes | None = None,
    next_page: str | None = None,
) -> LoginTransaction:
    """Start a login in one browser, or in one application that signs people in directly.

    Args:
        uow: the tenant's unit.
        browser: the secret in the browser's cookie, or the one that the application holds.
        resume_to: id of the authorization request that waits for it.
        required_user_id: only this person will do.
        email_hint: what to write into the form.
        device_digest: what makes the device known again, when it is not the browser's secret.
        next_page: path below the issuer of our page to end at, when no authorization request waits.
    """
    return uow.add(
        LoginTransaction(
            id=new_id(),
            browser_digest=digest(browser),
            resume_to=resume_to,
            required_user_id=required_user_id,
            email_hint=email_hint,
            device_digest=device_digest,
            next_page=next_page,
            methods=[],
            expires_at=uow.now + TTL,
        )
    )


def get(uow: UnitOfWork, flow: UUID | None, browser: str | None) -> LoginTransaction:
    """A login that is under way in this browser; nobody else can move it on until the transaction ends.

    Raises:
        FlowExpired: it is over, unknown, or another browser's.
    """
    transaction = find(uow, flow, browser)
    if transaction is None:
        raise FlowExpired(_("This sign-in has expired. Go back to the application and start again."))
    return transaction


def find(uow: UnitOfWork, flow: UUID | None, browser: str | None) -> LoginTransaction | None:
    """As `get`; None when it is over."""
    if flow is None or not browser:
        return None
    return uow.session.scalar(
        select(LoginTransaction).where(LoginTransaction.id == flow, *_under_way_in(uow, browser)).with_for_update()
    )


def find_latest(uow: UnitOfWork, browser: str) -> LoginTransaction | None:
    """The login that this browser began last, for whoever comes back to it by a mail."""
    return uow.session.scalar(
        select(LoginTransaction)
        .where(*_under_way_in(uow, browser))
        .order_by(LoginTransaction.id.desc())
        .limit(1)
        .with_for_update()
    )


def submit_password(uow: UnitOfWork, transaction: LoginTransaction, email: str, password: str) -> bool:
    """Try a password.  A refusal is returned, not raised, because its record must be committed.

    Raises:
        Throttled: too many failures in a row; nothing was looked at (R27).
        PasswordGateFull: too many are being checked right now; nothing was decided.
    """
    user = users.find_by_email(uow, email)
    name = users.canonical(email[: users.MAX_EMAIL])
    if not attempts.try_password(uow, name, user, password) or user is None:
        return False
    if transaction.required_user_id not in {None, user.id}:
        events.record(uow, EventType.LOGIN_FAILED, user, outcome=Outcome.FAILURE, reason="another-account")
        return False
    prove(transaction, user.id, Method.PASSWORD)
    return True


def prove(transaction: LoginTransaction, user_id: UUID, method: Method) -> None:
    """Write down that somebody was authenticated by `method` in this login.  Only for who verified it just now."""
    before = transaction.methods if transaction.user_id == user_id else []
    transaction.user_id, transaction.methods = user_id, sorted({*before, method.value})
    log.bind(user_id=str(user_id))


def advance(uow: UnitOfWork, transaction: LoginTransaction) -> Stage:
    """What is still missing."""
    if transaction.user_id is None or not transaction.methods:
        return Stage.PASSWORD
    if uow.tenant.policy.sign_in_needs_verified_email:
        email = users.primary_email(uow, transaction.user_id)
        if email.verified_at is None:
            return Stage.VERIFY_EMAIL
    return Stage.DONE


def complete(uow: UnitOfWork, transaction: LoginTransaction, *, replaces: Session | None) -> tuple[Session, str]:
    """Turn a finished login into a session, exactly once; answers it with the secret for the cookie.

    Raises:
        FlowExpired: a factor is missing.
    """
    if transaction.user_id is None or advance(uow, transaction) is not Stage.DONE:
        raise FlowExpired(_("This sign-in is not finished. Go back to the application and start again."))
    transaction.completed_at = uow.now  # the row is locked since `get`
    session, secret = sessions.start(uow, transaction.user_id, transaction.methods, replaces=replaces)
    uow.flush()
    devices.remember(uow, session, transaction.device_digest or transaction.browser_digest)
    return session, secret


def end_of_user(uow: UnitOfWork, event: Event) -> None:
    """React to what ends a person's sessions: what they proved in a half-finished login counts no more (R37)."""
    uow.execute(
        update(LoginTransaction)
        .where(LoginTransaction.user_id == event.user_id, LoginTransaction.completed_at.is_(None))
        .values(user_id=None, methods=[])
    )


def _under_way_in(uow: UnitOfWork, browser: str) -> tuple[ColumnElement[bool], ...]:
    return (
        LoginTransaction.browser_digest == digest(browser),
        LoginTransaction.completed_at.is_(None),
        LoginTransaction.expires_at > func.now(),
        LoginTransaction.created_at > uow.not_before,
    )
