"""Round trips to the upstreams of the tests, without a database: what providers get, and what they make of it."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from idp.federation.errors import Reason, SignInRefused
from idp.federation.options import Options
from idp.federation.providers.base import Hints, Provider, Trip, Upstream, UpstreamProfile
from idp.federation.providers.registry import KINDS
from tests.upstreams import github, oidc
from tests.upstreams.github import GitHub
from tests.upstreams.oidc import OpenID

TENANT = uuid4()
CALLBACK = "https://idp.example/t/acme/connections/upstream/callback"
TRIP = Trip(
    state="a-state-of-ours", nonce="a-nonce-of-ours", code_verifier="a-code-verifier-of-ours-with-43-letters-or-more"
)
NEVER_SHOWN = (
    github.CLIENT_SECRET,
    oidc.CLIENT_SECRET,
    TRIP.state,
    TRIP.nonce,
    TRIP.code_verifier,
    "gho_",
    "ghr_",
    "upstream-access-",
    "upstream-refresh-",
    "eyJ",
)
"""What stands in no cause: secrets, tokens, and what binds a round trip."""


def at_github(hub: GitHub, **options: Any) -> Upstream:
    """The connection to `hub`."""
    secrets = (github.CLIENT_SECRET,)
    told = Options(base_url=hub.url, **options)
    return Upstream(TENANT, uuid4(), "github", github.CLIENT_ID, secrets, told, CALLBACK)


def at_openid(server: OpenID, **options: Any) -> Upstream:
    """The connection to `server`."""
    secrets = (oidc.CLIENT_SECRET,)
    told = Options(issuer=server.issuer, **options)
    return Upstream(TENANT, uuid4(), "oidc", oidc.CLIENT_ID, secrets, told, CALLBACK)


def with_secrets(upstream: Upstream, *secrets: str) -> Upstream:
    return replace(upstream, client_secrets=secrets)


def asked(url: str) -> dict[str, str]:
    """The parameters of `url`, each once."""
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def sign_in(
    server: GitHub | OpenID, upstream: Upstream, by: Provider | None = None, hints: Hints | None = None
) -> UpstreamProfile:
    """Who comes back from a whole round trip."""
    speaking = by or KINDS[upstream.kind].provider
    answer = server.approve(speaking.authorization_url(upstream, TRIP, hints or Hints()))
    assert answer["state"] == TRIP.state
    return speaking.fetch(upstream, TRIP, answer)


def refusal(server: GitHub | OpenID, upstream: Upstream, by: Provider | None = None) -> tuple[Reason, str]:
    """Why nobody comes back from it; the cause is looked at for secrets."""
    with pytest.raises(SignInRefused) as refused:
        sign_in(server, upstream, by)
    return judged(refused.value, server)


def judged(refused: SignInRefused, server: GitHub | OpenID) -> tuple[Reason, str]:
    """The reason and the cause, which says nothing that has to stay secret."""
    codes = [value for ask in server.asks for name, value in ask.form.items() if name in {"code", "refresh_token"}]
    assert not [secret for secret in (*NEVER_SHOWN, *codes) if secret in refused.cause], refused.cause
    return refused.reason, refused.cause
