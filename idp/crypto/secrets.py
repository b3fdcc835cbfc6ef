"""Opaque 256-bit secrets and what is stored of them: a SHA-256, compared in constant time (R4, R9, R37).

A random secret needs no password hash: there is nothing to guess.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Literal

Kind = Literal["cs", "ac", "ss", "br", "ru", "rt", "pw", "ot", "tx", "fs"]
"""cs client secret, ac authorization code, ss session, br browser, ru request URI, rt refresh token, pw password,
ot one-time token, tx transaction of the sign-in API, fs state of an upstream sign-in."""

SECRET_BYTES = 32


def new_secret(kind: Kind) -> str:
    """A fresh secret, ``idp_<kind>_<base64url of 32 random bytes>``."""
    return f"idp_{kind}_{encode(secrets.token_bytes(SECRET_BYTES))}"


def new_seed() -> bytes:
    """32 random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def new_code(digits: int) -> str:
    """Random decimal digits, for people to type."""
    return f"{secrets.randbelow(10**digits):0{digits}}"


def new_nonce() -> str:
    """128 random bits as base64url, for a page's CSP nonce."""
    return encode(secrets.token_bytes(16))


def digest(secret: str) -> bytes:
    """SHA-256 of a random secret (32 bytes): the only form of it that is stored."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()


def mac(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA256 over length-prefixed `parts`, so that no two lists of parts collide."""
    return hmac.digest(key, b"".join(len(part).to_bytes(4) + part for part in parts), "sha256")


def matches(left: bytes, right: bytes) -> bool:
    """Whether two digests are equal, in constant time."""
    return hmac.compare_digest(left, right)


def encode(raw: bytes) -> str:
    """Base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Undo `encode`; exactly one spelling of each value is accepted.

    Raises:
        ValueError: not canonical base64url.
    """
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(raw) != text:
        raise ValueError("not canonical base64url")
    return raw
