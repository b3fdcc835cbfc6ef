"""One-time tokens: what proves that somebody reads the mail of an address, for one purpose, once (R33).

Each has two spellings: a link with 256 random bits, and for the proof of an address a code, which is short and so lives
ten minutes and bears five guesses.  Only digests are stored.  There is one living token of a purpose and its subject,
because a newer one takes its row.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from idp.authn.models import OneTimeToken
from idp.crypto.secrets import digest, mac, matches, new_code, new_secret
from idp.db.unit import UnitOfWork

CODE_TTL = timedelta(minutes=10)
CODE_DIGITS = 8
MAX_GUESSES = 5


class Purpose(StrEnum):
    """What a token is good for, and nothing else is."""

    REGISTER = "register"
    VERIFY_EMAIL = "verify-email"
    CHANGE_EMAIL = "change-email"
    RESET_PASSWORD = "reset-password"
    INVITE = "invite"
    NOT_ME = "not-me"


TTL = {
    Purpose.REGISTER: timedelta(hours=24),
    Purpose.VERIFY_EMAIL: timedelta(hours=24),
    Purpose.CHANGE_EMAIL: timedelta(hours=24),
    Purpose.RESET_PASSWORD: timedelta(minutes=30),
    Purpose.INVITE: timedelta(days=7),
    Purpose.NOT_ME: timedelta(days=7),
}
_FRESH = {"synchronize_session": False, "populate_existing": True}
"""What the statement answers, and not what the session read before somebody superseded it."""
_WITH_CODE = frozenset({Purpose.REGISTER, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL})


@dataclass(frozen=True, slots=True)
class Issued:
    """What goes into the mail; neither half can be had again.

    Attributes:
        token: for the link.
        code: for whoever types; None where the purpose has none.
    """

    token: str
    code: str | None


def issue(
    uow: UnitOfWork,
    purpose: Purpose,
    subject_id: UUID,
    *,
    message_id: UUID,
    user_id: UUID | None = None,
    bound: str = "",
) -> Issued | None:
    """Make the one living token of `purpose` and `subject_id`.

    Args:
        uow: the tenant's unit.
        purpose: what it will be good for.
        subject_id: what it is about: a registration, an invitation, a person, an event.
        message_id: of the message that asks for it, a UUIDv7.
        user_id: whose it is, where somebody's; it goes with them.
        bound: what it was made for, such as the address that it is sent to.

    Returns:
        None when this message, or a later one, has made its token already.
    """
    token, code = new_secret("ot"), new_code(CODE_DIGITS) if purpose in _WITH_CODE else None
    values: dict[str, Any] = {
        "id": message_id,
        "user_id": user_id,
        "bound": bound,
        "token_digest": digest(token),
        "expires_at": uow.now + TTL[purpose],
        "code_digest": None if code is None else _code_digest(uow, message_id, code),
        "code_expires_at": None if code is None else uow.now + CODE_TTL,
        "guesses": 0,
        "used_at": None,
    }
    made = uow.execute(
        insert(OneTimeToken)
        .values(tenant_id=uow.tenant.id, purpose=purpose.value, subject_id=subject_id, **values)
        .on_conflict_do_update(
            index_elements=["tenant_id", "purpose", "subject_id"], set_=values, where=OneTimeToken.id < message_id
        )
        .returning(OneTimeToken.id)
    )
    return None if made.first() is None else Issued(token, code)


def find(uow: UnitOfWork, text: str, *purposes: Purpose) -> OneTimeToken | None:
    """The living token behind a link, to show what it would do.  Uses nothing up."""
    return uow.session.scalar(select(OneTimeToken).where(*_presented(uow, text, purposes)))


def consume(uow: UnitOfWork, text: str, *purposes: Purpose) -> OneTimeToken | None:
    """Use a link's token up, by one statement; None for every reason there is."""
    return uow.session.scalar(
        update(OneTimeToken).where(*_presented(uow, text, purposes)).values(used_at=func.now()).returning(OneTimeToken),
        execution_options=_FRESH,
    )


def consume_code(uow: UnitOfWork, purpose: Purpose, subject_id: UUID, code: str) -> OneTimeToken | None:
    """Use a token up by its code, however its digits are spaced.  None counts as a guess, which must be committed."""
    guessed: OneTimeToken | None = uow.session.scalar(
        update(OneTimeToken)
        .where(
            OneTimeToken.purpose == purpose.value,
            OneTimeToken.subject_id == subject_id,
            OneTimeToken.used_at.is_(None),
            OneTimeToken.code_expires_at > func.now(),
            OneTimeToken.code_expires_at > uow.not_before + CODE_TTL,
            OneTimeToken.guesses < MAX_GUESSES,
        )
        .values(guesses=OneTimeToken.guesses + 1)
        .returning(OneTimeToken),
        execution_options=_FRESH,
    )
    if guessed is None or guessed.code_digest is None:
        return None
    if not matches(guessed.code_digest, _code_digest(uow, guessed.id, re.sub(r"[\s-]", "", code))):
        return None
    guessed.used_at = uow.now  # the row is locked since the guess was counted
    return guessed


def drop(uow: UnitOfWork, user_id: UUID, *purposes: Purpose) -> None:
    """End the tokens of a person for `purposes`."""
    chosen = [purpose.value for purpose in purposes]
    uow.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id, OneTimeToken.purpose.in_(chosen)))


def outrank(uow: UnitOfWork, used: OneTimeToken) -> None:
    """End the person's other tokens of this purpose, but for those that went to another address before this one did."""
    weaker = or_(OneTimeToken.id > used.id, OneTimeToken.bound == used.bound)
    uow.execute(
        delete(OneTimeToken).where(OneTimeToken.user_id == used.user_id, OneTimeToken.purpose == used.purpose, weaker)
    )


def _presented(uow: UnitOfWork, text: str, purposes: tuple[Purpose, ...]) -> tuple[ColumnElement[bool], ...]:
    issued_since = [
        and_(OneTimeToken.purpose == purpose.value, OneTimeToken.expires_at > uow.not_before + TTL[purpose])
        for purpose in purposes
    ]
    return (
        OneTimeToken.token_digest == digest(text),
        or_(*issued_since),
        OneTimeToken.used_at.is_(None),
        OneTimeToken.expires_at > func.now(),
    )


def _code_digest(uow: UnitOfWork, token_id: UUID, code: str) -> bytes:
    return mac(uow.data_key.derive("one-time-code"), token_id.bytes, code.encode(errors="surrogatepass"))
