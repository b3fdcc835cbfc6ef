"""Discovery documents and keys of OpenID providers, kept for a while in the process (OpenID Connect Discovery §4, R53).

What is kept is read and checked, and little of what was sent; it is used when it is stale and nothing better comes, and
keys are asked for again at most once a minute when a token names one that is unknown.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cachetools import LRUCache
from joserfc.jwk import Key

from idp.federation.errors import Reason, SignInRefused
from idp.federation.providers import claims, signatures, transport
from idp.federation.providers.base import Upstream

FRESH_SECONDS = 3600.0
REFETCH_SECONDS = 60.0
_OK = 200
_ADDRESS = re.compile(r"[\x21-\x7e]{1,2000}")
_MOST_NAMES = 100

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What we use of a discovery document; checked.

    Attributes:
        issuer: exactly the one that was asked for.
        authorization_endpoint: where browsers go.
        token_endpoint: where we go with a code.
        jwks_uri: where the keys are.
        userinfo_endpoint: where more claims are, if anywhere.
        auth_methods: of the token endpoint.
        algorithms: that ID tokens may be signed with.
        says_iss: whether every answer names the issuer (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    auth_methods: tuple[str, ...]
    algorithms: tuple[str, ...]
    says_iss: bool


@dataclass(slots=True)
class _Kept:
    """What was read, until when it is fresh, and when it was asked for last."""

    value: Any
    fresh_until: float
    asked_at: float


_kept: LRUCache[tuple[UUID, UUID, str], _Kept] = LRUCache(2_000)
_lock = threading.Lock()


def forget() -> None:
    """Forget every document; for tests, which are other processes' stand-ins."""
    with _lock:
        _kept.clear()


def discover(upstream: Upstream, issuer: str) -> Metadata:
    """The metadata of `issuer`.

    Raises:
        SignInRefused: nobody answers and nothing is kept, or the document is not one of this issuer.
    """
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    found: Metadata = _fetch(upstream, url, lambda document: _read(document, issuer))
    return found


def keys(upstream: Upstream, metadata: Metadata, *, anew: bool = False) -> tuple[Key, ...]:
    """The keys (RFC 7517 §5), not older than an hour; `anew` when a token names one that is not among them."""
    found: tuple[Key, ...] = _fetch(upstream, metadata.jwks_uri, _read_keys, anew=anew)
    return found


def _fetch(upstream: Upstream, url: str, read: Callable[[Document], Any], *, anew: bool = False) -> Any:
    key, now = (upstream.tenant_id, upstream.connection_id, url), time.monotonic()
    with _lock:
        kept = _kept.get(key)
        if kept is not None:
            if now < (kept.asked_at + REFETCH_SECONDS if anew else kept.fresh_until):
                return kept.value
            kept.asked_at = now
            kept.fresh_until = max(kept.fresh_until, now + REFETCH_SECONDS)  # others need not ask too, nor this at once
    try:
        value = read(_ask(url))
    except SignInRefused:
        if kept is None:
            raise
        return kept.value
    with _lock:
        _kept[key] = _Kept(value, now + FRESH_SECONDS, now)
    return value


def _ask(url: str) -> Document:
    answer = transport.get(url)
    where = urlsplit(url).path
    if answer.status != _OK:
        raise SignInRefused(Reason.INVALID_ANSWER, f"{where} answered HTTP {answer.status}")
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise SignInRefused(Reason.INVALID_ANSWER, f"{where} is no JSON object")
    return document


def _read(document: Document, issuer: str) -> Metadata:
    if document.get("issuer") != issuer:
        said = claims.word(document.get("issuer"))
        raise SignInRefused(
            Reason.WRONG_ISSUER, f"the discovery document names another issuer than the connection: {said}"
        )
    plain = issuer.startswith("http://")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", plain=plain),
        token_endpoint=_endpoint(document, "token_endpoint", plain=plain),
        jwks_uri=_endpoint(document, "jwks_uri", plain=plain),
        userinfo_endpoint=(
            _endpoint(document, "userinfo_endpoint", plain=plain) if "userinfo_endpoint" in document else None
        ),
        auth_methods=_strings(document, "token_endpoint_auth_methods_supported") or ("client_secret_basic",),
        algorithms=_strings(document, "id_token_signing_alg_values_supported") or ("RS256",),
        says_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _read_keys(document: Document) -> tuple[Key, ...]:
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise SignInRefused(Reason.INVALID_ANSWER, "the JWK set has no list of keys")
    return signatures.keys_of(listed)


def _endpoint(document: Document, name: str, *, plain: bool) -> str:
    """An address; `plain` http only of an issuer that is itself so, which the allow-list let through."""
    value = document.get(name)
    try:
        parts = urlsplit(value) if isinstance(value, str) and _ADDRESS.fullmatch(value) else None
        good = parts is not None and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        parts, good = None, False
    schemes = {"https", "http"} if plain else {"https"}
    if not good or parts is None or parts.scheme not in schemes or parts.fragment or "@" in parts.netloc:
        raise SignInRefused(Reason.INVALID_ANSWER, f"the discovery document has no usable {name}")
    return str(value)


def _strings(document: Document, name: str) -> tuple[str, ...]:
    value = document.get(name)
    listed = value[:_MOST_NAMES] if isinstance(value, list) else []
    return tuple(item for item in listed if isinstance(item, str) and len(item) <= _MOST_NAMES)
