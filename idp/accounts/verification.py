"""Proving an address, by the code of a mail or by its link: to sign up, to confirm, to change (R33, R36).

A link may be opened anywhere, also by whoever did not ask for it.  So one that would make an account wants the browser
that signed up, or the password that was chosen there; and none signs anybody in elsewhere.
"""

from dataclasses import dataclass
from enum import Enum, auto
from uuid import UUID

from sqlalchemy import delete

from idp.accounts import registration as registrations
from idp.accounts.letters import Letter, ask
from idp.accounts.models import Registration
from idp.authn import login, one_time_tokens, passwords, throttle
from idp.authn.assurance import Method
from idp.authn.models import LoginTransaction, OneTimeToken, Session
from idp.authn.one_time_tokens import Purpose
from idp.crypto.passwords import PasswordGateFull
from idp.crypto.secrets import digest
from idp.db.unit import UnitOfWork
from idp.events.models import Event, OutboxMessage
from idp.mail import messages
from idp.mail.messages import Recipient, recipient_of
from idp.users import service as users
from idp.users.errors import EmailTaken
from idp.users.models import User

PROOFS = (Purpose.REGISTER, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)


class Refusal(Enum):
    """Why a link proved nothing."""

    LINK_IS_OVER = auto()
    PASSWORD_MISMATCH = auto()


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link would do.

    Attributes:
        purpose: of its token.
        address: that it would prove.
        needs_password: whether this browser must also show that it is the one who signed up.
    """

    purpose: Purpose
    address: str
    needs_password: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """What a link did.

    Attributes:
        purpose: of its token.
        user: whose address it is.
        transaction: the login of this browser that goes on with it, if there is one.
    """

    purpose: Purpose
    user: User
    transaction: LoginTransaction | None = None


def look(uow: UnitOfWork, text: str, browser: str | None) -> Offer | None:
    """What the link of a mail would do in this browser; None when it does nothing any more."""
    token = one_time_tokens.find(uow, text, *PROOFS)
    if token is None:
        return None
    return Offer(Purpose(token.purpose), token.bound, _needs_password(uow, token, browser))


def prove_by_link(
    uow: UnitOfWork, text: str, *, browser: str | None, password: str | None = None, session: Session | None = None
) -> Proven | Refusal:
    """Use a link up.  A refusal is returned, because its record must be committed.

    Args:
        uow: the tenant's unit.
        text: the token of the link.
        browser: secret of the browser that opened it.
        password: typed beside it, where `Offer.needs_password`.
        session: of whoever is signed in here; theirs goes on when their address changes.

    Raises:
        Throttled, PasswordGateFull: the password was not looked at.
    """
    token = one_time_tokens.find(uow, text, *PROOFS)
    if token is None:
        return Refusal.LINK_IS_OVER
    if _needs_password(uow, token, browser) and not _is_password_of(uow, token.subject_id, password or ""):
        return Refusal.PASSWORD_MISMATCH
    used = one_time_tokens.consume(uow, text, *PROOFS)
    user = None if used is None else _carry_out(uow, used, session)
    if used is None or user is None:
        return Refusal.LINK_IS_OVER
    return Proven(Purpose(used.purpose), user, _resumed(uow, used, user, browser))


def prove_by_code(uow: UnitOfWork, transaction: LoginTransaction, code: str) -> bool:
    """Use a code up in the login that waits for it.  False counts as a guess, which must be committed."""
    pending = registrations.find_pending(uow, transaction.id)
    if pending is not None:
        used = one_time_tokens.consume_code(uow, Purpose.REGISTER, pending.id, code)
        user = None if used is None else registrations.complete(uow, pending.id)
        if user is not None:
            login.prove(transaction, user.id, Method.PASSWORD)
        return user is not None
    if transaction.user_id is None:
        return False
    used = one_time_tokens.consume_code(uow, Purpose.VERIFY_EMAIL, transaction.user_id, code)
    return used is not None and _carry_out(uow, used, None) is not None


def prove_own_by_code(uow: UnitOfWork, user: User, code: str, *, session: Session) -> bool:
    """Use a code up on the account page: of a new address, or of the one that was never proven."""
    for purpose in (Purpose.CHANGE_EMAIL, Purpose.VERIFY_EMAIL):
        used = one_time_tokens.consume_code(uow, purpose, user.id, code)
        if used is not None:
            return _carry_out(uow, used, session) is not None
    return False


def awaited_address(uow: UnitOfWork, transaction: LoginTransaction) -> str | None:
    """The address whose proof this login waits for; None when it waits for none."""
    pending = registrations.find_pending(uow, transaction.id)
    if pending is not None:
        return pending.address
    if transaction.user_id is None:
        return None
    email = users.primary_email(uow, transaction.user_id)
    return email.address if email.verified_at is None else None


def ask_again(uow: UnitOfWork, transaction: LoginTransaction) -> str | None:
    """Have the proof that this login waits for mailed again; answers the address, None when it waits for none."""
    pending = registrations.find_pending(uow, transaction.id)
    if pending is not None:
        registrations.ask_for_proof(uow, pending)
    elif transaction.user_id is not None:
        ask_for_own(uow, transaction.user_id)
    return awaited_address(uow, transaction)


def ask_for_own(uow: UnitOfWork, user_id: UUID) -> None:
    """Have a mail written that lets a person prove the address they have."""
    ask(uow, Letter.VERIFY_EMAIL, user_id=str(user_id))


def write_own(uow: UnitOfWork, message_id: UUID, *, user_id: str) -> None:
    """The worker's part of `ask_for_own`."""
    user = uow.find(User, UUID(user_id))
    if user is None or user.disabled_at is not None:
        return
    email = users.primary_email(uow, user.id)
    if email.verified_at is not None:
        return
    issued = one_time_tokens.issue(
        uow, Purpose.VERIFY_EMAIL, user.id, message_id=message_id, user_id=user.id, bound=email.address
    )
    if issued is not None:
        link = f"{uow.tenant.issuer}/verify-email?token={issued.token}"
        messages.confirm_email(uow, recipient_of(user, email), link=link, code=issued.code or "")


