"""Proof Key for Code Exchange, S256 only (RFC 7636, R3)."""

import hashlib
import re

from idp.crypto.secrets import encode

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def is_challenge(text: str) -> bool:
    """Whether `text` can be an S256 challenge: 32 bytes as base64url (§4.2)."""
    return _CHALLENGE.fullmatch(text) is not None


def challenge_of(verifier: str) -> str | None:
    """The challenge that `verifier` answers; None when it is not a verifier (§4.1)."""
    if not _VERIFIER.fullmatch(verifier):
        return None
    return encode(hashlib.sha256(verifier.encode()).digest())
