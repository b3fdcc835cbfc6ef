"""Passwords of people: set by policy, verified in the same time whoever it is (R24–R26)."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from idp.authn import password_rules
from idp.authn.models import PasswordCredential
from idp.crypto import passwords as argon2id
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.users import service as users
from idp.users.models import User

_NOBODY = UUID(int=0)


def set_password(uow: UnitOfWork, user: User, password: str) -> None:
    """Give `user` a password, or another one.

    Raises:
        PasswordUnacceptable: it breaks the tenant's policy.
    """
    normal = password_rules.require_acceptable(uow.tenant, password, words=_words(uow, user))
    values: dict[str, Any] = {"password_hash": argon2id.hash_password(normal), "changed_at": uow.now}
    _upsert(uow, user.id, values)
    events.record(uow, EventType.PASSWORD_SET, user)


def verify(uow: UnitOfWork, user: User | None, password: str) -> bool:
    """Whether this is the password of an enabled person.  Takes as long for nobody as for somebody.

    Until the transaction ends nobody can change the password, so a change ends what this sign-in starts (R8).

    Raises:
        PasswordGateFull: too many are being checked right now.
    """
    normal = password_rules.normalise(password)
    if len(normal) > argon2id.MAX_LENGTH:
        normal = ""
    key = (uow.tenant.id, _NOBODY if user is None else user.id)
    credential = uow.session.get(PasswordCredential, key, with_for_update={"read": True})
    if user is None or credential is None:
        argon2id.dummy_verify(normal)
        return False
    right = argon2id.verify(credential.password_hash, normal)
    if right and argon2id.needs_rehash(credential.password_hash):
        credential.password_hash = argon2id.hash_password(normal)
    return right and user.disabled_at is None


def _words(uow: UnitOfWork, user: User) -> list[str]:
    profile = user.profile
    names = (profile.name, profile.given_name, profile.family_name, profile.nickname, profile.preferred_username)
    return [users.primary_email(uow, user.id).canonical, *filter(None, names)]


def _upsert(uow: UnitOfWork, user_id: UUID, values: dict[str, Any]) -> None:
    row = {"tenant_id": uow.tenant.id, "user_id": user_id, **values}
    uow.execute(
        insert(PasswordCredential)
        .values(row)
        .on_conflict_do_update(index_elements=["tenant_id", "user_id"], set_=values)
    )
