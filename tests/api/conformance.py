"""Answers against the OpenAPI document: the little of JSON Schema that it uses, so that no answer strays from it."""

import re
from functools import cache
from typing import Any

from flask import Flask

from idp.api import blueprints, spec

_TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = spec.install(Flask("spec"), blueprints.ALL, base_url="http://localhost:8000").spec.to_dict()
    return made


def operation(method: str, path: str) -> dict[str, Any] | None:
    prefix = "" if path.startswith("/") else "/t/{tenant_slug}/api/v1/auth/"
    for template, operations in document()["paths"].items():
        if re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(template)), prefix + path.partition("?")[0]):
            found: dict[str, Any] | None = operations.get(method.lower())
            return found
    return None


def conforms(method: str, path: str, answer: Any) -> None:
    """The answer is one that the document announces, code and all."""
    described = operation(method, path)
    if described is None or answer.status_code in {304, 413}:
        return
    announced = described["responses"].get(str(answer.status_code))
    assert announced is not None, f"{method} {path} does not say that it may answer {answer.status_code}: {answer.text}"
    if "content" not in announced:
        assert answer.data == b""
        return
    content = announced["content"][answer.mimetype]
    problem = why_not(content["schema"], answer.json)
    assert problem is None, f"{method} {path}: {problem}\n{answer.text}"
    if answer.mimetype == "application/problem+json":
        assert answer.json["code"] in content["examples"], f"{method} {path} does not announce {answer.json['code']}"


def why_not(schema: dict[str, Any], value: Any, at: str = "") -> str | None:  # noqa: PLR0911 - one a keyword
    """What is wrong with `value`; None when nothing is."""
    if "$ref" in schema:
        found = document()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return why_not(found, value, at)
    if "oneOf" in schema:
        fits = [inner for inner in schema["oneOf"] if why_not(inner, value, at) is None]
        return None if len(fits) == 1 else f"{at} fits {len(fits)} of {len(schema['oneOf'])}"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    fits_kind = any(
        isinstance(value, _TYPES[kind]) and (kind == "boolean") == isinstance(value, bool) for kind in kinds
    )
    if kinds and not fits_kind:
        return f"{at} is {value!r}, not {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at} is {value!r}, not among {schema['enum']}"
    if isinstance(value, dict):
        members = schema.get("properties", {})
        strays = value.keys() - members.keys() if schema.get("additionalProperties") is False else set()
        missing = set(schema.get("required", ())) - value.keys()
        if strays or missing:
            return f"{at} has {sorted(strays)} too many and {sorted(missing)} too few"
        inner = [why_not(members[name], item, f"{at}/{name}") for name, item in value.items() if name in members]
        return next((problem for problem in inner if problem), None)
    if isinstance(value, list) and "items" in schema:
        inner = [why_not(schema["items"], item, f"{at}/{index}") for index, item in enumerate(value)]
        return next((problem for problem in inner if problem), None)
    return None
