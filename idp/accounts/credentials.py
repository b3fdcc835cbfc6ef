"""What a signed-in person changes of how they sign in: password and address, after they proved again that it is them.

By the current password; whoever has none, because an upstream signs them in, by a sign-in just now (R22, R36, R38).  A
refusal is returned, because its record must be committed.
"""

from datetime import timedelta
from typing import Any

from idp.accounts import verification
from idp.accounts.errors import AccountDisabled, RecentSignInNeeded
from idp.authn import attempts, devices, one_time_tokens, passwords, throttle
from idp.authn.models import Session
from idp.authn.one_time_tokens import Purpose
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.models import User

RECENT = timedelta(minutes=5)
"""How old a sign-in may be that stands for the proof that it is them."""
_HELD = {"key_share": True}


def has_password(uow: UnitOfWork, user: User) -> bool:
    """Whether somebody can be asked for one."""
    return passwords.changed_at(uow, user) is not None


def is_recent(uow: UnitOfWork, session: Session) -> bool:
    """Whether whoever uses this session signed in just now."""
    return session.authenticated_at + RECENT > uow.now


def require_recent(uow: UnitOfWork, session: Session) -> None:
    """Let only whoever signed in just now do what comes next.

    Raises:
        RecentSignInNeeded: it was longer ago, or the session has ended meanwhile.
    """
    uow.flush()
    uow.session.refresh(session)
    if session.ended_at is not None or not is_recent(uow, session):
        raise RecentSignInNeeded(_("Sign in again first: your last sign-in was more than 5 minutes ago."))


def confirm(uow: UnitOfWork, user: User, password: str | None, *, session: Session) -> bool:
    """Whether it is really them, before something that matters: the one rule for every page and operation (R38).

    Args:
        uow: the tenant's unit.
        user: who is signed in.
        password: as typed; not looked at when they have none.
        session: which they use.

    Raises:
        RecentSignInNeeded: they have no password, and did not sign in just now.
        Throttled, PasswordGateFull: the password was not looked at.
    """
    if not has_password(uow, user):
        uow.flush()
        uow.session.refresh(
            user, with_for_update=_HELD
        )  # whoever takes the account back at the same time is waited for
        require_recent(uow, session)
        if not has_password(uow, user):
            return True
    return bool(password) and attempts.confirm_password(uow, user, password or "")


def change_password(uow: UnitOfWork, user: User, current: str | None, new: str, *, session: Session) -> bool:
    """Another password, or the first.  The session of whoever makes it goes on, whatever else was signed in ends (R8).

    Returns:
        Whether `confirm` says that it is them.

    Raises:
        RecentSignInNeeded, Throttled, PasswordGateFull: as `confirm`.
        PasswordUnacceptable: the new one breaks the tenant's policy; no attempt was counted.
    """
    password_hash = passwords.hash_acceptable(uow.tenant, new, words=passwords.words_of(uow, user))
    uow.session.refresh(user, with_for_update=_HELD)  # two changes at once would wait for each other
    if not confirm(uow, user, current, session=session):
        return False
    passwords.replace(uow, user, password_hash, how=EventType.PASSWORD_CHANGED, keep=session)
    return True


def request_email_change(uow: UnitOfWork, user: User, address: str, password: str | None, *, session: Session) -> bool:
    """Ask for another address: the new one is to be proven, the old one hears of it and stays until then (R36).

    Whether somebody has the new address already shows in the mail to it, and nowhere else (R26).

    Returns:
        Whether `confirm` says that it is them.

    Raises:
        EmailInvalid: not an address.
        RecentSignInNeeded, Throttled, PasswordGateFull: as `confirm`.
    """
    wanted = users.parse_email(address)
    if not confirm(uow, user, password, session=session):
        return False
    _ask(uow, user, wanted)
    return True


def ask_for_address(uow: UnitOfWork, user: User, address: str) -> None:
    """An administrator asks for another address for somebody: only whoever reads its mail can make it theirs (R36).

    Raises:
        EmailInvalid: not an address.
        AccountDisabled: the mail would prove nothing.
    """
    if user.disabled_at is not None:
        raise AccountDisabled(_("This account is disabled. Enable it first."))
    _ask(uow, user, users.parse_email(address))


def give_up(uow: UnitOfWork, user: User, **how: Any) -> None:
    """The address of an account is proven now, and nothing that whoever sat in it before knows opens it any more (R22).

    Args:
        uow: the tenant's unit.
        user: whose address nobody had proven.
        how: it was proven, for the event.
    """
    uow.flush()
    uow.session.refresh(user, with_for_update=_HELD)  # a way in that is being added is seen, and goes
    passwords.remove(uow, user)
    one_time_tokens.drop(uow, user.id, *Purpose)
    devices.forget(uow, user.id)
    uow.flush()
    events.record(uow, EventType.USER_DISOWNED, user, **how)
    users.verify_email(uow, user)


def unlock(uow: UnitOfWork, user: User) -> None:
    """An administrator has somebody's wrong passwords forgotten, so that they can try again at once."""
    throttle.clear(uow, users.primary_email(uow, user.id).canonical)
    events.record(uow, EventType.LOGIN_UNBLOCKED, user)


def _ask(uow: UnitOfWork, user: User, wanted: str) -> None:
    verification.ask_for_change(uow, user, wanted)
    events.record(uow, EventType.EMAIL_CHANGE_REQUESTED, user, wanted=wanted)
