"""Access tokens: issue, revoke, and the token response around them (RFC 6749 §5.1, RFC 9068, RFC 7009)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from idp.db.unit import UnitOfWork
from idp.events import service as events
from idp.events.types import EventType
from idp.keys import signing
from idp.oauth import claims, resources, scopes
from idp.oauth.claims import Subject
from idp.oauth.clients import Registration
from idp.oauth.models import RevokedToken
from idp.rbac.effective import Rights

TokenResponse = dict[str, Any]
"""Members of RFC 6749 §5.1."""


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
    permissions = permissions_for(registration, subject.rights, audience)
    response = bearer(uow, claims.for_person(uow.tenant, subject, narrowed, audience, permissions=permissions))
    if scopes.OPENID in scope:
        response["id_token"] = signing.sign(uow, claims.id_token(uow.tenant, subject), "JWT")
    if refresh_token is not None:
        response["refresh_token"] = refresh_token
    return response


def permissions_for(registration: Registration, rights: Rights, audience: Sequence[str]) -> list[str] | None:
    """What the holder may do at the tenant's APIs that a token is for; None where nobody asks for the claim."""
    asked = [
        registration.app_permissions[resource.identifier]
        for resource in registration.resources
        if resource.identifier in audience
        and resource.identifier in registration.app_permissions
        and (registration.client.permissions_claim or resource.permissions_claim)
    ]
    return sorted(name for defined in asked for name in rights.among(defined)) if asked else None


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


def is_revoked(uow: UnitOfWork, token_claims: dict[str, Any]) -> bool:
    """Whether a token that stands on no grant was revoked, by itself or with all of its tenant (R65).

    A person's is asked of its grant.
    """
    if token_claims["iat"] <= uow.not_before.timestamp():
        return True
    return uow.session.get(RevokedToken, (uow.tenant.id, token_claims["jti"])) is not None
