"""Codes and tokens: issue, consume, rotate, revoke.  Every single-use thing is decided by one conditional statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from idp.authn.models import Session
from idp.crypto.secrets import digest, new_secret, new_seed
from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.ids import new_id
from idp.keys import signing
from idp.oauth import claims, grants, refresh_tokens, resources, scopes
from idp.oauth.claims import Subject
from idp.oauth.clients import Registration
from idp.oauth.errors import OAuthError
from idp.oauth.models import (
    AuthorizationCode,
    AuthorizationParameters,
    AuthorizationRequest,
    Client,
    Grant,
    RefreshFamily,
    RevokedToken,
)
from idp.oauth.refresh_tokens import RefreshToken
from idp.users.models import User

CODE_TTL = timedelta(seconds=60)
_REFRESH_KEY = "refresh-token"

TokenResponse = dict[str, Any]
"""Members of RFC 6749 §5.1."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh token that was good: its grant, and the token that follows it."""

    grant_id: UUID
    successor: str


def issue_code(uow: UnitOfWork, request: AuthorizationRequest, client: Client, session: Session) -> str | None:
    """Answer an authorization request with a code, exactly once; None when it was answered before (R4)."""
    won = uow.execute(
        update(AuthorizationRequest)
        .where(AuthorizationRequest.id == request.id, AuthorizationRequest.answered_at.is_(None))
        .values(answered_at=func.now())
        .returning(AuthorizationRequest.id)
    )
    if won.first() is None:
        return None
    asked: AuthorizationParameters = request.parameters
    grant = uow.add(
        Grant(
            id=new_id(),
            user_id=session.user_id,
            client_id=client.id,
            session_id=session.id,
            scope=asked.scope,
            resource=asked.resource,
            userinfo_claims=asked.userinfo_claims,
            id_token_claims=asked.id_token_claims,
            nonce=asked.nonce,
            acr=session.acr,
            amr=session.methods,
            authenticated_at=session.authenticated_at,
            expires_at=uow.now + uow.tenant.policy.refresh_absolute_ttl,
        )
    )
    uow.flush()
    code = new_secret("ac")
    uow.add(
        AuthorizationCode(
            code_digest=digest(code),
            grant_id=grant.id,
            client_id=client.id,
            redirect_uri=asked.redirect_uri,
            code_challenge=asked.code_challenge,
            expires_at=uow.now + CODE_TTL,
        )
    )
    events.record(
        uow,
        EventType.GRANT_CREATED,
        grant,
        user_id=str(grant.user_id),
        client_id=str(client.id),
        scope=grant.scope,
        session_id=str(session.id),
    )
    return code


