"""The OpenAPI document, and the blueprint whose operations describe themselves in it (OpenAPI 3.1, RFC 9457)."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, cast

from flask import Flask, Response
from flask_smorest import Api, Blueprint
from marshmallow import Schema

from idp.api import auth, protocol
from idp.api.bodies import StrictParser
from idp.api.problems import CATALOGUE, MEDIA_TYPE, TITLES, example_of
from idp.api.schemas import Problem

View = Callable[..., Response]
Answers = Mapping[int, tuple[type[Schema] | tuple[type[Schema], ...] | None, Any]]
"""Status → schema, or alternatives, or None for no body; and an example of each."""

_READS_BODY = ("body-malformed", "unsupported-media-type", "body-invalid")
_OF_CLIENT = ("invalid-request", "invalid-client", "direct-sign-in-not-allowed", "too-many-requests")
_OF_BEARER = ("invalid-token", "insufficient-scope", "direct-sign-in-not-allowed", "too-many-requests")
_LIMITED = {
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
}
SIGN_IN, ACCOUNT, SESSIONS = "Sign-in", "Account", "Sessions"
TAGS = {
    SIGN_IN: "Come in, stay, leave: for clients that may sign people in directly.",
    ACCOUNT: "What whoever is signed in may see and change of themselves.",
    SESSIONS: "Where they are signed in.",
    protocol.TAG: "OAuth 2.1 and OpenID Connect, for every client.",
}
DESCRIPTION = """\
Every tenant is an issuer of its own, `{base}/t/{tenant_slug}`.

The **sign-in API** is for first-party applications that ask for the password themselves: clients that are registered
with `first_party` and `direct_sign_in`. Whoever can, should send people to the hosted pages instead. It takes bearer
tokens only: no cookie is read or set.

Bodies are one JSON object of at most 64 KiB; unknown members, repeated members and wrong types are refused. Errors are
`application/problem+json` (RFC 9457): `code` is stable, `detail` is a sentence in the language of `Accept-Language`,
`errors` names members by JSON pointer. `429` and `503` carry `Retry-After`. Beside what it lists, any operation may
answer 404 for an unknown tenant, 403 `tenant-suspended`, 405, 413 for a body that is too large, 500, and 503
`unavailable`.
"""


class Operations(Blueprint):  # type: ignore[misc]
    """A blueprint of operations."""

    ARGUMENTS_PARSER = StrictParser()

    def operation(
        self,
        method: str,
        rule: str,
        *,
        tag: str,
        answers: Answers,
        refuses: Iterable[str] = (),
        body: tuple[type[Schema], dict[str, Any]] | None = None,
        bearer: bool = False,
        headers: Iterable[dict[str, Any]] = (),
    ) -> Callable[[View], View]:
        """Serve a view at `rule`, and describe it; its docstring is summary and description.

        Args:
            method: of HTTP.
            rule: below the blueprint's prefix.
            tag: one of `TAGS`.
            answers: what it says when all is well.
            refuses: codes of its own errors, from `idp.api.problems.CATALOGUE`.
            body: schema and example of what it takes; the view gets it loaded.
            bearer: whether it wants an access token; the view then gets an `idp.api.auth.Caller` first.
            headers: further parameters of the document.
        """

        def decorate(view: View) -> View:
            call = view
            if body is not None:
                call = self.arguments(body[0], example=body[1])(call)
            served = _authenticated(call) if bearer else call
            known = getattr(call, "_apidoc", {})
            known.get("arguments", {}).pop("responses", None)
            codes = (*(_OF_BEARER if bearer else _OF_CLIENT), *(_READS_BODY if body else ()), *refuses)
            responses = {status: _answer(status, *answer) for status, answer in answers.items()} | _refusals(codes)
            security: list[dict[str, list[str]]] = [{"bearer": []}] if bearer else [{"basic": []}, {}]
            document = self.doc(
                operationId=view.__name__.replace("_", "-"),
                security=security,
                responses=responses,
                **({"parameters": list(headers)} if headers else {}),
            )
            self.route(rule, methods=[method], endpoint=view.__name__, tags=[tag])(document(served))
            return view

        return decorate


class Document(Api):  # type: ignore[misc]
    """The document; errors stay with us."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_error_handlers(self) -> None:
        """None: `idp.http.problems` answers them all."""

    def _register_responses(self) -> None:
        """None: every operation names its own."""

    def _register_pagination_header(self) -> None:
        """None: nothing here has pages."""

    def describe(self, blueprint: Operations) -> None:
        """Serve a blueprint and describe it; its operations name their tags themselves."""
        self._app.register_blueprint(blueprint)
        parameters = [protocol.TENANT]
        blueprint.register_views_in_doc(self, self._app, self.spec, name=blueprint.name, parameters=parameters)


def install(app: Flask, blueprints: Iterable[Operations], *, base_url: str) -> Document:
    """Serve `blueprints` and describe them.

    Args:
        app: the application.
        blueprints: of operations.
        base_url: of the installation.
    """
    app.config |= {"API_TITLE": "idp", "API_VERSION": "1", "OPENAPI_VERSION": "3.1.0"}
    options = {"info": {"description": DESCRIPTION}, "servers": [{"url": base_url}], "paths": protocol.paths()}
    document = Document(app, spec_kwargs=options)
    components = document.spec.components
    components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt"})
    components.security_scheme(
        "basic", {"type": "http", "scheme": "basic", "description": "client_id and client_secret (RFC 6749 §2.3.1)."}
    )
    components.header("RateLimit", {"description": "What is left, by limit.", "schema": {"type": "string"}})
    components.header("RateLimitPolicy", {"description": "The limits.", "schema": {"type": "string"}})
    components.schema("Problem", schema=Problem)
    for name, description in TAGS.items():
        document.spec.tag({"name": name, "description": description})
    for blueprint in blueprints:
        document.describe(blueprint)
    return document


def _authenticated(view: View) -> View:
    @wraps(view)
    def guarded(**arguments: Any) -> Response:
        return view(auth.caller(), **arguments)

    return cast("View", guarded)


def _answer(status: int, schema: type[Schema] | tuple[type[Schema], ...] | None, example: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"description": _MEANING[status], "headers": _LIMITED}
    if schema is not None:
        content: Any = {"oneOf": list(schema)} if isinstance(schema, tuple) else schema
        shown = {"examples": example} if isinstance(schema, tuple) else {"example": example}
        said["content"] = {"application/json": {"schema": content, **shown}}
    return said


_MEANING = {200: "Done.", 202: "Taken; something is still to come.", 204: "Done; there is nothing to say."}


def _refusals(codes: Iterable[str]) -> dict[int, Any]:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(CATALOGUE[code][0], []).append(code)
    return {
        status: {
            "description": f"{TITLES[status]}: {', '.join(f'`{code}`' for code in named)}.",
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"value": example_of(code)} for code in named},
                }
            },
        }
        for status, named in sorted(by_status.items())
    }
