"""The kinds of connections: which protocol each speaks, what it needs to be told, and what it is called."""

from collections.abc import Callable
from dataclasses import dataclass

from idp.federation.options import Icon, Options
from idp.federation.providers.base import Provider
from idp.federation.providers.github import GITHUB
from idp.federation.providers.oidc import OpenIDConnect

COMMON = frozenset(
    {
        "scope",
        "roles",
        "creation",
        "creation_domains",
        "profile_updates",
        "trusts_email",
        "domains",
        "keeps_tokens",
        "icon",
    }
)
"""Members of `Options` that every kind has."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of connection.

    Attributes:
        label: what its button says when the tenant says nothing else.
        provider: what speaks with it.
        members: of `Options`, beside the `COMMON` ones.
        required: those without which it cannot work.
        issuer: that names the upstream in identities.
        needs_secret: whether it can do without a client secret.
        icon: of `Options.icon`, when the tenant says nothing else.
    """

    label: str
    provider: Provider
    issuer: Callable[[Options], str]
    members: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    needs_secret: bool = True
    icon: Icon = "key"


KINDS: dict[str, Kind] = {}
"""By the name that API, CLI and files use."""
