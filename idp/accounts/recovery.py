"""A forgotten password: a link to the proven address makes another, and nothing more (R33, R34).

It signs nobody in, passes no second factor, and ends every session and grant; the person is told.
"""

from uuid import UUID

from idp.accounts.errors import CannotRecover
from idp.accounts.letters import Letter, ask
from idp.authn import one_time_tokens, passwords
from idp.authn.models import OneTimeToken
from idp.authn.one_time_tokens import Purpose
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.i18n import gettext as _
from idp.mail import messages
from idp.mail.messages import recipient_of
from idp.users import service as users
from idp.users.models import User


def request(uow: UnitOfWork, email: str, *, by_admin: bool = False) -> None:
    """Have a link mailed to whoever has this address, if anybody; the same work for everybody (R26).

    Args:
        uow: the tenant's unit.
        email: as typed.
        by_admin: whether somebody else asks for them, which the mail says.

    Raises:
        EmailInvalid: not an address.
    """
    ask(uow, Letter.RECOVER, email=users.parse_email(email), by_admin=by_admin)


def request_for(uow: UnitOfWork, user: User) -> None:
    """An administrator has the link mailed to somebody; the choice of a password stays theirs (R34).

    Raises:
        CannotRecover: a mail would open nothing, because they may not sign in or the address is not known to be theirs.
    """
    email = users.primary_email(uow, user.id)
    if user.disabled_at is not None:
        raise CannotRecover(_("This account is disabled. Enable it first."))
    if email.verified_at is None:
        raise CannotRecover(_("Nobody has proven that this address is theirs, so no link is mailed to it."))
    request(uow, email.address, by_admin=True)


def write_link(uow: UnitOfWork, message_id: UUID, *, email: str, by_admin: bool) -> None:
    """The worker's part: only to a stored, proven address of somebody who may sign in."""
    user = users.find_by_email(uow, email)
    if user is None or user.disabled_at is not None:
        return
    address = users.primary_email(uow, user.id)
    if address.verified_at is None:
        return
    issued = one_time_tokens.issue(
        uow, Purpose.RESET_PASSWORD, user.id, message_id=message_id, user_id=user.id, bound=address.canonical
    )
    if issued is None:
        return
    events.record(uow, EventType.RECOVERY_REQUESTED, user, by_admin=by_admin)
    link = f"{uow.tenant.issuer}/reset-password?token={issued.token}"
    messages.reset_password(uow, recipient_of(user, address), link=link, by_admin=by_admin)


def find(uow: UnitOfWork, text: str) -> User | None:
    """Whose password the link would make anew; uses nothing up."""
    token = one_time_tokens.find(uow, text, Purpose.RESET_PASSWORD)
    return None if token is None else _owner(uow, token)


def reset(uow: UnitOfWork, text: str, password: str) -> User | None:
    """Make a new password by a link.

    Returns:
        None when the link does nothing any more.

    Raises:
        PasswordUnacceptable: the link is still good.
        PasswordGateFull: the same.
    """
    user = find(uow, text)
    if user is None:
        return None
    password_hash = passwords.hash_acceptable(uow.tenant, password, words=passwords.words_of(uow, user))
    uow.session.refresh(user, with_for_update={"key_share": True})  # a first password that is being set goes before
    if one_time_tokens.consume(uow, text, Purpose.RESET_PASSWORD) is None:
        return None
    passwords.replace(uow, user, password_hash, how=EventType.PASSWORD_RESET)
    return user


def _owner(uow: UnitOfWork, token: OneTimeToken) -> User | None:
    user = uow.find(User, token.subject_id)
    if user is None or user.disabled_at is not None:
        return None
    return user if users.primary_email(uow, user.id).canonical == token.bound else None
