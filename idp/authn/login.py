"""The stage machine of signing in: begin → submit_* → advance → complete (R30, R32).

One machine for every way in.  It alone starts a session, once every factor that the tenant demands is there.  A step
that is unknown, empty, early or from another browser changes nothing.
"""

from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, update

from idp.authn import passwords, sessions
from idp.authn.assurance import Method
from idp.authn.errors import FlowExpired
from idp.authn.models import LoginTransaction, Session
from idp.crypto.secrets import digest
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType, Outcome
from idp.ids import new_id
from idp.users import service as users

TTL = timedelta(minutes=30)


class Stage(StrEnum):
    """What the person must do next."""

    PASSWORD = "password"
    DONE = "done"


def begin(
    uow: UnitOfWork,
    browser: str,
    *,
    resume_to: UUID | None = None,
    required_user_id: UUID | None = None,
    email_hint: str | None = None,
) -> LoginTransaction:
    """Start a login in one browser.

    Args:
        uow: the tenant's unit.
        browser: the secret in the browser's cookie.
        resume_to: id of the authorization request that waits for it.
        required_user_id: only this person will do.
        email_hint: what to write into the form.
    """
    return uow.add(
        LoginTransaction(
            id=new_id(),
            browser_digest=digest(browser),
            resume_to=resume_to,
            required_user_id=required_user_id,
            email_hint=email_hint,
            methods=[],
            expires_at=uow.now + TTL,
        )
    )


def get(uow: UnitOfWork, flow: UUID | None, browser: str | None) -> LoginTransaction:
    """A login that is under way in this browser.

    Raises:
        FlowExpired: it is over, unknown, or another browser's.
    """
    transaction = None
    if flow is not None and browser:
        transaction = uow.session.scalar(
            select(LoginTransaction).where(
                LoginTransaction.id == flow,
                LoginTransaction.browser_digest == digest(browser),
                LoginTransaction.completed_at.is_(None),
                LoginTransaction.expires_at > func.now(),
            )
        )
    if transaction is None:
        raise FlowExpired("This sign-in has expired. Go back to the application and start again.")
    return transaction


def submit_password(uow: UnitOfWork, transaction: LoginTransaction, email: str, password: str) -> bool:
    """Try a password.  A refusal is returned, not raised, because its record must be committed.

    Raises:
        PasswordGateFull: too many are being checked right now; nothing was decided.
    """
    user = users.find_by_email(uow, email) if email else None
    if not passwords.verify(uow, user, password) or user is None:
        return _refuse(uow, user.id if user else None)
    if transaction.required_user_id not in {None, user.id}:
        return _refuse(uow, user.id)
    transaction.user_id = user.id
    transaction.methods = sorted({*transaction.methods, Method.PASSWORD.value})
    return True


def advance(transaction: LoginTransaction) -> Stage:
    """What is still missing."""
    return Stage.DONE if Method.PASSWORD.value in transaction.methods else Stage.PASSWORD


def complete(uow: UnitOfWork, transaction: LoginTransaction, *, replaces: Session | None) -> tuple[Session, str]:
    """Turn a finished login into a session, exactly once; answers it with the secret for the cookie.

    Raises:
        FlowExpired: a factor is missing, or it was completed before.
    """
    if advance(transaction) is not Stage.DONE or transaction.user_id is None:
        raise FlowExpired("This sign-in is not finished. Go back to the application and start again.")
    uow.flush()
    won = uow.execute(
        update(LoginTransaction)
        .where(LoginTransaction.id == transaction.id, LoginTransaction.completed_at.is_(None))
        .values(completed_at=func.now())
        .returning(LoginTransaction.id)
    )
    if won.first() is None:
        raise FlowExpired("This sign-in was finished before.")
    return sessions.start(uow, transaction.user_id, transaction.methods, replaces=replaces)


def _refuse(uow: UnitOfWork, user_id: UUID | None) -> bool:
    events.record(
        uow, EventType.LOGIN_FAILED, outcome=Outcome.FAILURE, user_id=str(user_id) if user_id else None, method="pwd"
    )
    return False
