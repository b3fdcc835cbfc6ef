"""The form of every entry: an operation, its form, what it answers, and what it refuses (RFC 6749 §5.2)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from idp.api.components import TENANT
from idp.api.tags import PROTOCOL
from idp.oauth.client_authentication import JWT_BEARER

ISSUER = "/t/{tenant_slug}"
FORM = "application/x-www-form-urlencoded"
Fault = tuple[int, str, str]
"""Status, registered name, and a sentence."""

FAULT: dict[str, Any] = {
    "type": "object",
    "description": "An error of the protocol (RFC 6749 §5.2).",
    "required": ["error", "error_description"],
    "properties": {
        "error": {"type": "string", "description": "Registered name; for programs."},
        "error_description": {"type": "string", "description": "A sentence for developers."},
    },
}
INVALID_REQUEST: Fault = (400, "invalid_request", "The parameter scope was sent more than once.")
INVALID_CLIENT: Fault = (401, "invalid_client", "Client authentication failed.")
SUSPENDED: Fault = (403, "access_denied", "Signing in at Acme is suspended. Ask your administrator.")
TOO_OFTEN: Fault = (429, "temporarily_unavailable", "That was too often in a short time. Try again in 12 seconds.")
UNAVAILABLE: Fault = (503, "temporarily_unavailable", "We can’t do that right now. Nothing was changed.")
OF_EVERY_FORM = (INVALID_REQUEST, INVALID_CLIENT, SUSPENDED, TOO_OFTEN, UNAVAILABLE)
_MEANING = {
    400: "Refused",
    401: "Not authenticated",
    403: "Not allowed",
    429: "Too often",
    503: "Not now",
}
_HEADERS = {401: "WWWAuthenticate", 429: "RetryAfter", 503: "RetryAfter"}
_HEADER_NAMES = {"WWWAuthenticate": "WWW-Authenticate", "RetryAfter": "Retry-After"}

CLIENT_SECURITY: list[dict[str, list[str]]] = [{"basic": []}, {}]
"""HTTP Basic, or members of the form, or a public client's id alone."""


def text(description: str, **more: Any) -> dict[str, Any]:
    """Schema of a text."""
    return {"type": "string", "description": description, **more}


CLIENT_FIELDS = {
    "client_id": text("Of a client that does not use HTTP Basic.", format="uuid"),
    "client_secret": text("`client_secret_post`.", format="password"),
    "client_assertion_type": text("`private_key_jwt` (RFC 7523 §2.2).", const=JWT_BEARER),
    "client_assertion": text("JWT that the client signed, for this endpoint, at most five minutes long."),
}
RESOURCE = {
    "type": "array",
    "items": {"type": "string", "format": "uri"},
    "description": "Identifier of an API that the token is for; may come more than once (RFC 8707).",
}


def operation(
    name: str,
    summary: str,
    description: str,
    *,
    answers: Mapping[str, Any],
    security: Sequence[Mapping[str, list[str]]] = (),
    parameters: Iterable[Mapping[str, Any]] = (),
    body: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """One operation of a tenant's issuer."""
    return {
        "operationId": name,
        "tags": [PROTOCOL],
        "summary": summary,
        "description": description,
        "parameters": [{"$ref": f"#/components/parameters/{TENANT['name']}"}, *parameters],
        "security": list(security),
        **({} if body is None else {"requestBody": body}),
        "responses": dict(answers),
    }


def form(
    fields: Mapping[str, Any], examples: Mapping[str, Any], *, required: Iterable[str] = (), **more: Any
) -> dict[str, Any]:
    """A body of form fields.

    Args:
        fields: schemas by name.
        examples: by title, each the fields that it sends.
        required: names of the fields that must come.
        more: further members of the schema.
    """
    schema = {
        "type": "object",
        "properties": dict(fields),
        **({"required": list(required)} if required else {}),
        **more,
    }
    shown = {title: {"summary": title, "value": value} for title, value in examples.items()}
    return {"required": True, "content": {FORM: {"schema": schema, "examples": shown}}}


def query(fields: Mapping[str, Any], *, required: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The same fields as parameters of the query."""
    needed = set(required)
    return [
        {
            "name": name,
            "in": "query",
            "description": schema["description"],
            **({"required": True} if name in needed else {}),
            "schema": {key: value for key, value in schema.items() if key != "description"},
        }
        for name, schema in fields.items()
    ]


def answer(
    description: str, schema: Mapping[str, Any] | None = None, examples: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A good answer; JSON where it has a schema."""
    if schema is None:
        return {"description": description}
    shown = {title: {"summary": title, "value": value} for title, value in (examples or {}).items()}
    return {"description": description, "content": {"application/json": {"schema": dict(schema), "examples": shown}}}


def page(description: str) -> dict[str, Any]:
    """An answer for people."""
    return {"description": description, "content": {"text/html": {"schema": {"type": "string"}}}}


def see_other(description: str, example: str) -> dict[str, Any]:
    """A redirect."""
    location = {"description": "Where the browser goes.", "schema": {"type": "string", "format": "uri"}}
    return {"description": description, "headers": {"Location": {**location, "example": example}}}


def reference(name: str) -> dict[str, str]:
    """A schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def refusals(faults: Iterable[Fault]) -> dict[str, Any]:
    """Errors by status, with an example of each."""
    by_status: dict[int, dict[str, Any]] = {}
    for status, error, detail in faults:
        by_status.setdefault(status, {})[error] = {"value": {"error": error, "error_description": detail}}
    return {
        str(status): {
            "description": f"{_MEANING[status]}: {', '.join(f'`{error}`' for error in examples)}.",
            **_headers(status),
            "content": {"application/json": {"schema": reference("ProtocolError"), "examples": examples}},
        }
        for status, examples in sorted(by_status.items())
    }


def _headers(status: int) -> dict[str, Any]:
    if status not in _HEADERS:
        return {}
    name = _HEADERS[status]
    return {"headers": {_HEADER_NAMES[name]: {"$ref": f"#/components/headers/{name}"}}}