def consume_code(
    uow: UnitOfWork, code: str, *, client_id: UUID, redirect_uri: str, code_challenge: str | None
) -> UUID | None:
    """Use a code up: one UPDATE decides client, redirect URI, challenge, time and first use together.

    Returns:
        The grant's id, or None.  A code that was used before ends its grant (RFC 6749 §4.1.2); that write must be
        committed by whoever answers the refusal.
    """
    challenge: ColumnElement[bool] = AuthorizationCode.code_challenge.is_not_distinct_from(code_challenge)
    grant_id = uow.session.scalar(
        update(AuthorizationCode)
        .where(
            AuthorizationCode.code_digest == digest(code),
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.redirect_uri == redirect_uri,
            challenge,
            AuthorizationCode.used_at.is_(None),
            AuthorizationCode.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(AuthorizationCode.grant_id),
        execution_options={"synchronize_session": False},
    )
    if grant_id is None:
        used = uow.session.scalar(
            select(AuthorizationCode.grant_id).where(
                AuthorizationCode.code_digest == digest(code), AuthorizationCode.used_at.is_not(None)
            )
        )
        if used is not None:
            grants.revoke_grant(uow, used, reason="code-replayed")
    return grant_id


def start_family(uow: UnitOfWork, grant: Grant) -> str:
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

    One UPDATE moves the family on, if this is its live generation, the grant lives, and the time is not over.
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
    idle = uow.tenant.policy.refresh_idle_ttl
    row: Any = uow.execute(
        update(RefreshFamily)
        .where(
            RefreshFamily.id == token.family_id,
            RefreshFamily.generation == token.generation,
            RefreshFamily.expires_at > func.now(),
            *_grant_lives(client_id),
        )
        .values(
            generation=RefreshFamily.generation + 1,
            rotated_at=func.now(),
            expires_at=func.least(func.now() + idle, Grant.expires_at),
        )
        .returning(RefreshFamily.seed, RefreshFamily.grant_id),
        execution_options={"synchronize_session": False},
    ).first()
    if row is None:
        return _retry(uow, token, client_id)
    seed, grant_id = row
    if not token.is_genuine(_key(uow), uow.tenant.id, seed):
        raise OAuthError("invalid_grant", "This refresh token is not good any more.")  # rolls the UPDATE back
    return Rotation(grant_id, _write(uow, token.family_id, token.generation + 1, seed))


def find_family(uow: UnitOfWork, text: str, *, live: bool) -> RefreshFamily | None:
    """The family of a genuine refresh token; with `live`, only when it is the generation that is good now."""
    token = refresh_tokens.read(text)
    family = None if token is None else uow.find(RefreshFamily, token.family_id)
    if token is None or family is None or not token.is_genuine(_key(uow), uow.tenant.id, family.seed):
        return None
    is_live = family.generation == token.generation and family.expires_at > uow.now
    return family if is_live or not live else None


def respond(
    uow: UnitOfWork,
    registration: Registration,
    subject: Subject,
    *,
    scope: Sequence[str],
    resource: Sequence[str],
    refresh_token: str | None,
) -> TokenResponse:
    """Tokens for a person's client, by what the grant allows and the request narrows."""
    narrowed, audience = resources.target(registration, uow.tenant.issuer, scope, resource or subject.grant.resource)
    response = bearer(uow, claims.for_person(uow.tenant, subject, narrowed, audience))
    if scopes.OPENID in scope:
        response["id_token"] = signing.sign(uow, claims.id_token(uow.tenant, subject), "JWT")
    if refresh_token is not None:
        response["refresh_token"] = refresh_token
    return response


def bearer(uow: UnitOfWork, token_claims: dict[str, Any]) -> TokenResponse:
    """Sign an access token and wrap it as RFC 6749 §5.1 wants it."""
    return {
        "access_token": signing.sign(uow, token_claims, "at+jwt"),
        "token_type": "Bearer",
        "expires_in": token_claims["exp"] - token_claims["iat"],
        "scope": token_claims["scope"],
    }


def revoke_access_token(uow: UnitOfWork, token_claims: dict[str, Any]) -> None:
    """Make one access token inactive wherever we are asked (RFC 7009 §2)."""
    done = uow.execute(
        insert(RevokedToken)
        .values(
            tenant_id=uow.tenant.id,
            jti=token_claims["jti"],
            expires_at=datetime.fromtimestamp(token_claims["exp"], UTC) + signing.LEEWAY,
        )
        .on_conflict_do_nothing()
        .returning(RevokedToken.jti)
    )
    if done.first() is not None:
        events.record(uow, EventType.TOKEN_REVOKED, jti=token_claims["jti"], client_id=token_claims["client_id"])


def is_revoked(uow: UnitOfWork, jti: str) -> bool:
    """Whether a machine's access token was revoked; a person's is asked of its grant."""
    return uow.session.get(RevokedToken, (uow.tenant.id, jti)) is not None


def _grant_lives(client_id: UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions that tie a family to a living grant of this client; without offline_access, to a living session."""
    return (
        Grant.tenant_id == RefreshFamily.tenant_id,
        Grant.id == RefreshFamily.grant_id,
        Grant.client_id == client_id,
        Grant.revoked_at.is_(None),
        Grant.expires_at > func.now(),
        User.tenant_id == Grant.tenant_id,
        User.id == Grant.user_id,
        User.disabled_at.is_(None),
        Session.tenant_id == Grant.tenant_id,
        Session.id == Grant.session_id,
        or_(
            Grant.scope.op("@>")([scopes.OFFLINE_ACCESS]),
            Session.ended_at.is_(None) & (Session.expires_at > func.now()),
        ),
    )


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
    grace_ends = (family.rotated_at or uow.now) + uow.tenant.policy.refresh_grace
    if token.generation == family.generation - 1 and uow.now < grace_ends:
        return Rotation(family.grant_id, _write(uow, family.id, family.generation, family.seed))
    grants.revoke_grant(uow, family.grant_id, reason="refresh-token-reused")
    return None


def _write(uow: UnitOfWork, family_id: UUID, generation: int, seed: bytes) -> str:
    return refresh_tokens.write(_key(uow), uow.tenant.id, family_id, generation, seed)


def _key(uow: UnitOfWork) -> bytes:
    return uow.data_key.derive(_REFRESH_KEY)
