"""Which passwords a tenant accepts: length, characters, and nothing that is guessed first (R25).

No composition rules and no expiry (NIST SP 800-63B-4 §3.1.1.2); nothing is cut off.
"""

import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

from idp.authn import blocklist, breached
from idp.authn.errors import PasswordUnacceptable
from idp.crypto.passwords import MAX_LENGTH
from idp.db.unit import TenantRow
from idp.i18n import gettext as _
from idp.i18n import ngettext

PRODUCT = ("idp", "identity provider")
GUESSED_FIRST_BITS = 30
"""A password that takes fewer guesses than two to this power is refused, whatever its length."""
_LONGEST_DECOMPOSITION = 4
"""NFC composes at most so many characters of what somebody types into one (Unicode Standard Annex 15, stability)."""


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
    if len(password) > MAX_LENGTH * _LONGEST_DECOMPOSITION:
        raise _too_long()
    normal = normalise(password)
    _require_length(normal, tenant.policy.password_min_length)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in normal):
        raise _refused(_("A password cannot hold control characters."))
    _require_hard_to_guess(tenant, normal, words)
    if tenant.policy.password_check_breaches and breached.is_known(normal):
        raise _refused(_("This password is known from a data breach elsewhere. Choose another one."))
    return normal


def _require_length(password: str, minimum: int) -> None:
    if len(password) < minimum:
        raise _refused(
            ngettext("A password needs at least {n} character.", "A password needs at least {n} characters.", minimum)
        )
    if len(password) > MAX_LENGTH:
        raise _too_long()


def _require_hard_to_guess(tenant: TenantRow, password: str, words: Iterable[str]) -> None:
    host = urlsplit(tenant.issuer).hostname or ""
    known = blocklist.known_words((*PRODUCT, tenant.slug, tenant.name, host, *words))
    guess = blocklist.guess(password, known)
    if guess.bits >= GUESSED_FIRST_BITS:
        return
    if guess.by_known_words:
        raise _refused(
            _(
                "This password is too close to your email address, your name or {tenant}. "
                "Choose one that nobody can guess from them.",
                tenant=tenant.name,
            )
        )
    raise _refused(
        _(
            "This password is among the first that would be guessed. "
            "Choose another one, for example a few words that have nothing to do with each other."
        )
    )


def _too_long() -> PasswordUnacceptable:
    return _refused(
        ngettext("A password has at most {n} character.", "A password has at most {n} characters.", MAX_LENGTH)
    )


def _refused(sentence: str) -> PasswordUnacceptable:
    return PasswordUnacceptable(sentence, field="password")
