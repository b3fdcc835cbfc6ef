"""Authorization codes: issued once for a request, used up by one statement (RFC 6749 §4.1.2, R4)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select, update

from idp.authn.models import Session
from idp.crypto.secrets import digest, new_secret
from idp.db.unit import UnitOfWork
from idp.oauth import grants
from idp.oauth.models import AuthorizationCode, AuthorizationParameters, AuthorizationRequest, Client

CODE_TTL = timedelta(seconds=60)

_CONSUME = (
    update(AuthorizationCode)
    .where(
        AuthorizationCode.code_digest == bindparam("digest"),
        AuthorizationCode.client_id == bindparam("client"),
        AuthorizationCode.redirect_uri == bindparam("uri"),
        AuthorizationCode.code_challenge.is_not_distinct_from(bindparam("challenge", type_=Text())),
        AuthorizationCode.used_at.is_(None),
        AuthorizationCode.expires_at > func.now(),
    )
    .values(used_at=func.now())
    .returning(AuthorizationCode.grant_id)
    .execution_options(synchronize_session=False)
)


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
    grant = grants.start(
        uow,
        client,
        session,
        scope=asked.scope,
        resource=asked.resource,
        userinfo_claims=asked.userinfo_claims,
        id_token_claims=asked.id_token_claims,
        nonce=asked.nonce,
    )
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
    return code


def consume_code(
    uow: UnitOfWork, code: str, *, client_id: UUID, redirect_uri: str, code_challenge: str | None
) -> UUID | None:
    """Use a code up: one UPDATE decides client, redirect URI, challenge, time and first use together.

    Returns:
        The grant's id, or None.  A code that was used before ends its grant (RFC 6749 §4.1.2); that write must be
        committed by whoever answers the refusal.
    """
    presented = {"digest": digest(code), "client": client_id, "uri": redirect_uri, "challenge": code_challenge}
    grant_id: UUID | None = uow.execute(_CONSUME, presented).scalar()
    if grant_id is None:
        used = uow.session.scalar(
            select(AuthorizationCode.grant_id).where(
                AuthorizationCode.code_digest == presented["digest"], AuthorizationCode.used_at.is_not(None)
            )
        )
        if used is not None:
            grants.revoke_grant(uow, used, reason="code-replayed")
    return grant_id
