"""Passwords of people: set by policy, verified in the same time whoever it is (R24–R26)."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from idp.authn import password_rules, throttle
from idp.authn.models import PasswordCredential, Session
from idp.crypto import passwords as argon2id
from idp.db.unit import TenantRow, UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.users import service as users
from idp.users.models import Profile, User

_NOBODY = UUID(int=0)


def set_password(
    uow: UnitOfWork, user: User, password: str, *, how: EventType = EventType.PASSWORD_SET, keep: Session | None = None
) -> None:
    """Give `user` a password, or another one.  Everything that the old one opened ends with it (R8).

    Args:
        uow: the tenant's unit.
        user: whose.
        password: as typed.
        how: by an administrator, by themselves (``password.changed``) or by a mailed link (``password.reset``).
        keep: the session of the person who changes it, which goes on.

    Raises:
        PasswordUnacceptable: it breaks the tenant's policy.
        PasswordGateFull: too many are being hashed right now.
    """
    replace(uow, user, hash_acceptable(uow.tenant, password, words=words_of(uow, user)), how=how, keep=keep)


def replace(uow: UnitOfWork, user: User, password_hash: str, *, how: EventType, keep: Session | None = None) -> None:
    """As `set_password`, of one that was accepted and hashed before."""
    is_first = adopt(uow, user, password_hash)
    throttle.clear(uow, users.primary_email(uow, user.id).canonical)
    events.record(uow, how, user, first=is_first, kept_session_id=str(keep.id) if keep else None)


def hash_acceptable(tenant: TenantRow, password: str, *, words: Iterable[str]) -> str:
    """The Argon2id hash of a password that the tenant accepts; nobody needs to exist yet.

    Raises:
        PasswordUnacceptable, PasswordGateFull: as `set_password`.
    """
    return argon2id.hash_password(password_rules.require_acceptable(tenant, password, words=words))


def adopt(uow: UnitOfWork, user: User, password_hash: str) -> bool:
    """Give `user` a password that was hashed before; answers whether they had none."""
    values: dict[str, Any] = {"password_hash": password_hash, "changed_at": uow.now}
    row = {"tenant_id": uow.tenant.id, "user_id": user.id, **values}
    put = insert(PasswordCredential).values(row)
    return bool(
        uow.execute(
            put.on_conflict_do_update(index_elements=["tenant_id", "user_id"], set_=values).returning(
                literal_column("xmax = 0")
            )
        ).scalar()
    )


def remove(uow: UnitOfWork, user: User) -> None:
    """Take the password away: nobody signs in with it any more, and a recovery makes another."""
    uow.execute(delete(PasswordCredential).where(PasswordCredential.user_id == user.id))


def changed_at(uow: UnitOfWork, user: User) -> datetime | None:
    """Since when the password is what it is; None when there is none."""
    credential = uow.session.get(PasswordCredential, (uow.tenant.id, user.id))
    return None if credential is None else credential.changed_at


def matches(password_hash: str, password: str) -> bool:
    """Whether this is the password behind a hash that is nobody's yet.

    Raises:
        PasswordGateFull: too many are being checked right now.
    """
    return argon2id.verify(password_hash, _bounded(password))


def verify(uow: UnitOfWork, user: User | None, password: str) -> bool:
    """Whether this is the password of an enabled person.  Takes as long for nobody as for somebody.

    Until the transaction ends nobody can change the password, so a change ends what this sign-in starts (R8).

    Raises:
        PasswordGateFull: too many are being checked right now.
    """
    normal = _bounded(password)
    key = (uow.tenant.id, _NOBODY if user is None else user.id)
    credential = uow.session.get(PasswordCredential, key, with_for_update={"read": True})
    if user is None or credential is None:
        argon2id.dummy_verify(normal)
        return False
    right = argon2id.verify(credential.password_hash, normal)
    if right and argon2id.needs_rehash(credential.password_hash):
        _strengthen(uow, credential, normal)
    return right and user.disabled_at is None


def _strengthen(uow: UnitOfWork, credential: PasswordCredential, password: str) -> None:
    """Hash anew with today's parameters, unless somebody else signs in by it just now.

    Both hold the row shared, and each would wait for the other's end to write it: the next sign-in does it.
    """
    alone = (
        select(PasswordCredential.user_id)
        .where(PasswordCredential.user_id == credential.user_id)
        .with_for_update(skip_locked=True)
    )
    if uow.session.scalar(alone) is not None:
        credential.password_hash = argon2id.hash_password(password)


def words_of(uow: UnitOfWork, user: User) -> list[str]:
    """What is known of a person, and so guessed first."""
    return words_about(users.primary_email(uow, user.id).canonical, user.profile)


def words_about(address: str, profile: Profile) -> list[str]:
    """The same of somebody who may not exist yet."""
    names = (profile.name, profile.given_name, profile.family_name, profile.nickname, profile.preferred_username)
    return [address, *filter(None, names)]


def _bounded(password: str) -> str:
    """Normalised; one that is too long to be anybody's is none."""
    normal = password_rules.normalise(password)
    return normal if len(normal) <= argon2id.MAX_LENGTH else ""
