"""The scope catalogue: standard scopes, the claims behind them (OpenID Connect Core §5.4), and narrowing (R11)."""

import re
from collections.abc import Iterable

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"

CLAIMS: dict[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
}
"""Which claims each scope opens."""

STANDARD = (OPENID, *CLAIMS, OFFLINE_ACCESS)
SCOPE_OF_CLAIM = {claim: scope for scope, claims in CLAIMS.items() for claim in claims}

_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")


def parse(text: str) -> list[str] | None:
    """Scope tokens in order, each once (RFC 6749 §3.3); None when it is malformed."""
    tokens = list(dict.fromkeys(text.split(" ")))
    return tokens if all(_TOKEN.fullmatch(token) for token in tokens) else None


def is_scope(text: str) -> bool:
    """Whether `text` is one scope token."""
    return _TOKEN.fullmatch(text) is not None


def narrow(requested: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Those of `requested` that are `allowed`, in the order asked for; never more than either."""
    limit = set(allowed)
    return [scope for scope in dict.fromkeys(requested) if scope in limit]


def claims_of(scope: Iterable[str]) -> set[str]:
    """The claims that the standard scopes among `scope` open."""
    return {claim for name in scope for claim in CLAIMS.get(name, ())}
