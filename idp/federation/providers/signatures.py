"""Keys of OpenID providers, and what they signed (RFC 7515, RFC 7517), as RFC 8725 wants it."""

import copy
from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from joserfc.jws import JWSRegistry

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures with a public key and nothing else: no `none`, and no secret that both sides know (RFC 8725 §3.1)."""
MAX_KEYS = 50
_PUBLIC = ("kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops")
_KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
_LONGEST = 2_000
FAULTS = (JoseError, ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError)
"""What joserfc and cryptography raise for values that are none."""


def _known() -> dict[str, Any]:
    """The algorithms above; without joserfc's warning that a name of RFC 8037 has become another in RFC 9864."""
    known = {name: copy.copy(JWSRegistry.algorithms[name]) for name in ALGORITHMS}
    known["EdDSA"].security_warning = None
    return known


class _Registry(JWSRegistry):
    """Members of a header that we do not know are passed over, unless they are critical (RFC 7515 §4)."""

    algorithms: ClassVar[dict[str, Any]] = _known()  # type: ignore[misc]
    max_header_length = 8_192  # some send the chain of their certificates


def keys_of(entries: Sequence[object]) -> tuple[Key, ...]:
    """Those keys of a JWK set with which only their owner can sign; one that is malformed does not spoil the others."""
    found = (_key(entry) for entry in entries[:MAX_KEYS])
    return tuple(key for key in found if key is not None)


def read(text: str, keys: Collection[Key], algorithms: Collection[str]) -> jwt.Token:
    """The token in `text`, if one of `keys` signed it with one of `algorithms`.

    Raises:
        ValueError: nobody whom we know did; with the kind of the fault.
    """
    allowed = [name for name in ALGORITHMS if name in algorithms]
    if not allowed or not keys:  # of none the library makes its own choice
        raise ValueError("NoAlgorithm" if keys else "NoKey")
    registry = _Registry(algorithms=allowed, strict_check_header=False)
    try:
        return jwt.decode(text, KeySet(list(keys)), registry=registry)
    except FAULTS as fault:
        raise ValueError(type(fault).__name__) from None


def _key(entry: object) -> Key | None:
    try:
        return _parsed(entry) if isinstance(entry, dict) else None
    except FAULTS:
        return None


def _parsed(entry: dict[str, Any]) -> Key | None:
    if entry.get("kty") not in _KEY_TYPES or "d" in entry:
        return None
    members = {name: entry[name] for name in _PUBLIC if name in entry}
    if members.get("use", "sig") != "sig" or any(len(str(value)) > _LONGEST for value in members.values()):
        return None
    key = JWKRegistry.import_key(members)
    key.ensure_kid()
    return key