def forget_change(uow: UnitOfWork, event: Event) -> None:
    """React to another password: an address that was asked for under the old one is not to be had any more (R34)."""
    if event.target_id is None:
        return
    theirs = OutboxMessage.payload["user_id"].astext == str(event.target_id)
    unwritten = delete(OutboxMessage).where(
        OutboxMessage.kind == Letter.CHANGE_EMAIL.value, OutboxMessage.sent_at.is_(None), theirs
    )
    uow.execute(unwritten)  # waits for a worker who is writing one, whose token goes next
    one_time_tokens.drop(uow, event.target_id, Purpose.CHANGE_EMAIL)


def ask_for_change(uow: UnitOfWork, user: User, address: str) -> None:
    """Have a mail written that lets a person prove the address they want."""
    ask(uow, Letter.CHANGE_EMAIL, user_id=str(user.id), address=address)


def write_change(uow: UnitOfWork, message_id: UUID, *, user_id: str, address: str) -> None:
    """The worker's part of `ask_for_change`: an address that is somebody's hears that, and nobody else does."""
    user = uow.find(User, UUID(user_id))
    if user is None or user.disabled_at is not None:
        return
    issued = one_time_tokens.issue(
        uow, Purpose.CHANGE_EMAIL, user.id, message_id=message_id, user_id=user.id, bound=address
    )
    if issued is None:
        return
    owner = users.find_by_email(uow, address)
    if owner is not None and owner.id != user.id:
        messages.already_registered(uow, recipient_of(owner, users.primary_email(uow, owner.id)))
    else:
        to = Recipient(address, user.profile.name, user.profile.locale)
        link = f"{uow.tenant.issuer}/verify-email?token={issued.token}"
        messages.confirm_new_email(uow, to, link=link, code=issued.code or "")


def _needs_password(uow: UnitOfWork, token: OneTimeToken, browser: str | None) -> bool:
    if token.purpose != Purpose.REGISTER:
        return False
    registration = uow.find(Registration, token.subject_id)
    return registration is None or browser is None or registration.browser_digest != digest(browser)


def _is_password_of(uow: UnitOfWork, registration_id: UUID, password: str) -> bool:
    registration = uow.find(Registration, registration_id)
    name = f"registration {registration_id}"
    reserved = throttle.reserve(uow, name)
    try:
        right = registration is not None and passwords.matches(registration.password_hash, password)
    except PasswordGateFull:
        throttle.release(uow, name, reserved)
        raise
    if right:
        throttle.clear(uow, name)
    return right


def _carry_out(uow: UnitOfWork, used: OneTimeToken, session: Session | None) -> User | None:
    """Do what a token is for, now that it is used up; None when that is not possible any more."""
    if used.purpose == Purpose.REGISTER:
        return registrations.complete(uow, used.subject_id)
    user = uow.find(User, used.subject_id)
    if user is None or user.disabled_at is not None:
        return None
    if used.purpose == Purpose.VERIFY_EMAIL:
        if users.primary_email(uow, user.id).address != used.bound:
            return None
        users.verify_email(uow, user)
        return user
    kept = session.id if session is not None and session.user_id == user.id else None
    try:
        users.change_email(uow, user, used.bound, kept_session_id=kept)
    except EmailTaken:
        return None
    throttle.clear(uow, users.canonical(used.bound))
    return user


def _resumed(uow: UnitOfWork, used: OneTimeToken, user: User, browser: str | None) -> LoginTransaction | None:
    """The login that this very browser began with its sign-up, proven; None when it is over."""
    if used.purpose != Purpose.REGISTER:
        return None
    registration = uow.get(Registration, used.subject_id)
    transaction = login.find(uow, registration.login_id, browser)
    if transaction is not None:
        login.prove(transaction, user.id, Method.PASSWORD)
    return transaction
