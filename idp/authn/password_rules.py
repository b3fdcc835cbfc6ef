"""Which passwords a tenant accepts: length, characters, and nothing that is guessed first (R25).

No composition rules and no expiry (NIST SP 800-63B-4 §3.1.1.2); nothing is cut off.
"""

import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from idp.authn import blocklist
from idp.authn.errors import PasswordUnacceptable
from idp.crypto.passwords import MAX_LENGTH
from idp.db.unit import TenantRow

PRODUCT = ("idp", "identity provider")
GUESSED_FIRST_BITS = 30
"""A password that takes fewer guesses than two to this power is refused, whatever its length."""


def normalise(password: str) -> str:
    """The password as it is counted and hashed: NFC, and otherwise as typed."""
    return unicodedata.normalize("NFC", password)


def require_acceptable(tenant: TenantRow, password: str, *, words: Iterable[str]) -> str:
    """The normalised password, when the tenant accepts it.

    Args:
        tenant: whose policy it is.
        password: as typed.
        words: what is known of the person: address, names.  Nobody needs to exist yet.

    Raises:
        PasswordUnacceptable: with a sentence that says what to change.
    """
    if len(password) > MAX_LENGTH * 4:
        raise _refused(f"A password has at most {MAX_LENGTH} characters.")
    normal = normalise(password)
    _require_length(normal, tenant.policy.password_min_length)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in normal):
        raise _refused("A password cannot hold control characters.")
    _require_hard_to_guess(tenant, normal, words)
    return normal


def _require_length(password: str, minimum: int) -> None:
    if len(password) < minimum:
        raise _refused(f"A password needs at least {minimum} characters.")
    if len(password) > MAX_LENGTH:
        raise _refused(f"A password has at most {MAX_LENGTH} characters.")


def _require_hard_to_guess(tenant: TenantRow, password: str, words: Iterable[str]) -> None:
    host = urlsplit(tenant.issuer).hostname or ""
    known = blocklist.known_words((*PRODUCT, tenant.slug, tenant.name, host, *words))
    guess = blocklist.guess(password, known)
    if guess.bits >= GUESSED_FIRST_BITS:
        return
    if guess.by_known_words:
        raise _refused(
            f"This password is too close to your email address, your name or {tenant.name}. "
            "Choose one that nobody can guess from them."
        )
    raise _refused(
        "This password is among the first that would be guessed. "
        "Choose another one, for example a few words that have nothing to do with each other."
    )


def _refused(sentence: str) -> PasswordUnacceptable:
    return PasswordUnacceptable(sentence, field="password")
