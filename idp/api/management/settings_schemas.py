"""The documents of a tenant's settings as bodies: made from their models, so that a new member is there by itself."""

from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, fields, validate
from pydantic import BaseModel

from idp.api.fields import flag, require_plain
from idp.api.schemas import Body

_LONGEST = 2000


def change_schema(name: str, documents: Iterable[type[BaseModel]], *, but: Iterable[str] = ()) -> type[Schema]:
    """A body that changes members of `documents`; null is the default again.

    Args:
        name: of the schema.
        documents: pydantic models.
        but: members that nobody sets.
    """
    return Body.from_dict({key: _field(kind, asked=True) for key, kind in _members(documents, but)}, name=name)


def shown_schema(name: str, documents: Iterable[type[BaseModel]], *, but: Iterable[str] = ()) -> type[Schema]:
    """The same as it is answered: every member, as it holds."""
    return Body.from_dict({key: _field(kind, asked=False) for key, kind in _members(documents, but)}, name=name)


def describe(documents: Iterable[BaseModel], *, but: Iterable[str] = ()) -> dict[str, Any]:
    """Every member with its value."""
    hidden = set(but)
    return {
        key: value
        for document in documents
        for key, value in document.model_dump(mode="json").items()
        if key not in hidden
    }


def _members(documents: Iterable[type[BaseModel]], but: Iterable[str]) -> Iterable[tuple[str, dict[str, Any]]]:
    hidden = set(but)
    for document in documents:
        for key, kind in document.model_json_schema()["properties"].items():
            if key not in hidden:
                yield key, kind


def _field(kind: dict[str, Any], *, asked: bool) -> fields.Field[Any]:
    """A field from a property of a JSON schema."""
    choices = [item for item in kind.get("anyOf", [kind]) if item.get("type") != "null"]
    inner, nullable = choices[0], len(choices) < len(kind.get("anyOf", [kind]))
    options: dict[str, Any] = {
        "allow_none": asked or nullable,
        "required": not asked,
        "metadata": {"description": _description(kind, asked=asked)},
    }
    match inner.get("type"):
        case "integer":
            checks: list[Any] = [validate.OneOf(inner["enum"])] if "enum" in inner else []
            if "minimum" in inner or "maximum" in inner:
                checks.append(validate.Range(inner.get("minimum"), inner.get("maximum")))
            return fields.Integer(strict=True, validate=checks, **options)
        case "boolean":
            field: fields.Field[Any] = flag(options["metadata"]["description"], required=not asked)
            field.allow_none = options["allow_none"]
            return field
        case "array":
            words = inner.get("items", {}).get("enum")
            each: list[Any] = [validate.OneOf(words)] if words else [validate.Length(1, 255), require_plain]
            return fields.List(
                fields.String(validate=each),
                validate=validate.Length(max=inner.get("maxItems", 100)),
                **options,
            )
        case _:
            if "format" in inner:
                options["metadata"]["format"] = inner["format"]
            length = validate.Length(inner.get("minLength", 1), inner.get("maxLength", _LONGEST))
            checks = [validate.OneOf(inner["enum"])] if "enum" in inner else [length, require_plain]
            return fields.String(validate=checks, **options)


def _description(kind: dict[str, Any], *, asked: bool) -> str:
    default = kind.get("default")
    told = "none" if default in (None, []) else str(default).lower() if isinstance(default, bool) else str(default)
    return f"{told} by default; null is that again." if asked else f"{told} by default."
