"""Verbs on people: create, find, list, change, disable, enable."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import ValidationError
from sqlalchemy import Row, select

from idp.db.locks import lock
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.users.errors import EmailInvalid, EmailTaken, NoSuchUser, ProfileInvalid
from idp.users.models import Profile, User, UserEmail

MAX_EMAIL = 254


def create(
    uow: UnitOfWork,
    *,
    email: str,
    verified: bool = False,
    via: str | None = None,
    user_id: UUID | None = None,
    **profile: Any,
) -> User:
    """Add a person with one primary address.

    Args:
        uow: the tenant's unit.
        email: as typed.
        verified: whether it is known to be theirs.
        via: how they came, when nobody added them: ``registration`` or ``invitation``.
        user_id: of somebody who had one before they were a user: it is that of their registration.
        profile: attributes by name.

    Raises:
        EmailInvalid, EmailTaken: the address cannot be theirs.
        ProfileInvalid: an attribute is unknown or malformed.
    """
    address = parse_email(email)
    _require_free(uow, address)
    user = uow.add(User(id=user_id or new_id(), profile=parse_profile(profile)))
    uow.flush()
    uow.add(
        UserEmail(
            user_id=user.id,
            address=address,
            canonical=canonical(address),
            is_primary=True,
            verified_at=uow.now if verified else None,
        )
    )
    events.record(uow, EventType.USER_CREATED, user, via=via)
    return user


def parse_profile(members: Mapping[str, Any]) -> Profile:
    """A profile from what was typed or sent; empty members are none.

    Raises:
        ProfileInvalid: an attribute is unknown or malformed.
    """
    try:
        return Profile.model_validate(
            {name: value for name, value in members.items() if value is not None and value != ""}
        )
    except ValidationError as refused:
        first = refused.errors()[0]
        raise ProfileInvalid(f"{first['loc'][0]}: {first['msg']}.", field=str(first["loc"][0])) from None


def update_profile(uow: UnitOfWork, user: User, changes: Mapping[str, Any]) -> None:
    """Change attributes of a profile by name; None takes one away.

    Raises:
        ProfileInvalid: an attribute is unknown or malformed.
    """
    profile = parse_profile({**user.profile.model_dump(), **changes})
    if profile == user.profile:
        return
    if profile.phone_number != user.profile.phone_number:
        user.phone_verified_at = None
    user.profile = profile
    events.record(uow, EventType.USER_UPDATED, user, changed=sorted(changes))


def verify_email(uow: UnitOfWork, user: User) -> None:
    """Write down that the primary address is this person's."""
    email = primary_email(uow, user.id)
    if email.verified_at is None:
        email.verified_at = uow.now
        events.record(uow, EventType.EMAIL_VERIFIED, user)


def change_email(
    uow: UnitOfWork, user: User, address: str, *, kept_session_id: UUID | None = None, given_back: bool = False
) -> None:
    """Give a person another address, which they have proven (R36).

    Args:
        uow: the tenant's unit.
        user: whose.
        address: as `parse_email` gave it.
        kept_session_id: the session of whoever does this, which goes on; all others end.
        given_back: whether it was theirs before, and whoever changed it was not them.

    Raises:
        EmailTaken: it is somebody else's by now.
    """
    _require_free(uow, address, but=user.id)
    email = primary_email(uow, user.id)
    before, email.address, email.canonical, email.verified_at = email.address, address, canonical(address), uow.now
    uow.flush()
    kept = str(kept_session_id) if kept_session_id else None
    events.record(uow, EventType.EMAIL_CHANGED, user, before=before, kept_session_id=kept, given_back=given_back)


def parse_email(text: str) -> str:
    """One address, normalised as it will be written to.

    Raises:
        EmailInvalid: not one address, or longer than 254 characters.
    """
    try:
        return validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as refused:
        raise EmailInvalid(f"This is not an email address: {refused}", field="email") from None


def domain_of(address: str) -> str:
    """The domain of an address as `parse_email` gave it, in ASCII and lower case."""
    return validate_email(address, check_deliverability=False, test_environment=True).ascii_domain.lower()


def canonical(address: str) -> str:
    """What two spellings of one mailbox have in common: the key of every look-up, and so always what can be stored."""
    folded = unicodedata.normalize("NFKC", address.strip()).casefold()
    return folded.replace("\x00", "\ufffd").encode(errors="replace").decode()


def mailbox_of(text: str) -> str:
    """`canonical` of the mailbox that gets a mail to `text`: a domain has endless spellings (UTS #46)."""
    try:
        return canonical(parse_email(text))
    except EmailInvalid:
        return canonical(text)


def _require_free(uow: UnitOfWork, address: str, *, but: UUID | None = None) -> None:
    lock(uow, f"email:{uow.tenant.id}:{canonical(address)}")  # whoever proves the same address at once waits here
    owner = find_by_email(uow, address)
    if owner is not None and owner.id != but:
        raise EmailTaken(f"{address} belongs to somebody in this tenant already.")


def get(uow: UnitOfWork, user_id: UUID) -> User:
    """The person with this id.

    Raises:
        NoSuchUser: nobody in this tenant has it.
    """
    user = uow.find(User, user_id)
    if user is None:
        raise NoSuchUser("There is no such person.")
    return user


def find_by_email(uow: UnitOfWork, email: str) -> User | None:
    """The person with this address, disabled or not."""
    return uow.session.scalar(
        select(User)
        .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
        .where(UserEmail.canonical == canonical(email[:MAX_EMAIL]))
    )


def get_by_email(uow: UnitOfWork, email: str) -> User:
    """The person with this address.

    Raises:
        NoSuchUser: nobody has it.
    """
    user = find_by_email(uow, email)
    if user is None:
        raise NoSuchUser(f"Nobody here has the address {email}.")
    return user


def primary_email(uow: UnitOfWork, user_id: UUID) -> UserEmail:
    """The address we write to."""
    return uow.session.scalars(select(UserEmail).where(UserEmail.user_id == user_id, UserEmail.is_primary)).one()


def list_page(uow: UnitOfWork, *, after: UUID | None = None, limit: int = 100) -> Sequence[Row[User, UserEmail]]:
    """People with their primary address, oldest first.

    Args:
        uow: the tenant's unit.
        after: id of the last row of the page before.
        limit: at most so many.
    """
    statement = (
        select(User, UserEmail)
        .join(UserEmail, (UserEmail.tenant_id == User.tenant_id) & (UserEmail.user_id == User.id))
        .where(UserEmail.is_primary)
        .order_by(User.id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(User.id > after)
    return uow.session.execute(statement).all()


def disable(uow: UnitOfWork, user: User) -> None:
    """Shut a person out, now: their sessions and grants end with it (R8)."""
    if user.disabled_at is None:
        user.disabled_at = uow.now
        events.record(uow, EventType.USER_DISABLED, user)


def enable(uow: UnitOfWork, user: User) -> None:
    """Let a disabled person sign in again; nothing that ended comes back."""
    if user.disabled_at is not None:
        user.disabled_at = None
        events.record(uow, EventType.USER_ENABLED, user)
