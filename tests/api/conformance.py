"""Answers against the OpenAPI document, so that none strays from it (JSON Schema 2020-12)."""

import json
import re
from functools import cache
from typing import Any

import jsonschema_rs
from flask import Flask

from idp.api import blueprints, spec


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = spec.install(Flask("spec"), blueprints.ALL, base_url="http://localhost:8000").spec.to_dict()
    return made


def operation(method: str, path: str) -> dict[str, Any] | None:
    prefix = "" if path.startswith("/") else "/t/{tenant_slug}/api/v1/auth/"
    for template, operations in sorted(document()["paths"].items(), key=lambda item: item[0].count("{")):
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
    if not answer.is_json:
        return
    problem = why_not(content["schema"], answer.json)
    assert problem is None, f"{method} {path}: {problem}\n{answer.text}"
    if answer.mimetype == "application/problem+json":
        assert answer.json["code"] in content["examples"], f"{method} {path} does not announce {answer.json['code']}"


def why_not(schema: dict[str, Any], value: Any) -> str | None:
    """What is wrong with `value`; None when nothing is."""
    error = next(iter(_validator(json.dumps(schema)).iter_errors(value)), None)
    return None if error is None else f"/{'/'.join(str(step) for step in error.instance_path)}: {error.message}"


@cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {**json.loads(schema), "components": document()["components"]}, validate_formats=True
    )
