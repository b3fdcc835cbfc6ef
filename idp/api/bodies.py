"""Request bodies: one JSON object, small, shallow, each member once, and nothing that is guessed at (R45, R46)."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

from flask import Request
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import RequestEntityTooLarge

from idp.errors import IdPError, Invalid

MAX_DEPTH = 32
JSON = "application/json"


class NotJson(IdPError):
    """The body is not declared to be JSON."""

    code = "unsupported-media-type"
    status = 415


class BodyMalformed(IdPError):
    """The body is not one JSON object as we take it."""

    code = "body-malformed"
    status = 400


class BodyTooLarge(IdPError):
    """The body is larger than the API takes."""

    code = "body-too-large"
    status = 413


class BodyInvalid(Invalid):
    """Members that are missing, unknown or of another type.

    Attributes:
        errors: JSON pointer (RFC 6901) and sentence of each.
    """

    code = "body-invalid"
    what: ClassVar[str] = "body"

    def __init__(self, errors: list[tuple[str, str]]) -> None:
        super().__init__(f"The {self.what} is not as it must be; errors says where.")
        self.errors = errors


def read(request: Request) -> dict[str, Any]:
    """The object in the body; an empty one when there is no body.

    Raises:
        NotJson, BodyMalformed, BodyTooLarge: it cannot be read.
    """
    sent = raw(request)
    if not sent:
        return {}
    if request.mimetype != JSON:
        raise NotJson(f"The body must be {JSON}.")
    try:
        body = json.loads(sent.decode(), object_pairs_hook=_without_repetition, parse_constant=_refuse_constant)
        too_deep = _depth(body) > MAX_DEPTH
    except RecursionError:
        too_deep, body = True, {}
    except ValueError as error:
        raise BodyMalformed(f"The body is not JSON: {error}.") from None
    if too_deep:
        raise BodyMalformed(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if not isinstance(body, dict):
        raise BodyMalformed("The body must be one JSON object.")
    return body


class QueryInvalid(BodyInvalid):
    """Parameters that are missing, unknown, repeated or of another type; `errors` points at them by name."""

    code = "query-invalid"
    what = "query"


def raw(request: Request) -> bytes:
    """The bytes of the body.

    Raises:
        BodyTooLarge: there are too many.
    """
    try:
        return request.get_data()
    except RequestEntityTooLarge:
        raise BodyTooLarge("The body is larger than we take here.") from None


class StrictParser(FlaskParser):
    """Reads a body by `read`, a query each name once, and says what is wrong with them by JSON pointers."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": None, "query": None}  # noqa: RUF012 - the library's
    """None leaves it to the schemas, which refuse what they do not know."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body for `schema`."""
        return read(req)

    def load_querystring(self, req: Request, schema: Schema) -> Any:
        """The query for `schema`."""
        if repeated := [name for name, values in req.args.lists() if len(values) > 1]:
            raise QueryInvalid([(f"/{_step(repeated[0])}", "Occurs twice.")])
        return req.args.to_dict()

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_options: Any) -> NoReturn:
        """Answer what does not fit."""
        messages = error.messages if isinstance(error.messages, dict) else {"json": error.messages}
        if "query" in messages:
            raise QueryInvalid(list(pointed(messages["query"], "")))
        raise BodyInvalid(list(pointed(messages["json"], "")))


def pointed(messages: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """What marshmallow found wrong, by JSON pointer."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            yield from pointed(inner, pointer if name == "_schema" else f"{pointer}/{_step(name)}")
    else:
        for message in messages if isinstance(messages, list) else [messages]:
            yield pointer, str(message)


def _step(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")[:100]


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice in one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return deepest
