"""Sign and verify JWTs: the only user of PyJWT (R6, R17).

The algorithm is pinned by the key, the key is looked up by (tenant, kid) in our own store, and ``typ`` is always
given: an ID token is never an access token.  Headers that point elsewhere (jku, x5u, x5c, jwk) are refused, as are
``crit`` and ``b64``.
"""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import jwt
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from jwt.types import Options

from idp.clock import utcnow
from idp.db.unit import UnitOfWork
from idp.ids import parse_id
from idp.keys import rsa, service
from idp.keys.errors import TokenInvalid
from idp.keys.models import SigningKey

Type = Literal["at+jwt", "JWT"]
LEEWAY = timedelta(seconds=60)
MAX_TOKEN_LENGTH = 16_384
_FOREIGN_HEADERS = frozenset({"jku", "x5u", "x5c", "x5t", "x5t#S256", "jwk", "crit", "b64", "zip", "enc"})

_private: LRUCache[tuple[UUID, str], RSAPrivateKey] = LRUCache(2_000)
_public: LRUCache[tuple[UUID, str], RSAPublicKey] = LRUCache(2_000)
_lock = threading.Lock()


def sign(uow: UnitOfWork, claims: Mapping[str, Any], typ: Type) -> str:
    """A compact JWS over `claims`, by the tenant's active key.

    Raises:
        NoActiveKey: the tenant has no key that may sign.
    """
    key = service.active(uow)
    return jwt.encode(dict(claims), _private_key(uow, key), algorithm=key.alg, headers={"typ": typ, "kid": key.kid})


def verify(uow: UnitOfWork, token: str, typ: Type, *, aud: str | None, expired_is_fine: bool = False) -> dict[str, Any]:
    """The claims of a token that this tenant signed.

    Args:
        uow: the tenant's unit; its keys and no others are tried.
        token: compact serialisation.
        typ: what it must say of itself.
        aud: must be among its audiences; None leaves the audience to the caller.
        expired_is_fine: for an ``id_token_hint``, which outlives its token and the life of its key.

    Raises:
        TokenInvalid: anything else.
    """
    kid = _kid(token, typ)
    key = next((key for key in service.published(uow) if key.kid == kid), None)
    if key is None and expired_is_fine and kid is not None:
        key = service.find_retired(uow, kid)
    if key is None:
        raise TokenInvalid("unknown key")
    options: Options = {
        "require": ["exp", "iat", "nbf", "iss", "sub", "aud"],
        "verify_aud": aud is not None,
        "verify_exp": not expired_is_fine,
        "strict_aud": False,
    }
    return _decode(token, _public_key(uow.tenant.id, key), options, aud=aud, iss=uow.tenant.issuer)


def verify_assertion(token: str, keys: list[dict[str, Any]], *, client_id: str, audiences: list[str]) -> dict[str, Any]:
    """The claims of a client's assertion (RFC 7523 §3), signed by one of its registered RSA keys.

    Raises:
        TokenInvalid: anything else.
    """
    kid = _kid(token, None)
    named = [jwk for jwk in keys if kid is None or jwk.get("kid") in {kid, None}]
    options: Options = {"require": ["exp", "jti", "iss", "sub", "aud"], "verify_aud": True}
    for jwk in named:
        try:
            claims = _decode(token, rsa.from_jwk(jwk), options, aud=audiences, iss=client_id)
        except (TokenInvalid, ValueError):
            continue
        jti, exp = claims["jti"], claims["exp"]
        if claims["sub"] != client_id or not isinstance(exp, int | float) or not isinstance(jti, str):
            break
        if not jti or not jti.isprintable():
            break
        return claims
    raise TokenInvalid("not signed by a key of this client")


def expires_in(ttl: timedelta) -> dict[str, int]:
    """``iat``, ``nbf`` and ``exp`` of a token that lives for `ttl` from now (R17)."""
    now = int(utcnow().timestamp())
    return {"iat": now, "nbf": now, "exp": now + int(ttl.total_seconds())}


def _kid(token: str, typ: Type | None) -> str | None:
    """The key that the header names, when the header is one that we would have written."""
    if len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2 or not token.isascii():  # noqa: PLR2004 - compact JWS
        raise TokenInvalid("not a compact JWS")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise TokenInvalid("unreadable header") from None
    if header.get("alg") != rsa.ALG or _FOREIGN_HEADERS & header.keys():
        raise TokenInvalid("a header that we do not accept")
    if typ is not None and header.get("typ") != typ:
        raise TokenInvalid("wrong type")
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


def _decode(token: str, key: RSAPublicKey, options: Options, *, aud: Any, iss: str) -> dict[str, Any]:
    try:
        return jwt.decode(token, key, algorithms=[rsa.ALG], options=options, audience=aud, issuer=iss, leeway=LEEWAY)
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
        raise TokenInvalid("signature or claims do not hold") from None


def _private_key(uow: UnitOfWork, key: SigningKey) -> RSAPrivateKey:
    """Parsed once, kept by (tenant, kid): parsing costs more than a hundred signatures would save."""
    name = (uow.tenant.id, key.kid)
    with _lock:
        parsed = _private.get(name)
    if parsed is None:
        if key.private_sealed is None:
            raise TokenInvalid("the key is gone")
        der = uow.data_key.unseal(key.private_sealed, table="signing_keys", column="private_sealed", row=key.id)
        parsed = rsa.from_der(der)
        with _lock:
            _private[name] = parsed
    return parsed


def _public_key(tenant_id: UUID, key: SigningKey) -> RSAPublicKey:
    name = (tenant_id, key.kid)
    with _lock:
        parsed = _public.get(name)
    if parsed is None:
        parsed = rsa.from_jwk(key.public_jwk)
        with _lock:
            _public[name] = parsed
    return parsed


def claimed_subject(token: str) -> UUID | None:
    """The ``sub`` that an unverified assertion names: where to look for the key, nothing more."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    return parse_id(claims["sub"]) if isinstance(claims.get("sub"), str) else None
