"""The standard claims of a person as members of a body (OpenID Connect Core §5.1)."""

from typing import Any

from marshmallow import fields

from idp.api.fields import text
from idp.api.schemas import Body
from idp.users.models import User

_LOCALE = r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$"


class Address(Body):
    """OpenID Connect Core §5.1.1; null takes a part away."""

    formatted = text("The whole of it.", longest=255, nullable=True)
    street_address = text("Street and number.", longest=255, nullable=True)
    locality = text("City.", longest=255, nullable=True)
    region = text("State or province.", longest=255, nullable=True)
    postal_code = text("Postal code.", longest=255, nullable=True)
    country = text("Country.", longest=255, nullable=True)


def _profile(*, nullable: bool) -> dict[str, fields.Field[Any]]:
    line: dict[str, Any] = {"longest": 255, "nullable": nullable}
    web: dict[str, Any] = {"longest": 2000, "nullable": nullable, "pattern": r"^https://\S+$", "format": "uri"}
    return {
        "name": text("Full name, as it is shown.", **line),
        "given_name": text("Given names.", **line),
        "family_name": text("Family names.", **line),
        "middle_name": text("Middle names.", **line),
        "nickname": text("Casual name.", **line),
        "preferred_username": text("Short name to be shown.", **line),
        "profile": text("Address of a page about them.", **web),
        "picture": text("Address of a picture of them.", **web),
        "website": text("Address of their page.", **web),
        "gender": text("Gender.", **line),
        "birthdate": text("YYYY-MM-DD, or YYYY.", longest=10, nullable=nullable, pattern=r"^\d{4}(-\d{2}-\d{2})?$"),
        "zoneinfo": text("Time zone, such as Europe/Berlin.", **line),
        "locale": text(
            "Language, such as de-AT; mails are written in it.", longest=50, nullable=nullable, pattern=_LOCALE
        ),
        "phone_number": text("E.164.", longest=30, nullable=nullable, pattern=r"^\+[0-9]{6,15}(;ext=[0-9]{1,6})?$"),
        "address": fields.Nested(Address, allow_none=nullable, metadata={"description": "Postal address."}),
    }


ProfileFields = Body.from_dict(_profile(nullable=False), name="ProfileFields")
NullableProfileFields = Body.from_dict(_profile(nullable=True), name="NullableProfile")
PROFILE = frozenset(ProfileFields().fields)


def merged(user: User, sent: dict[str, Any]) -> dict[str, Any]:
    """The members of a profile that a body changes; an address is merged part by part, as RFC 7396 wants it."""
    changes = {name: value for name, value in sent.items() if name in PROFILE}
    if changes.get("address") is not None:
        address = user.profile.model_dump()["address"] or {}
        parts = {name: value for name, value in (address | changes["address"]).items() if value is not None}
        changes["address"] = parts or None
    return changes
