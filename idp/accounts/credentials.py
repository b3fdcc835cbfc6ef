"""What a signed-in person changes of how they sign in: password and address, each with the current password (R36, R38).

A refusal is returned, because its record must be committed.
"""

from idp.accounts import verification
from idp.accounts.errors import AccountDisabled
from idp.authn import attempts, passwords, throttle
from idp.authn.models import Session
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.i18n import gettext as _
from idp.users import service as users
from idp.users.models import User


def change_password(uow: UnitOfWork, user: User, current: str, new: str, *, session: Session) -> bool:
    """Another password.  The session of whoever changes it goes on, everything else that was signed in ends (R8).

    Returns:
        Whether `current` was right.

    Raises:
        Throttled, PasswordGateFull: it was not looked at.
        PasswordUnacceptable: the new one breaks the tenant's policy; no attempt was counted.
    """
    password_hash = passwords.hash_acceptable(uow.tenant, new, words=passwords.words_of(uow, user))
    uow.session.refresh(user, with_for_update={"key_share": True})  # two changes at once would wait for each other
    if not attempts.confirm_password(uow, user, current):
        return False
    passwords.replace(uow, user, password_hash, how=EventType.PASSWORD_CHANGED, keep=session)
    return True


def request_email_change(uow: UnitOfWork, user: User, address: str, password: str) -> bool:
    """Ask for another address: the new one is to be proven, the old one hears of it and stays until then (R36).

    Whether somebody has the new address already shows in the mail to it, and nowhere else (R26).

    Returns:
        Whether the password was right.

    Raises:
        EmailInvalid: not an address.
        Throttled, PasswordGateFull: the password was not looked at.
    """
    wanted = users.parse_email(address)
    if not attempts.confirm_password(uow, user, password):
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


def unlock(uow: UnitOfWork, user: User) -> None:
    """An administrator has somebody's wrong passwords forgotten, so that they can try again at once."""
    throttle.clear(uow, users.primary_email(uow, user.id).canonical)
    events.record(uow, EventType.LOGIN_UNBLOCKED, user)


def _ask(uow: UnitOfWork, user: User, wanted: str) -> None:
    verification.ask_for_change(uow, user, wanted)
    events.record(uow, EventType.EMAIL_CHANGE_REQUESTED, user, wanted=wanted)
