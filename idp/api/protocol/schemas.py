"""What the token endpoint and its neighbours answer (RFC 6749 §5.1, RFC 7662 §2.2, OpenID Connect Core §5.1)."""

from typing import Any

from idp.api.protocol.describe import text
from idp.oauth import scopes

_SECONDS = {"type": "integer", "description": "Seconds since 1970."}
_NAMES = {"type": "array", "items": {"type": "string"}}

TOKENS = {
    "type": "object",
    "description": "RFC 6749 §5.1.",
    "required": ["access_token", "token_type", "expires_in", "scope"],
    "properties": {
        "access_token": text("JWT (RFC 9068)."),
        "token_type": text("As it stands before it in `Authorization`.", const="Bearer"),
        "expires_in": {"type": "integer", "description": "Seconds."},
        "scope": text("Space-separated: what was given, of what was asked for."),
        "id_token": text("JWT, where the scope has `openid`."),
        "refresh_token": text("Where the client is registered for that grant; a new one every time."),
    },
}
INTROSPECTION = {
    "type": "object",
    "description": "RFC 7662 §2.2. Of a token that is not good now, or none of the caller's business: `active` alone.",
    "required": ["active"],
    "properties": {
        "active": {"type": "boolean", "description": "Whether it is good right now."},
        "token_type": text("Of an access token."),
        "iss": text("The issuer."),
        "sub": text("Person, or machine client."),
        "aud": {"type": ["string", "array"], "items": {"type": "string"}, "description": "What it is for."},
        "client_id": text("Of whom it was issued to."),
        "jti": text("Of this token alone."),
        "scope": text("Space-separated."),
        "iat": _SECONDS,
        "exp": _SECONDS,
        "grant_id": text("The authorization that it belongs to."),
        "sid": text("The session that it belongs to."),
        "auth_time": _SECONDS,
        "acr": text("How well the person was authenticated."),
        "amr": {**_NAMES, "description": "By which methods (RFC 8176)."},
        "roles": {**_NAMES, "description": "Roles of now."},
        "permissions": {**_NAMES, "description": "Of the application's own, of now, where the token has them."},
    },
}
_OTHERS: dict[str, Any] = {
    "email_verified": {"type": "boolean", "description": "Whether the address is proven."},
    "phone_number_verified": {"type": "boolean", "description": "Whether the number is proven."},
    "updated_at": _SECONDS,
    "address": {
        "type": "object",
        "description": "Postal address (§5.1.1).",
        "additionalProperties": {"type": "string"},
    },
}
USERINFO = {
    "type": "object",
    "description": "Standard claims (OpenID Connect Core §5.1), as far as scope and `claims` open them.",
    "required": ["sub"],
    "properties": {
        "sub": text("The person, for ever."),
        **{name: _OTHERS.get(name, text(f"Scope `{scope}`.")) for name, scope in scopes.SCOPE_OF_CLAIM.items()},
    },
}
SCHEMAS: dict[str, dict[str, Any]] = {"TokenResponse": TOKENS, "Introspection": INTROSPECTION, "Userinfo": USERINFO}
"""By name, for the document."""
