"""``{issuer}/account/profile``: what a person says about themselves (OpenID Connect Core §5.1)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from babel.core import get_global
from flask import Response, request

from idp import i18n
from idp.http import cookies, language
from idp.i18n import gettext as _
from idp.i18n import mark
from idp.users import service as users
from idp.users.errors import ProfileInvalid
from idp.web.account import layout
from idp.web.account.person import Person, signed_in
from idp.web.hosted import flash
from idp.web.hosted.pages import blueprint

_ZONES = sorted(zone for zone in get_global("zone_territories") if "/" in zone and not zone.startswith("Etc/"))
_LONGEST = 2000


def _plain(text: str) -> str:
    return text.strip()


def _phone(text: str) -> str:
    """E.164, however it was grouped."""
    return re.sub(r"[\s()./-]", "", text.strip().partition(";")[0]) + "".join(text.strip().partition(";")[1:])


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the form: what is wrong when it is refused, and how it is read."""

    refusal: str
    read: Callable[[str], str] = _plain


_TOO_LONG = mark("This is too long, or has a character in it that we cannot keep.")
FIELDS = {
    "name": Field(_TOO_LONG),
    "given_name": Field(_TOO_LONG),
    "family_name": Field(_TOO_LONG),
    "nickname": Field(_TOO_LONG),
    "birthdate": Field(mark("Enter a day that has been, such as 1990-12-31.")),
    "phone_number": Field(mark("Enter the number with its country code, such as +49 30 901820."), _phone),
    "website": Field(mark("Enter an address that begins with https://.")),
    "zoneinfo": Field(mark("Choose one of these.")),
    "locale": Field(mark("Choose one of these.")),
}
"""The claims that the form is about; whatever else it brings is not looked at (R46)."""


@blueprint.get("/account/profile")
@signed_in("account/profile")
def show_profile(person: Person) -> Response:
    """The form, filled in."""
    return _form(person, _stored(person))


@blueprint.post("/account/profile")
@signed_in("account/profile")
def save_profile(person: Person) -> Response:
    """Write it down, or say what is wrong beside each field."""
    sent = {name: field.read(request.form.get(name, "")) for name, field in FIELDS.items()}
    stored = _stored(person)
    errors = {name: _(FIELDS[name].refusal) for name in FIELDS if not _is_fine(person, name, sent[name])}
    if errors:
        typed = {name: request.form.get(name, "")[:_LONGEST] for name in FIELDS}
        return _form(person, typed, errors=errors, status=422)
    users.update_profile(person.uow, person.user, {name: value or None for name, value in sent.items()})
    if sent["locale"] != stored["locale"]:
        cookies.set_language("")
        language.ask([sent["locale"]])
    return layout.back_to("account/profile", flash.PROFILE_SAVED)


def _stored(person: Person) -> dict[str, str]:
    return {name: getattr(person.user.profile, name) or "" for name in FIELDS}


def _is_fine(person: Person, name: str, value: str) -> bool:
    if value in {"", _stored(person)[name]}:
        return True
    try:
        users.parse_profile({name: value})
    except ProfileInvalid:
        return False
    match name:
        case "birthdate":
            return _has_been(value, person.uow.now.date() + timedelta(days=1))
        case "zoneinfo":
            return value in _ZONES
        case "locale":
            return value in i18n.SUPPORTED
        case _:
            return True


def _has_been(day: str, tomorrow: date) -> bool:
    """Whether this is a day or a year before tomorrow, which has begun somewhere already."""
    try:
        return date.fromisoformat(day if "-" in day else f"{day}-01-01") <= tomorrow
    except ValueError:
        return False


def _form(
    person: Person, values: dict[str, str], *, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    stored = _stored(person)
    languages = [("", _("As in my browser")), *((code, known.name) for code, known in i18n.LANGUAGES.items())]
    zones = [("", _("Not chosen")), *((zone, zone.replace("_", " ")) for zone in _ZONES)]
    return layout.show(
        "profile",
        status=status,
        values=values,
        languages=_with(languages, stored["locale"]),
        zones=_with(zones, stored["zoneinfo"]),
        errors=errors or {},
    )


def _with(choices: list[tuple[str, str]], stored: str) -> list[tuple[str, str]]:
    """The choices, and what is stored when it is none of them."""
    return choices if stored in dict(choices) else [*choices, (stored, stored)]
