"""RSA key pairs as we store them: PKCS #8 to seal, a public JWK to publish (RFC 7517), a thumbprint to name them."""

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    RSAPublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from idp.crypto.secrets import decode, encode

ALG = "RS256"


def generate(bits: int) -> RSAPrivateKey:
    """A new key pair; 50 to 300 ms for 2048 bits."""
    return generate_private_key(public_exponent=65537, key_size=bits)


def to_der(private: RSAPrivateKey) -> bytes:
    """PKCS #8, unencrypted: only ever handed to `DataKey.seal`."""
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def from_der(der: bytes) -> RSAPrivateKey:
    """Undo `to_der`, without the 36 ms of validation: the sealed blob was authenticated (design.md §4)."""
    key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - nothing else is ever sealed in this column
    return key


def public_jwk(public: RSAPublicKey) -> dict[str, Any]:
    """The public members, and no others (R20)."""
    numbers = public.public_numbers()
    required = {"e": _integer(numbers.e), "kty": "RSA", "n": _integer(numbers.n)}
    canonical = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    return required | {"use": "sig", "alg": ALG, "kid": encode(hashlib.sha256(canonical).digest())}


def from_jwk(jwk: dict[str, Any]) -> RSAPublicKey:
    """The public key of an RSA JWK.

    Raises:
        ValueError: not an RSA public JWK of at least 2048 bits.
    """
    if jwk.get("kty") != "RSA" or not isinstance(jwk.get("n"), str) or not isinstance(jwk.get("e"), str):
        raise ValueError("not an RSA public key")
    numbers = RSAPublicNumbers(int.from_bytes(decode(jwk["e"])), int.from_bytes(decode(jwk["n"])))
    key = numbers.public_key()
    if key.key_size < 2048:  # noqa: PLR2004 - the floor of RFC 7518 §3.3
        raise ValueError("an RSA key of fewer than 2048 bits")
    return key


def _integer(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8))
