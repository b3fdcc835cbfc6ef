"""Discovery, at its four addresses, and the key set (OpenID Connect Discovery §4, RFC 8414 §3, RFC 7517 §5)."""

from typing import Any

from idp.api.protocol.describe import ISSUER, answer, operation, reference, text
from idp.authn import assurance
from idp.oauth import scopes
from idp.oauth.authorize.request import PROMPTS, RESPONSE_MODES
from idp.oauth.client_authentication import METHODS
from idp.oauth.endpoints import GRANT_TYPES

_ISS = "https://id.example/t/acme"
_CONFIDENTIAL = [method for method in METHODS if method != "none"]
_ADDRESSES = {
    "authorization_endpoint": "oauth/authorize",
    "token_endpoint": "oauth/token",
    "userinfo_endpoint": "oauth/userinfo",
    "introspection_endpoint": "oauth/introspect",
    "revocation_endpoint": "oauth/revoke",
    "pushed_authorization_request_endpoint": "oauth/par",
    "end_session_endpoint": "oauth/end_session",
    "jwks_uri": "jwks.json",
}
_LISTS: dict[str, list[str]] = {
    "scopes_supported": list(scopes.STANDARD),
    "response_types_supported": ["code"],
    "response_modes_supported": list(RESPONSE_MODES),
    "grant_types_supported": list(GRANT_TYPES),
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "code_challenge_methods_supported": ["S256"],
    "token_endpoint_auth_methods_supported": list(METHODS),
    "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
    "introspection_endpoint_auth_methods_supported": _CONFIDENTIAL,
    "introspection_endpoint_auth_signing_alg_values_supported": ["RS256"],
    "revocation_endpoint_auth_methods_supported": list(METHODS),
    "revocation_endpoint_auth_signing_alg_values_supported": ["RS256"],
    "acr_values_supported": list(assurance.ACR_VALUES),
    "claim_types_supported": ["normal"],
    "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "sid", *scopes.SCOPE_OF_CLAIM],
    "prompt_values_supported": list(PROMPTS),
    "ui_locales_supported": ["en", "de", "ar"],
}
_FLAGS = {
    "claims_parameter_supported": True,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
    "require_pushed_authorization_requests": False,
    "authorization_response_iss_parameter_supported": True,
}
_EXAMPLE = {"issuer": _ISS, **{name: f"{_ISS}/{path}" for name, path in _ADDRESSES.items()}, **_LISTS, **_FLAGS}
_METADATA = {
    "type": "object",
    "description": "What the issuer can do (OpenID Connect Discovery §3, RFC 8414 §2).",
    "required": list(_EXAMPLE),
    "properties": {
        "issuer": text("As it stands in tokens, byte for byte.", format="uri"),
        **{name: text(f"`{{issuer}}/{path}`.", format="uri") for name, path in _ADDRESSES.items()},
        **{name: {"type": "array", "items": {"type": "string"}, "description": "Names."} for name in _LISTS},
        **{name: {"type": "boolean", "description": "Whether it can."} for name in _FLAGS},
    },
}
_KEY = {
    "type": "object",
    "required": ["kty", "use", "alg", "kid", "n", "e"],
    "properties": {
        "kty": text("Kind of key.", const="RSA"),
        "use": text("What for.", const="sig"),
        "alg": text("By which algorithm.", const="RS256"),
        "kid": text("Thumbprint (RFC 7638); the header of a token names it."),
        "n": text("Modulus, base64url."),
        "e": text("Exponent, base64url."),
    },
}
_KEY_SET = {
    "type": "object",
    "description": "Public keys (RFC 7517 §5).",
    "required": ["keys"],
    "properties": {"keys": {"type": "array", "items": reference("PublicKey"), "description": "In no order."}},
}
SCHEMAS = {"Metadata": _METADATA, "PublicKey": _KEY, "KeySet": _KEY_SET}

_KEYS_EXAMPLE = {
    "keys": [
        {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc…",
            "e": "AQAB",
        }
    ]
}
_ADDRESS_OF = {
    "openid-configuration": (f"{ISSUER}/.well-known/openid-configuration", "OpenID Connect Discovery §4"),
    "oauth-authorization-server": (f"{ISSUER}/.well-known/oauth-authorization-server", "RFC 8414 §5"),
    "openid-configuration-of-host": (f"/.well-known/openid-configuration{ISSUER}", "RFC 8414 §5"),
    "oauth-authorization-server-of-host": (f"/.well-known/oauth-authorization-server{ISSUER}", "RFC 8414 §3.1"),
}
_CACHED = "May be cached for five minutes; has an `ETag`. A suspended tenant serves it too: tokens stay verifiable."


def paths() -> dict[str, Any]:
    """Operations by address."""
    described = {
        path: {"get": _discovery(name, standard, path.startswith("/t/"))}
        for name, (path, standard) in _ADDRESS_OF.items()
    }
    described[f"{ISSUER}/jwks.json"] = {"get": _jwks()}
    return described


def _discovery(name: str, standard: str, below: bool) -> dict[str, Any]:
    where = "below the issuer" if below else "at the host, the issuer's path behind it"
    return operation(
        name,
        f"Show what the issuer can do, {where} ({standard}).",
        f"The same bytes at four addresses. {_CACHED}",
        answers=_cached(answer("The metadata.", reference("Metadata"), {"Acme": _EXAMPLE})),
    )


def _jwks() -> dict[str, Any]:
    return operation(
        "jwks",
        "Show the tenant's public keys (RFC 7517 §5).",
        f"Keys that sign, that will, and that did as long as tokens of theirs live. {_CACHED}",
        answers=_cached(answer("The keys.", reference("KeySet"), {"One key": _KEYS_EXAMPLE})),
    )


def _cached(good: dict[str, Any]) -> dict[str, Any]:
    headers = {"headers": {"ETag": {"$ref": "#/components/headers/ETag"}}}
    return {"200": {**good, **headers}, "304": {"description": "Not changed since `If-None-Match`."}}
