"""Scopes in plain words: what an application may do, as a person would put it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from idp.oauth import scopes
from idp.oauth.models import ApiResource

_WORDS = {
    scopes.OPENID: ("Know who you are", "A number that stands for you, and when you signed in."),
    "profile": ("See your profile", "Your name and what else you have filled in about yourself."),
    "email": ("See your email address", "And whether it has been confirmed."),
    "address": ("See your postal address", ""),
    "phone": ("See your phone number", "And whether it has been confirmed."),
    scopes.OFFLINE_ACCESS: ("Stay connected while you’re away", "Until you sign out, or withdraw it."),
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
    return [
        ScopeInWords(name, *_WORDS.get(name, (f"{owner.get(name, 'An API')}: {name}", ""))) for name in sorted_names
    ]
