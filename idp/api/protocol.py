"""What the document says of the protocol endpoints, which `idp.oauth` serves: a short entry each, and the standard."""

from collections.abc import Sequence
from typing import Any

from idp.api.tags import PROTOCOL

TENANT: dict[str, Any] = {
    "name": "tenant_slug",
    "in": "path",
    "required": True,
    "description": "Short name of the tenant.",
    "schema": {"type": "string", "pattern": "^[a-z0-9-]+$", "example": "acme"},
}
_FORM = "application/x-www-form-urlencoded"
_CLIENT: list[dict[str, list[str]]] = [{"basic": []}, {}]
_TEXT = {"type": "string"}
_ERROR = {
    "description": "RFC 6749 §5.2.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["error"],
                "properties": {"error": _TEXT, "error_description": _TEXT},
            },
            "example": {"error": "invalid_client", "error_description": "Client authentication failed."},
        }
    },
}


def paths() -> dict[str, Any]:
    """The entries, by address."""
    issuer = "/t/{tenant_slug}"
    grant = {
        "grant_type": {"type": "string", "enum": ["authorization_code", "refresh_token", "client_credentials"]},
        **dict.fromkeys(("code", "redirect_uri", "code_verifier", "refresh_token", "scope", "resource"), _TEXT),
    }
    one = {"token": _TEXT, "token_type_hint": _TEXT}
    tokens = _object(access_token=_TEXT, token_type=_TEXT, expires_in={"type": "integer"})
    return {
        f"{issuer}/oauth/token": _post("token", "Exchange a grant for tokens (RFC 6749 §3.2)", grant, tokens),
        f"{issuer}/oauth/introspect": _post(
            "introspect", "Ask whether a token is good now (RFC 7662)", one, _object(active={"type": "boolean"})
        ),
        f"{issuer}/oauth/revoke": _post("revoke", "End a token (RFC 7009)", one, None),
        f"{issuer}/oauth/userinfo": _get(
            "userinfo", "Claims about the person (OpenID Connect Core §5.3)", _object(sub=_TEXT), [{"bearer": []}]
        ),
        f"{issuer}/jwks.json": _get("jwks", "The tenant's public keys (RFC 7517 §5)", _object(keys={"type": "array"})),
        f"{issuer}/.well-known/openid-configuration": _get(
            "openid-configuration", "What the issuer can do (OpenID Connect Discovery §4)", _object(issuer=_TEXT)
        ),
    }


def _object(**members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(members), "properties": members}


def _post(name: str, summary: str, form: dict[str, Any], answer: dict[str, Any] | None) -> dict[str, Any]:
    body = {
        "type": "object",
        "required": [next(iter(form))],
        "properties": {"client_id": _TEXT, "client_secret": _TEXT, **form},
    }
    operation = _operation(name, summary, answer, _CLIENT)
    operation["requestBody"] = {"required": True, "content": {_FORM: {"schema": body}}}
    operation["responses"] |= {"400": _ERROR, "401": _ERROR}
    return {"post": operation}


def _get(
    name: str, summary: str, answer: dict[str, Any], security: Sequence[dict[str, list[str]]] = ()
) -> dict[str, Any]:
    return {"get": _operation(name, summary, answer, security)}


def _operation(
    name: str, summary: str, answer: dict[str, Any] | None, security: Sequence[dict[str, list[str]]]
) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "Done."}
    if answer is not None:
        done["content"] = {"application/json": {"schema": answer}}
    return {
        "operationId": name,
        "tags": [PROTOCOL],
        "summary": f"{summary}.",
        "parameters": [TENANT],
        "security": list(security),
        "responses": {"200": done},
    }
