"""Client authentication: one function a method, exactly the registered one (RFC 6749 §2.3, RFC 7523 §2.2, R9)."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote_plus
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from idp import log
from idp.clock import utcnow
from idp.crypto.secrets import digest
from idp.db.unit import UnitOfWork
from idp.ids import parse_id
from idp.keys import signing
from idp.keys.errors import TokenInvalid
from idp.oauth.clients import Registration, find_registration
from idp.oauth.errors import InvalidClient, OAuthError
from idp.oauth.models import ClientAssertion
from idp.oauth.parameters import Parameters

JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client presented, by one method."""

    method: str
    client_id: UUID | None
    proof: str = ""


def authenticate(uow: UnitOfWork, authorization: str | None, parameters: Parameters, *, endpoint: str) -> Registration:
    """The client that sent this request.

    Args:
        uow: the tenant's unit.
        authorization: the header of that name.
        parameters: of the body.
        endpoint: URL of the endpoint, which an assertion may name as its audience, as it may the issuer and the
            token endpoint (RFC 7523 §3, RFC 9126 §2).

    Raises:
        InvalidClient: unknown, disabled, by another method than the registered one, or a wrong proof.
        OAuthError: ``invalid_request`` for more than one method at once.
    """
    credentials = _read(authorization, parameters)
    registration = find_registration(uow, credentials.client_id)
    if registration is None or registration.client.token_endpoint_auth_method != credentials.method:
        raise InvalidClient(basic=authorization is not None)
    verify = _VERIFY[credentials.method]
    if not verify(uow, registration, credentials.proof, endpoint):
        raise InvalidClient(basic=authorization is not None)
    log.bind(client_id=str(registration.client.id))
    return registration


def _read(authorization: str | None, parameters: Parameters) -> Credentials:
    """Which method was used.  RFC 6749 §2.3: not more than one."""
    secret, assertion = parameters.get("client_secret"), parameters.get("client_assertion")
    if sum(given is not None for given in (authorization, secret, assertion)) > 1:
        raise OAuthError("invalid_request", "More than one way of client authentication in one request.")
    named = parameters.get("client_id")
    client_id = parse_id(named) if named else None
    if authorization is not None:
        credentials = _read_basic(authorization)
        if named is not None and client_id != credentials.client_id:
            raise InvalidClient(basic=True)
        return credentials
    if secret is not None:
        return Credentials("client_secret_post", client_id, secret)
    if assertion is not None:
        if parameters.get("client_assertion_type") != JWT_BEARER:
            raise OAuthError("invalid_request", f"client_assertion_type must be {JWT_BEARER}.")
        return Credentials("private_key_jwt", client_id or signing.claimed_subject(assertion), assertion)
    if named is None:
        raise InvalidClient
    return Credentials("none", client_id)


def _read_basic(authorization: str) -> Credentials:
    """RFC 6749 §2.3.1: both halves are form-encoded before they are joined."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise InvalidClient(basic=True)
        name, separator, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise InvalidClient(basic=True) from None
    if not separator:
        raise InvalidClient(basic=True)
    return Credentials("client_secret_basic", parse_id(unquote_plus(name)), unquote_plus(secret))


def _verify_secret(uow: UnitOfWork, registration: Registration, secret: str, endpoint: str) -> bool:
    return registration.has_secret(secret)


def _verify_nothing(uow: UnitOfWork, registration: Registration, proof: str, endpoint: str) -> bool:
    return True


def _verify_assertion(uow: UnitOfWork, registration: Registration, assertion: str, endpoint: str) -> bool:
    """RFC 7523 §3: signed by the client, for us, fresh, and never seen before."""
    client = registration.client
    try:
        claims = signing.verify_assertion(
            assertion,
            (client.jwks or {}).get("keys", []),
            client_id=str(client.id),
            audiences=[uow.tenant.issuer, f"{uow.tenant.issuer}/oauth/token", endpoint],
        )
    except TokenInvalid:
        return False
    latest = utcnow() + MAX_ASSERTION_LIFE + signing.LEEWAY
    if claims["exp"] > latest.timestamp():
        return False
    expires_at = datetime.fromtimestamp(claims["exp"], UTC)
    first = uow.execute(
        insert(ClientAssertion)
        .values(
            tenant_id=uow.tenant.id,
            client_id=client.id,
            jti_digest=digest(claims["jti"]),
            expires_at=expires_at + signing.LEEWAY,
        )
        .on_conflict_do_nothing()
        .returning(ClientAssertion.client_id)
    )
    return first.first() is not None


_VERIFY: dict[str, Callable[[UnitOfWork, Registration, str, str], bool]] = {
    "client_secret_basic": _verify_secret,
    "client_secret_post": _verify_secret,
    "private_key_jwt": _verify_assertion,
    "none": _verify_nothing,
}
METHODS = tuple(_VERIFY)
