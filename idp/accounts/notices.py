"""Notices: what happened to an account is told to its owner, with a way to say “this was not me” (R34, R36, R38).

Subscribers: each reacts to an event inside its transaction.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from idp.accounts import activity, letters
from idp.actor import ActorKind
from idp.authn import devices, one_time_tokens, passwords, throttle
from idp.authn.models import OneTimeToken
from idp.authn.one_time_tokens import Purpose
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.models import Event
from idp.events.types import EventType
from idp.mail import messages
from idp.mail.messages import Circumstances, Recipient, recipient_of
from idp.users import service as users
from idp.users.errors import EmailTaken
from idp.users.models import User

_WAYS_IN = frozenset(Purpose) - {Purpose.NOT_ME}


def tell(uow: UnitOfWork, event: Event, send: Callable[..., None], **values: Any) -> None:
    """Mail the person whom an event is about, at the address that they have.

    Args:
        uow: the transaction of the event.
        event: what happened.
        send: one of `idp.mail.messages`, which takes `circumstances` and `not_me`.
        values: what else it takes.
    """
    user = _person(uow, event.user_id)
    if user is None:
        return
    to = recipient_of(user, users.primary_email(uow, user.id))
    send(uow, to, circumstances=_circumstances(uow, event), not_me=_not_me(uow, event, user, to), **values)


def password_changed(uow: UnitOfWork, event: Event) -> None:
    """To whoever has another password now; one that an administrator gave to somebody new is no news."""
    is_first = bool(event.data.get("first"))
    if is_first and event.type == EventType.PASSWORD_SET:
        return
    tell(uow, event, messages.password_changed, is_first=is_first)


def email_change_requested(uow: UnitOfWork, event: Event) -> None:
    """To the address that is still theirs."""
    tell(uow, event, messages.email_change_requested, new_address=event.data["wanted"])


def email_changed(uow: UnitOfWork, event: Event) -> None:
    """To the address that was theirs; not when it was taken from them again by `disown`."""
    user = _person(uow, event.target_id)
    if user is None or event.data["given_back"]:
        return
    to = Recipient(event.data["before"], user.profile.name, user.profile.locale)
    messages.email_changed(
        uow,
        to,
        new_address=users.primary_email(uow, user.id).address,
        circumstances=_circumstances(uow, event),
        not_me=_not_me(uow, event, user, to),
    )


def device_added(uow: UnitOfWork, event: Event) -> None:
    """To whoever signed in from a new device."""
    tell(uow, event, messages.new_device)


def login_blocked(uow: UnitOfWork, event: Event) -> None:
    """To whoever's password is being guessed; whether the name is anybody's is for the worker to see (R26)."""
    letters.ask(uow, letters.Letter.LOGIN_BLOCKED, event_id=str(event.id))


def write_login_blocked(uow: UnitOfWork, message_id: UUID, *, event_id: str) -> None:
    """The worker's part of `login_blocked`."""
    event = uow.find(Event, UUID(event_id))
    user = None if event is None else _person(uow, event.target_id)
    if event is None or user is None:
        return
    to = recipient_of(user, users.primary_email(uow, user.id))
    issued = one_time_tokens.issue(
        uow, Purpose.NOT_ME, event.id, message_id=message_id, user_id=user.id, bound=to.address
    )
    if issued is not None:
        happened = Circumstances(event.occurred_at, event.ip, event.user_agent)
        messages.sign_in_blocked(
            uow,
            to,
            circumstances=happened,
            not_me=_link(uow, issued.token),
            until_recovery=event.data["failures"] >= throttle.LOCKED_AT,
        )


def deletion_requested(uow: UnitOfWork, event: Event) -> None:
    """To whoever is to be deleted.  That somebody else wants it is no sign of a thief, and asks for no “not me”."""
    user = _person(uow, event.target_id)
    if user is None or user.deletes_at is None:
        return
    to = recipient_of(user, users.primary_email(uow, user.id))
    by_another = event.actor_kind != ActorKind.SYSTEM and not activity.shows_place(event, user)
    messages.deletion_requested(
        uow,
        to,
        deletes_at=user.deletes_at,
        circumstances=_circumstances(uow, event),
        not_me=None if by_another else _not_me(uow, event, user, to),
    )


def find_disowner(uow: UnitOfWork, text: str) -> User | None:
    """Whose account the link of a notice would close to everybody; uses nothing up."""
    token = one_time_tokens.find(uow, text, Purpose.NOT_ME)
    return None if token is None else _person(uow, token.user_id)


def disown(uow: UnitOfWork, text: str) -> User | None:
    """“This was not me”: end everything, let nobody in by the password, and mail a way to make a new one.

    The way goes to the address that the notice went to; where that was changed, it is theirs again.  So a thief who
    moved the account to another address can say it too, and the owner has the last word: a link that went to the
    address before stays good.

    Returns:
        None when the link does nothing any more.
    """
    user = find_disowner(uow, text)
    if user is None:
        return None
    uow.session.refresh(user, with_for_update={"key_share": True})  # a way in that is being added is seen, and goes
    token = one_time_tokens.consume(uow, text, Purpose.NOT_ME)
    if token is None:
        return None
    is_theirs = _give_back(uow, user, token)
    user.deletes_at = None
    passwords.remove(uow, user)
    one_time_tokens.drop(uow, user.id, *_WAYS_IN)
    one_time_tokens.outrank(uow, token)
    devices.forget(uow, user.id)
    uow.flush()
    events.record(uow, EventType.USER_DISOWNED, user)
    if is_theirs:
        letters.ask(uow, letters.Letter.RECOVER, email=token.bound, by_admin=False)
    else:
        users.disable(uow, user)  # no address is left that is the owner's: an administrator has to look
    return user


def _give_back(uow: UnitOfWork, user: User, token: OneTimeToken) -> bool:
    """The address that the notice went to, when it is not the account's any more; answers whether it is now."""
    if users.primary_email(uow, user.id).address == token.bound:
        return True
    try:
        users.change_email(uow, user, token.bound, given_back=True)
    except EmailTaken:
        return False  # somebody signed up with it meanwhile, and proved it
    return True


def _person(uow: UnitOfWork, user_id: UUID | None) -> User | None:
    user = None if user_id is None else uow.find(User, user_id)
    return None if user is None or user.disabled_at is not None else user


def _circumstances(uow: UnitOfWork, event: Event) -> Circumstances:
    """What whoever it happened to may know of it: not where their administrator sits."""
    user = None if event.user_id is None else uow.find(User, event.user_id)
    shown = user is not None and activity.shows_place(event, user)
    return Circumstances(uow.now, event.ip if shown else None, event.user_agent if shown else None)


def _not_me(uow: UnitOfWork, event: Event, user: User, to: Recipient) -> str:
    uow.flush()
    issued = one_time_tokens.issue(
        uow, Purpose.NOT_ME, event.id, message_id=event.id, user_id=user.id, bound=to.address
    )
    return _link(uow, issued.token if issued else "")


def _link(uow: UnitOfWork, token: str) -> str:
    return f"{uow.tenant.issuer}/not-me?token={token}"
