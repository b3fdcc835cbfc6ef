"""The kinds of connections: which protocol each speaks, what it needs to be told, and what it is called."""

from collections.abc import Callable
from dataclasses import dataclass

from idp.federation.options import Icon, Options
from idp.federation.providers import github
from idp.federation.providers.base import Provider
from idp.federation.providers.oidc import OpenIDConnect, Received

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
        issuer: that names the upstream in identities.
        members: of `Options`, beside the `COMMON` ones.
        required: those without which it cannot work.
        needs_secret: whether it cannot do without a client secret.
        icon: of `Options.icon`, when the tenant says nothing else.
        is_public: whether its server is somebody's whom everybody knows, unless a base URL names another.
    """

    label: str
    provider: Provider
    issuer: Callable[[Options], str]
    members: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    needs_secret: bool = True
    icon: Icon = "key"
    is_public: bool = True

    def vouches(self, options: Options) -> bool:
        """Whether an address that it calls verified is so: its server is one that no administrator here controls."""
        return self.is_public and options.base_url is None


def _google(_options: Options) -> str:
    return "https://accounts.google.com"


def _google_hint(options: Options) -> dict[str, str]:
    """One domain narrows Google's list of accounts; the claim is what decides."""
    return (
        {"hd": options.hosted_domains[0] if len(options.hosted_domains) == 1 else "*"} if options.hosted_domains else {}
    )


def _outside_google(options: Options, received: Received) -> str | None:
    if options.hosted_domains and received.get("hd") not in options.hosted_domains:
        return "the claim hd is none of hosted_domains"
    return None


def _microsoft(options: Options) -> str:
    return f"https://login.microsoftonline.com/{options.directory}/v2.0"


def _microsoft_verified(received: Received) -> bool:
    """Entra proves no address; ``xms_edov`` says that the directory owns its domain, as ``true`` or as ``1``."""
    said = received.get("xms_edov")
    return said is True or (type(said) is int and said == 1) or said == "1"


def _linkedin_verified(received: Received) -> bool:
    """Its ID tokens say ``"true"``, in letters, where its userinfo says ``true``."""
    said = received.get("email_verified")
    return said is True or said == "true"


def _gitlab(options: Options) -> str:
    return (options.base_url or "https://gitlab.com").rstrip("/")


def _linkedin(_options: Options) -> str:
    return "https://www.linkedin.com/oauth"


def _any(options: Options) -> str:
    return options.issuer or ""


KINDS: dict[str, Kind] = {
    "github": Kind(
        "GitHub", github.GITHUB, github.issuer, frozenset({"base_url", "organizations", "teams"}), icon="code"
    ),
    "google": Kind(
        "Google",
        OpenIDConnect(
            _google,
            parameters=_google_hint,
            keeps_out=_outside_google,
            asks_again={"prompt": "select_account"},  # it refuses prompt=login
        ),
        _google,
        frozenset({"hosted_domains"}),
        icon="globe",
    ),
    "linkedin": Kind(
        "LinkedIn",
        OpenIDConnect(
            _linkedin,
            sends_nonce=False,
            takes_pkce=False,
            auth_method="client_secret_post",
            is_verified=_linkedin_verified,
            asks_again={},
        ),
        _linkedin,
        icon="people",
    ),
    "microsoft": Kind(
        "Microsoft",
        OpenIDConnect(_microsoft, is_verified=_microsoft_verified, asks_userinfo=False, groups_claim="groups"),
        _microsoft,
        frozenset({"directory", "groups_claim"}),
        frozenset({"directory"}),
        icon="building",
    ),
    "gitlab": Kind(
        "GitLab",
        OpenIDConnect(_gitlab, groups_claim="groups_direct"),
        _gitlab,
        frozenset({"base_url", "groups_claim"}),
        icon="code",
    ),
    "oidc": Kind(
        "OpenID Connect",
        OpenIDConnect(_any),
        _any,
        frozenset({"issuer", "claims", "groups_claim"}),
        frozenset({"issuer"}),
        needs_secret=False,
        is_public=False,
    ),
}
"""By the name that API, CLI and files use."""
