"""What operations of the document refer to: the tenant in an address, ways to authenticate, headers of answers."""

from typing import Any

from apispec.core import Components

from idp.rbac.permissions import DESCRIPTIONS, catalogue
from idp.tenants.models import SYSTEM_SLUG

TENANT: dict[str, Any] = {
    "name": "tenant_slug",
    "in": "path",
    "required": True,
    "description": "Short name of the tenant.",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,38}[a-z0-9]$"},
    "example": "acme",
}
HEADERS = {
    "RateLimit": "What is left, by limit (RateLimit header fields for HTTP).",
    "RateLimitPolicy": "The limits.",
    "ETag": "Names this state of it, for `If-Match` (RFC 9110 §8.8.3).",
    "Link": 'The next page: `<…>; rel="next"` (RFC 8288).',
    "WWWAuthenticate": "How to authenticate (RFC 9110 §11.6.1).",
    "RetryAfter": "Seconds to wait (RFC 9110 §10.2.3).",
}
_NO_IDS = {
    "slug": "Short name of the tenant.",
    "name": "Name of the connection.",
    "permission": "Its name, `resource:action`.",
}


def part(name: str) -> str:
    """What a part of an address is, by its name."""
    noun = name.removesuffix("_id").removesuffix("_slug").replace("_", " ")
    return _NO_IDS.get(name) or (f"Id of the {noun}." if name.endswith("_id") else f"Name of the {noun}.")


def add(components: Components, base_url: str) -> None:
    """Add them to a document; where a tenant's addresses are needed, they are those of ``system``."""
    for name, scheme in security_schemes(base_url, SYSTEM_SLUG).items():
        components.security_scheme(name, scheme)
    for name, description in HEADERS.items():
        components.header(name, {"description": description, "schema": {"type": "string"}})
    components.parameter(TENANT["name"], "path", TENANT)


def tenant_parameter(slug: str) -> dict[str, Any]:
    """The tenant's part of an address, filled in."""
    return {**TENANT, "example": slug, "schema": {**TENANT["schema"], "default": slug}}


def security_schemes(base_url: str, slug: str) -> dict[str, Any]:
    """Ways to authenticate, at the endpoints of the tenant `slug` and with the scopes that it has."""
    issuer = f"{base_url}/t/{slug}"
    here = catalogue(slug)
    endpoints = {
        "tokenUrl": f"{issuer}/oauth/token",
        "refreshUrl": f"{issuer}/oauth/token",
        "scopes": {permission.value: text for permission, text in DESCRIPTIONS.items() if permission.value in here},
    }
    return {
        "management": {
            "type": "oauth2",
            "description": f"Of the tenant that is managed; the addresses here are those of the tenant `{slug}`. "
            "`resource` is `{issuer}/api/v1`, and for the platform API `{base}/api/v1`.",
            "flows": {
                "authorizationCode": {"authorizationUrl": f"{issuer}/oauth/authorize", **endpoints},
                "clientCredentials": endpoints,
            },
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "at+jwt",
            "description": "Access token of a person, with our issuer in its audience (RFC 9068).",
        },
        "basic": {"type": "http", "scheme": "basic", "description": "client_id and client_secret (RFC 6749 §2.3.1)."},
    }
