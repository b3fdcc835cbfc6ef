"""Claims from rows: access token (RFC 9068 §2.2), ID token (OpenID Connect Core §2), userinfo (§5.3).

Nothing a person or a mapper sets can name a reserved claim: every name is written here (R6).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp.db.unit import TenantRow
from idp.ids import new_id
from idp.keys import signing
from idp.keys.service import LONGEST_TOKEN_TTL
from idp.oauth import scopes
from idp.oauth.models import Grant
from idp.rbac.effective import Rights
from idp.users.models import User, UserEmail


@dataclass(frozen=True, slots=True)
class Subject:
    """A living grant and its person, as one query gave them."""

    grant: Grant
    user: User
    email: UserEmail
    rights: Rights

    @property
    def roles(self) -> list[str]:
        """Names of the roles that the person holds in any way, sorted."""
        return list(self.rights.roles)


def for_machine(
    tenant: TenantRow,
    client_id: UUID,
    scope: Sequence[str],
    audience: Sequence[str],
    *,
    roles: Sequence[str] = (),
    permissions: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Claims of an access token that a client holds for itself; ``sub`` is the client."""
    token = _access_token(tenant, sub=str(client_id), client_id=client_id, scope=scope, audience=audience)
    return token | ({"roles": list(roles)} if roles else {}) | _permitted(permissions)


def for_person(
    tenant: TenantRow,
    subject: Subject,
    scope: Sequence[str],
    audience: Sequence[str],
    *,
    permissions: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Claims of an access token that a client holds for a person.

    Args:
        tenant: whose issuer signs it.
        subject: the grant and its person.
        scope: of the token.
        audience: of the token.
        permissions: what the person may do there; None where nobody asked for the claim.
    """
    grant = subject.grant
    token = _access_token(tenant, sub=str(grant.user_id), client_id=grant.client_id, scope=scope, audience=audience)
    return token | {
        "grant_id": str(grant.id),
        "roles": subject.roles,
        **_permitted(permissions),
        **_authentication(grant),
    }


def id_token(tenant: TenantRow, subject: Subject) -> dict[str, Any]:
    """Claims of an ID token for the client of the grant."""
    grant = subject.grant
    claims = {
        "iss": tenant.issuer,
        "sub": str(grant.user_id),
        "aud": str(grant.client_id),
        **signing.expires_in(LONGEST_TOKEN_TTL),
        **_authentication(grant),
    }
    if grant.nonce is not None:
        claims["nonce"] = grant.nonce
    return claims | _about(subject, grant.id_token_claims)


def userinfo(subject: Subject, scope: Iterable[str]) -> dict[str, Any]:
    """What `scope` and the request's ``claims`` member open, and ``sub``."""
    wanted = scopes.claims_of(scope) | set(subject.grant.userinfo_claims)
    return {"sub": str(subject.user.id)} | _about(subject, wanted)


def _access_token(
    tenant: TenantRow, *, sub: str, client_id: UUID, scope: Sequence[str], audience: Sequence[str]
) -> dict[str, Any]:
    return {
        "iss": tenant.issuer,
        "sub": sub,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "client_id": str(client_id),
        "jti": str(new_id()),
        "scope": " ".join(scope),
        **signing.expires_in(tenant.policy.access_token_ttl),
    }


def _permitted(permissions: Sequence[str] | None) -> dict[str, Any]:
    return {} if permissions is None else {"permissions": list(permissions)}


def _authentication(grant: Grant) -> dict[str, Any]:
    """When and how the person authenticated, honestly (RFC 9068 §2.2.1)."""
    return {
        "auth_time": int(grant.authenticated_at.timestamp()),
        "acr": grant.acr,
        "amr": grant.amr,
        "sid": str(grant.session_id),
    }


def _about(subject: Subject, wanted: Iterable[str]) -> dict[str, Any]:
    """Those of the `wanted` claims that have a value."""
    user, email = subject.user, subject.email
    known: dict[str, Any] = user.profile.model_dump(exclude_none=True)
    known["name"] = known.get("name") or " ".join(
        part for part in (user.profile.given_name, user.profile.family_name) if part
    )
    known["updated_at"] = int(user.updated_at.timestamp())
    known["email"], known["email_verified"] = email.address, email.verified_at is not None
    if user.profile.phone_number is not None:
        known["phone_number_verified"] = user.phone_verified_at is not None
    return {name: known[name] for name in sorted(wanted) if known.get(name) is not None and known[name] != ""}
