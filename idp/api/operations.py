"""A blueprint whose operations describe themselves, and check what comes before the view sees it (OpenAPI 3.1, R47)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from flask_smorest import Blueprint
from flask_smorest.utils import load_info_from_docstring
from marshmallow import Schema

from idp.api.bodies import StrictParser
from idp.api.problems import CATALOGUE, MEDIA_TYPE, OUTAGE, TITLES, example_of

View = Callable[..., Any]
Answers = Mapping[int, tuple[type[Schema] | tuple[type[Schema], ...] | None, Any]]
"""Status → schema, or alternatives, or None for no body; and an example of each."""

READS_BODY = ("body-malformed", "body-too-large", "unsupported-media-type", "body-invalid")
READS_QUERY = ("query-invalid",)
_LIMITED = {
    "RateLimit": {"$ref": "#/components/headers/RateLimit"},
    "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_RETRY_AFTER = {"headers": {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}}
_REFUSAL_HEADERS = {
    401: {"headers": {"WWW-Authenticate": {"$ref": "#/components/headers/WWWAuthenticate"}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
_MEANING = {
    200: "Done.",
    201: "Made.",
    202: "Taken; something is still to come.",
    204: "Done; there is nothing to say.",
}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an operation.

    Attributes:
        enter: authenticates and authorises; its answer is the view's first argument.  None leaves it to the view.
        security: of the document.
        refuses: codes of what may go wrong with it.
        permission: that it needs, where it needs one.
    """

    enter: Callable[[], Any] | None
    security: list[dict[str, list[str]]]
    refuses: tuple[str, ...]
    permission: str | None = None


class Operations(Blueprint):  # type: ignore[misc]
    """A blueprint of operations."""

    ARGUMENTS_PARSER = StrictParser()

    def serve(  # noqa: PLR0913 - the same for every kind of operation
        self,
        method: str,
        rule: str,
        *,
        access: Access,
        tag: str,
        answers: Answers,
        refuses: Iterable[str] = (),
        body: tuple[type[Schema], Any] | None = None,
        query: type[Schema] | None = None,
        parameters: Iterable[dict[str, Any]] = (),
        headers: Mapping[str, dict[str, Any]] | None = None,
        around: Callable[[View], View] | None = None,
        takes: Iterable[str] = (),
    ) -> Callable[[View], View]:
        """Serve a view at `rule`, and describe it; its docstring is summary and description.

        The view is called with what `access` gives, the query loaded, the body loaded, and the path's parts by name.

        Args:
            method: of HTTP.
            rule: below the blueprint's prefix.
            access: who may call.
            tag: one of the document's.
            answers: what it says when all is well.
            refuses: codes of its own errors, from `idp.api.problems.CATALOGUE`.
            body: schema and example of what it takes.
            query: schema of what stands behind the question mark; nothing may, where there is none.
            parameters: further ones of the document.
            headers: further ones of its good answers.
            around: what happens between the authentication and the reading of the request.
            takes: media types of a body that is no JSON, and that the view reads itself.
        """

        def decorate(view: View) -> View:
            call = view
            if body is not None:
                call = self.arguments(body[0], example=body[1])(call)
            if query is not None:
                call = self.arguments(query, location="query")(call)
            if around is not None:
                call = wraps(call)(around(call))
            served = call if access.enter is None else _entered(call, access.enter)
            known = getattr(call, "_apidoc", {})
            known.get("arguments", {}).pop("responses", None)
            codes = (
                *access.refuses,
                *(READS_BODY if body else ()),
                *(READS_QUERY if query else ()),
                *refuses,
                OUTAGE,
            )
            good = {status: _answer(status, *answer, headers or {}) for status, answer in answers.items()}
            if method == "GET" and "ETag" in (headers or {}):
                good[304] = {"description": "Not changed since `If-None-Match`."}
            document = self.doc(
                operationId=view.__name__.replace("_", "-"),
                security=access.security,
                responses=good | _refusals(codes),
                **_description(view, access.permission),
                **({"requestBody": {"required": True, "content": dict.fromkeys(takes, _BYTES)}} if takes else {}),
                **({"parameters": list(parameters)} if parameters else {}),
                **({"x-permission": access.permission} if access.permission else {}),
            )
            self.route(rule, methods=[method], endpoint=view.__name__, tags=[tag])(document(served))
            return view

        return decorate


def _description(view: View, permission: str | None) -> dict[str, str]:
    """What the docstring says below its first line, and the permission that it takes."""
    said: str = load_info_from_docstring(view.__doc__).get("description", "")
    needed = f"Needs the permission `{permission}`." if permission else ""
    whole = "\n\n".join(part for part in (said.strip(), needed) if part)
    return {"description": whole} if whole else {}


def _entered(view: View, enter: Callable[[], Any]) -> View:
    @wraps(view)
    def guarded(**arguments: Any) -> Any:
        return view(enter(), **arguments)

    return cast("View", guarded)


def _answer(
    status: int,
    schema: type[Schema] | tuple[type[Schema], ...] | None,
    example: Any,
    headers: Mapping[str, dict[str, Any]],
) -> dict[str, Any]:
    said: dict[str, Any] = {"description": _MEANING[status], "headers": {**_LIMITED, **headers}}
    media = example if isinstance(example, tuple) else (example,)
    if all(isinstance(one, MediaType) for one in media):
        said["content"] = {one.name: one.described() for one in media}
    elif schema is not None:
        content: Any = {"oneOf": list(schema)} if isinstance(schema, tuple) else schema
        shown = {"examples": example} if isinstance(schema, tuple) else {"example": example}
        said["content"] = {"application/json": {"schema": content, **shown}}
    return said


@dataclass(frozen=True, slots=True)
class MediaType:
    """What an operation answers when it is not JSON; one or more stand in the place of an example.

    Attributes:
        name: of the media type.
        example: a text; a picture has none.
    """

    name: str
    example: str = ""

    def described(self) -> dict[str, Any]:
        """Its entry in the document."""
        return {"schema": {"type": "string"}, "example": self.example} if self.example else _BYTES


def _refusals(codes: Iterable[str]) -> dict[int, Any]:
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(CATALOGUE[code][0], []).append(code)
    return {
        status: {
            "description": f"{TITLES[status]}: {', '.join(f'`{code}`' for code in named)}.",
            **_REFUSAL_HEADERS.get(status, {}),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "examples": {code: {"value": example_of(code)} for code in named},
                }
            },
        }
        for status, named in sorted(by_status.items())
    }
