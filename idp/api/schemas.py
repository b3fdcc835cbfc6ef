"""Schemas that every part of the API shares: a strict body, and a problem (RFC 9457)."""

from typing import Any

from marshmallow import RAISE, Schema, fields

from idp.api.fields import moment, shown


class Body(Schema):
    """A body: unknown members are refused."""

    class Meta:
        """Of marshmallow."""

        unknown = RAISE


def listed(item: type[Schema]) -> type[Schema]:
    """A page of `item`s."""
    members: dict[str, fields.Field[Any]] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": fields.String(
            required=True, allow_none=True, metadata={"description": "For the next page; null on the last."}
        ),
    }
    return Body.from_dict(members, name=f"{item.__name__.removesuffix('Out')}Page")


class Deletion(Body):
    """When an account will be gone."""

    deletes_at = moment("Until then whoever signs in can keep it.")


class Pointed(Body):
    """What is wrong with one member."""

    pointer = shown("JSON pointer (RFC 6901).")
    detail = shown("A sentence.")


class Problem(Body):
    """RFC 9457."""

    type = shown("A URN that ends with the code.")
    title = shown("The status in words.")
    status = fields.Integer(required=True, strict=True)
    detail = shown("A sentence for people.")
    code = shown("Stable; for programs.")
    request_id = shown("For whoever asks what happened.", allow_none=True)
    errors = fields.List(fields.Nested(Pointed))
