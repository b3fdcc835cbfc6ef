"""Access tokens of ours that come back to us: userinfo and the sign-in API read them here (RFC 6750, RFC 9068 §4)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from idp import log
from idp.db.unit import UnitOfWork
from idp.keys import signing
from idp.keys.errors import TokenInvalid
from idp.oauth import grants
from idp.oauth.claims import Subject
from idp.oauth.clients import Registration, find_registration
from idp.oauth.errors import OAuthError
from idp.oauth.tokens import is_revoked


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever presented a token that is good right now.

    Attributes:
        subject: its grant and person.
        scope: of the token.
    """

    subject: Subject
    scope: list[str]


def read(authorization: str | None, *, realm: str) -> str:
    """The token in an ``Authorization`` header (RFC 6750 §2.1).

    Raises:
        OAuthError: there is none; the challenge says nothing more (§3.1).
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise OAuthError("invalid_token", "A bearer token is needed.", status=401, challenge=f'Bearer realm="{realm}"')
    return token.strip()


@dataclass(frozen=True, slots=True)
class Machine:
    """A client that presented a token of its own, which is good right now.

    Attributes:
        registration: the client, at most two seconds old.
        scope: of the token.
    """

    registration: Registration
    scope: list[str]


def authenticate(uow: UnitOfWork, text: str, *, realm: str, scope: str | None = None) -> Bearer:
    """The person and client behind a token that is for us: signature, type, audience, time, and its grant of now (R8).

    Args:
        uow: the tenant's unit.
        text: the token.
        realm: what is protected, for the challenge.
        scope: that the token must have.

    Raises:
        OAuthError: ``invalid_token``, or ``insufficient_scope`` for a machine's token and one without `scope`.
    """
    claims = verify(uow, text, realm=realm, aud=uow.tenant.issuer)
    granted = claims["scope"].split()
    if scope is not None and scope not in granted:
        raise refusal(realm, "insufficient_scope", f"The access token has no {scope} scope.", status=403)
    if "grant_id" not in claims:
        raise refusal(realm, "insufficient_scope", "The access token is not a person's.", status=403)
    return _of_person(uow, claims, realm=realm)


def authenticate_anyone(uow: UnitOfWork, claims: dict[str, Any], *, realm: str) -> Bearer | Machine:
    """Whoever is behind the claims of a verified token, a person or a machine client, as they are now (R8).

    Raises:
        OAuthError: ``invalid_token``: person, client, session, grant or the token itself has ended.
    """
    if "grant_id" in claims:
        return _of_person(uow, claims, realm=realm)
    registration = find_registration(uow, UUID(claims["client_id"]))
    if registration is None or claims["sub"] != claims["client_id"] or is_revoked(uow, claims):
        raise refusal(realm, "invalid_token", "The access token was revoked.")
    log.bind(client_id=claims["client_id"])
    return Machine(registration, claims["scope"].split())


def verify(uow: UnitOfWork, text: str, *, realm: str, aud: str) -> dict[str, Any]:
    """The claims of an access token of ours for `aud`.

    Raises:
        OAuthError: ``invalid_token``.
    """
    try:
        return signing.verify(uow, text, "at+jwt", aud=aud)
    except TokenInvalid:
        raise refusal(realm, "invalid_token", f"The access token is wrong, expired or not meant for {realm}.") from None


def _of_person(uow: UnitOfWork, claims: dict[str, Any], *, realm: str) -> Bearer:
    subject = grants.find_subject(uow, UUID(claims["grant_id"]), jti=claims["jti"])
    if subject is None:
        raise refusal(realm, "invalid_token", "The access token was revoked.")
    log.bind(client_id=str(subject.grant.client_id), user_id=str(subject.user.id))
    return Bearer(subject, claims["scope"].split())


def refusal(realm: str, error: str, detail: str, *, status: int = 401) -> OAuthError:
    """An error with the challenge of RFC 6750 §3."""
    challenge = f'Bearer realm="{realm}", error="{error}", error_description="{detail}"'
    return OAuthError(error, detail, status=status, challenge=challenge)
