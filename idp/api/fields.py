"""Fields of bodies: text that is text, within bounds, with nothing hidden in it (R45)."""

import re
from typing import Any

from marshmallow import ValidationError, fields, validate

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def text(
    description: str,
    *,
    longest: int,
    required: bool = False,
    nullable: bool = False,
    pattern: str | None = None,
    **metadata: Any,
) -> fields.String:
    """One line of text.

    Args:
        description: for the reader of the document.
        longest: characters.
        required: whether it must be there.
        nullable: whether null may take its place.
        pattern: that all of it matches.
        metadata: further members of its JSON schema.
    """
    checks: list[Any] = [validate.Length(1, longest), require_plain]
    if pattern is not None:
        checks.append(validate.Regexp(pattern, error="Not of the form that is described."))
    return fields.String(
        required=required,
        allow_none=nullable,
        validate=checks,
        metadata={"description": description, **metadata},
    )


def password(description: str, *, required: bool = True) -> fields.String:
    """A password as typed: any characters but NUL, no white space taken away (R25)."""
    return fields.String(
        required=required,
        validate=[validate.Length(1, 1024), _require_text],
        metadata={"description": description, "format": "password"},
    )


def email(description: str = "Email address.", *, required: bool = True) -> fields.String:
    """An email address; whether it can be one is decided by `idp.users.service.parse_email`."""
    return text(description, longest=254, required=required, format="email")


class _Flag(fields.Boolean):
    """The library's own takes 1 and 0 as well, which are equal to true and false in Python only."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


def flag(description: str, *, required: bool = False) -> fields.Boolean:
    """True or false."""
    return _Flag(required=required, metadata={"description": description})


def shown(description: str, **options: Any) -> fields.String:
    """Text of an answer."""
    return fields.String(required=True, metadata={"description": description}, **options)


def moment(description: str, **options: Any) -> fields.String:
    """A time of an answer (RFC 3339, UTC)."""
    return fields.String(required=True, metadata={"description": description, "format": "date-time"}, **options)


def require_plain(value: str) -> None:
    """Refuse control characters.

    Raises:
        ValidationError: there is one.
    """
    if _CONTROL.search(value):
        raise ValidationError("Holds a control character.")
    _require_text(value)


def _require_text(value: str) -> None:
    if "\x00" in value or (not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value)):
        raise ValidationError("Holds a character that is none.")
