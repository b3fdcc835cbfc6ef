"""Scopes in plain words: what an application may do, as a person would put it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from idp.i18n import gettext as _
from idp.i18n import mark
from idp.oauth import scopes
from idp.oauth.models import ApiResource

_WORDS = {
    scopes.OPENID: (mark("Know who you are"), mark("A number that stands for you, and when you signed in.")),
    "profile": (mark("See your profile"), mark("Your name and what else you have filled in about yourself.")),
    "email": (mark("See your email address"), mark("And whether it has been confirmed.")),
    "address": (mark("See your postal address"), ""),
    "phone": (mark("See your phone number"), mark("And whether it has been confirmed.")),
    scopes.OFFLINE_ACCESS: (mark("Stay connected while you’re away"), mark("Until you sign out, or withdraw it.")),
}


@dataclass(frozen=True, slots=True)
class ScopeInWords:
    """One scope: its name, a short sentence, and what that includes."""

    name: str
    title: str
    description: str


def describe(names: Iterable[str], resources: Sequence[ApiResource]) -> list[ScopeInWords]:
    """The scopes in a steady order, the standard ones first; one of an API's with the API's name."""
    owner = {scope: resource.name for resource in resources for scope in resource.scope}
    order = {scope: position for position, scope in enumerate(_WORDS)}
    sorted_names = sorted(names, key=lambda scope: (order.get(scope, len(order)), scope))
    return [_in_words(name, owner.get(name)) for name in sorted_names]


def _in_words(name: str, api: str | None) -> ScopeInWords:
    if name not in _WORDS:
        return ScopeInWords(name, f"{api or _('An API')}: {name}", "")
    title, description = _WORDS[name]
    return ScopeInWords(name, _(title), _(description))
