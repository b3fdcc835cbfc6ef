"""Refresh token families: one row each, moved on by one statement (RFC 9700 §4.14, R7)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, bindparam, func, or_, select, update

from idp.authn.models import Session
from idp.crypto.secrets import new_seed
from idp.db.unit import UnitOfWork
from idp.ids import new_id
from idp.oauth import grants, refresh_tokens, scopes
from idp.oauth.errors import OAuthError
from idp.oauth.models import Grant, RefreshFamily
from idp.oauth.refresh_tokens import RefreshToken
from idp.users.models import User

_KEY_PURPOSE = "refresh-token"

_LIVES: tuple[ColumnElement[bool], ...] = (
    RefreshFamily.expires_at > func.now(),
    Grant.tenant_id == RefreshFamily.tenant_id,
    Grant.id == RefreshFamily.grant_id,
    Grant.revoked_at.is_(None),
    Grant.expires_at > func.now(),
    Grant.authenticated_at > bindparam("not_before"),
    User.tenant_id == Grant.tenant_id,
    User.id == Grant.user_id,
    User.disabled_at.is_(None),
    Session.tenant_id == Grant.tenant_id,
    Session.id == Grant.session_id,
    Session.ended_at.is_(None),
    or_(Grant.scope.op("@>")([scopes.OFFLINE_ACCESS]), Session.expires_at > func.now()),
)
"""A family lives until its grant, its person or, by sign-out, its session ends; offline_access outlives their age."""

_ROTATE = (
    update(RefreshFamily)
    .where(
        RefreshFamily.id == bindparam("family"),
        RefreshFamily.generation == bindparam("presented"),
        Grant.client_id == bindparam("client"),
        *_LIVES,
    )
    .values(
        generation=RefreshFamily.generation + 1,
        rotated_at=func.now(),
        expires_at=func.least(func.now() + bindparam("idle", type_=Interval()), Grant.expires_at),
    )
    .returning(RefreshFamily.seed, RefreshFamily.grant_id)
    .execution_options(synchronize_session=False)
)
"""If this is the live generation of a living family, it is not any more."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh token that was good: its grant, and the token that follows it."""

    grant_id: UUID
    successor: str


def start(uow: UnitOfWork, grant: Grant) -> str:
    """The first refresh token of a grant."""
    family = uow.add(
        RefreshFamily(
            id=new_id(),
            grant_id=grant.id,
            seed=new_seed(),
            expires_at=min(uow.now + uow.tenant.policy.refresh_idle_ttl, grant.expires_at),
        )
    )
    return _write(uow, family.id, 0, family.seed)


def rotate(uow: UnitOfWork, text: str, client_id: UUID) -> Rotation | None:
    """Exchange a refresh token for its successor (R7).

    An honest retry of the generation just before, within the grace, gets the same successor again.  A genuine older
    one ends the grant, a write that must be committed by whoever answers the refusal.  A guess changes nothing.

    Returns:
        None when the token is refused.

    Raises:
        OAuthError: ``invalid_grant`` for a guess, so that its transaction is rolled back.
    """
    token = refresh_tokens.read(text)
    if token is None:
        return None
    presented = {
        "family": token.family_id,
        "presented": token.generation,
        "client": client_id,
        "idle": uow.tenant.policy.refresh_idle_ttl,
        "not_before": uow.not_before,
    }
    row: Any = uow.execute(_ROTATE, presented).first()
    if row is None:
        return _retry(uow, token, client_id)
    seed, grant_id = row
    if not token.is_genuine(_key(uow), uow.tenant.id, seed):
        raise OAuthError("invalid_grant", "This refresh token is not good any more.")  # rolls the UPDATE back
    return Rotation(grant_id, _write(uow, token.family_id, token.generation + 1, seed))


def find(uow: UnitOfWork, text: str) -> RefreshFamily | None:
    """The family of a genuine refresh token of any generation, alive or not."""
    token = refresh_tokens.read(text)
    family = None if token is None else uow.find(RefreshFamily, token.family_id)
    if token is None or family is None or not token.is_genuine(_key(uow), uow.tenant.id, family.seed):
        return None
    return family


def find_living(uow: UnitOfWork, text: str, client_id: UUID) -> tuple[RefreshFamily, Grant] | None:
    """Family and grant of a refresh token that this client could use now, in one query."""
    token = refresh_tokens.read(text)
    if token is None:
        return None
    row: Any = uow.execute(
        select(RefreshFamily, Grant).where(
            RefreshFamily.id == token.family_id,
            RefreshFamily.generation == token.generation,
            Grant.client_id == client_id,
            *_LIVES,
        ),
        {"not_before": uow.not_before},
    ).first()
    if row is None or not token.is_genuine(_key(uow), uow.tenant.id, row[0].seed):
        return None
    family, grant = row
    return family, grant


def _retry(uow: UnitOfWork, token: RefreshToken, client_id: UUID) -> Rotation | None:
    """What became of a refresh token that is not the live generation of a living family."""
    row: Any = uow.execute(
        select(RefreshFamily, Grant.client_id, Grant.revoked_at)
        .join(Grant, (Grant.tenant_id == RefreshFamily.tenant_id) & (Grant.id == RefreshFamily.grant_id))
        .where(RefreshFamily.id == token.family_id)
    ).first()
    if row is None or not token.is_genuine(_key(uow), uow.tenant.id, row[0].seed):
        return None
    family, owner, revoked_at = row
    if owner != client_id or revoked_at is not None or token.generation >= family.generation:
        return None
    if token.generation == family.generation - 1 and _is_in_grace(uow, family):
        return Rotation(family.grant_id, _write(uow, family.id, family.generation, family.seed))
    grants.revoke_grant(uow, family.grant_id, reason="refresh-token-reused")
    return None


def _is_in_grace(uow: UnitOfWork, family: RefreshFamily) -> bool:
    """Whether a retry is honest still.  No grace is none, also for a transaction older than the rotation."""
    grace = uow.tenant.policy.refresh_grace
    return bool(grace) and family.rotated_at is not None and uow.now < family.rotated_at + grace


def _write(uow: UnitOfWork, family_id: UUID, generation: int, seed: bytes) -> str:
    return refresh_tokens.write(_key(uow), uow.tenant.id, family_id, generation, seed)


def _key(uow: UnitOfWork) -> bytes:
    return uow.data_key.derive(_KEY_PURPOSE)
