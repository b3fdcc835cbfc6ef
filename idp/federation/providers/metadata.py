"""Discovery documents and keys of OpenID providers, kept for a while in the process (OpenID Connect Discovery §4, R53).

What is kept is somebody else's and public; it is used when it is stale and nobody answers, and keys are asked for again
at most once a minute when a token names one that is unknown.
"""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cachetools import LRUCache

from idp.federation.errors import Reason, SignInRefused
from idp.federation.providers import transport
from idp.federation.providers.base import Upstream

FRESH_SECONDS = 3600.0
REFETCH_SECONDS = 60.0
_OK = 200
_LONGEST = 2_000

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
    document: Document
    fetched_at: float


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
    document = _fetch(upstream, issuer.rstrip("/") + "/.well-known/openid-configuration", FRESH_SECONDS)
    if document.get("issuer") != issuer:
        raise SignInRefused(Reason.WRONG_ISSUER, "the discovery document names another issuer than the connection")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        jwks_uri=_endpoint(document, "jwks_uri"),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint") if "userinfo_endpoint" in document else None,
        auth_methods=_strings(document, "token_endpoint_auth_methods_supported") or ("client_secret_basic",),
        algorithms=_strings(document, "id_token_signing_alg_values_supported") or ("RS256",),
        says_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def keys(upstream: Upstream, metadata: Metadata, *, anew: bool = False) -> Document:
    """The JWK set (RFC 7517 §5), not older than an hour; `anew` when a token names a key that is not in it."""
    return _fetch(upstream, metadata.jwks_uri, REFETCH_SECONDS if anew else FRESH_SECONDS)


def _fetch(upstream: Upstream, url: str, freshness: float) -> Document:
    key = (upstream.tenant_id, upstream.connection_id, url)
    with _lock:
        kept = _kept.get(key)
    if kept is not None and kept.fetched_at + freshness > time.monotonic():
        return kept.document
    try:
        document = _ask(url)
    except SignInRefused:
        if kept is None:
            raise
        kept.fetched_at = time.monotonic() - FRESH_SECONDS + REFETCH_SECONDS  # stale, and good enough for a minute
        return kept.document
    with _lock:
        _kept[key] = _Kept(document, time.monotonic())
    return document


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


def _endpoint(document: Document, name: str) -> str:
    value = document.get(name)
    try:
        parts = urlsplit(value) if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable() else None
        good = parts is not None and parts.scheme in {"https", "http"} and bool(parts.hostname)
    except ValueError:
        parts, good = None, False
    if not good or parts is None or parts.fragment or "@" in parts.netloc or " " in str(value):
        raise SignInRefused(Reason.INVALID_ANSWER, f"the discovery document has no usable {name}")
    return str(value)


def _strings(document: Document, name: str) -> tuple[str, ...]:
    value = document.get(name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
