"""Our side of OpenID Connect against npm's oidc-provider: whatever it signs with, however we prove who we are (R21)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
import requests
from upstream_provider import CLIENT_ID, CLIENT_SECRET, oidc_provider
from visitor import Visitor

from idp.federation.errors import Reason, SignInRefused
from idp.federation.options import Options
from idp.federation.providers import metadata, transport
from idp.federation.providers.base import Hints, Trip, Upstream
from idp.federation.providers.registry import KINDS
from idp.outbound import Outbound

pytestmark = pytest.mark.live

CALLBACK = "http://127.0.0.1:9/callback"  # never opened
TRIP = Trip(
    state="a-state-of-ours", nonce="a-nonce-of-ours", code_verifier="a-code-verifier-of-ours-with-43-letters-or-more"
)
JANE = {"email": "jane@upstream.example", "email_verified": True, "name": "Jane Doe", "groups": ["core"]}
OIDC = KINDS["oidc"].provider


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    before = transport._client[0]
    transport.connect(Outbound(["127.0.0.0/8"]))
    yield
    transport.connect(before)
    metadata.forget()


@contextmanager
def upstream(**client: str) -> Iterator[Upstream]:
    """A connection to a provider that knows us by this metadata."""
    with oidc_provider(CALLBACK, client=client, **JANE) as issuer:
        options = Options(issuer=issuer, scope=["offline_access"], groups_claim="groups")
        yield Upstream(uuid4(), uuid4(), "oidc", CLIENT_ID, (CLIENT_SECRET,), options, CALLBACK)


def approve(url: str, login: str = "jane") -> dict[str, str]:
    """Walk its pages; what the browser would bring to our callback."""
    with Visitor() as visitor:
        page = visitor.get(url)
        page = visitor.submit(page, "login", login=login, password="any")
        with pytest.raises(requests.ConnectionError) as left:
            visitor.submit(page, "prompt")
    assert left.value.request is not None
    home = str(left.value.request.url)
    assert home.startswith(CALLBACK)
    return dict(parse_qsl(urlsplit(home).query))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_an_id_token_is_understood_whatever_it_is_signed_with(algorithm: str) -> None:
    with upstream(id_token_signed_response_alg=algorithm) as known:
        answer = approve(OIDC.authorization_url(known, TRIP, Hints("jane@upstream.example")))
        profile = OIDC.fetch(known, TRIP, answer)
        assert (profile.issuer, profile.subject) == (known.options.issuer, "jane")
        assert (profile.email, profile.email_verified, list(profile.groups)) == (JANE["email"], True, ["core"])
        assert profile.tokens is not None
        renewed = OIDC.refresh(known, profile.tokens)
        assert renewed.access_token != profile.tokens.access_token
        with pytest.raises(SignInRefused, match="invalid_grant") as refused:
            OIDC.fetch(known, TRIP, answer)
        assert refused.value.reason is Reason.UPSTREAM_ERROR


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_with_anything_in_it_is_right(method: str) -> None:
    """oidc-provider undoes the form-encoding of HTTP Basic (RFC 6749 §2.3.1)."""
    secret = "per%cent+plus & colon: of a long enough secret"
    with upstream(token_endpoint_auth_method=method, client_secret=secret) as known:
        if method == "client_secret_basic":
            plain = replace(known, client_secrets=("plain-and-wrong",))
            with pytest.raises(SignInRefused, match="invalid_client"):
                OIDC.fetch(plain, TRIP, approve(OIDC.authorization_url(plain, TRIP, Hints())))
        right = replace(known, client_secrets=(secret,))
        assert OIDC.fetch(right, TRIP, approve(OIDC.authorization_url(right, TRIP, Hints()))).subject == "jane"


def test_an_answer_fits_no_other_trip_and_no_other_issuer() -> None:
    with upstream() as known:
        answer = approve(OIDC.authorization_url(known, TRIP, Hints(reauthenticate=True)))
        assert answer["iss"] == known.options.issuer
        with pytest.raises(SignInRefused) as refused:
            OIDC.fetch(known, TRIP, answer | {"iss": "https://evil.example"})
        assert refused.value.reason is Reason.WRONG_ISSUER
        with pytest.raises(SignInRefused, match="invalid_grant"):
            OIDC.fetch(known, replace(TRIP, code_verifier="x" * 43), answer)
