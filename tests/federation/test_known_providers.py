"""The kinds whose issuer is known: what each of them does otherwise than the protocol says (R22)."""

from dataclasses import replace
from typing import Any

import pytest

from idp.federation.errors import Reason
from idp.federation.options import Options
from idp.federation.providers import github
from idp.federation.providers.base import Hints, Provider
from idp.federation.providers.oidc import OpenIDConnect
from idp.federation.providers.registry import KINDS
from tests.federation.trips import TRIP, asked, at_openid, refusal, sign_in
from tests.upstreams.oidc import CLIENT_SECRET, SUBJECT, OpenID


def here(kind: str, server: OpenID) -> Provider:
    """The provider of a kind whose issuer is known, speaking to `server` as if it were that one."""
    known = KINDS[kind].provider
    assert isinstance(known, OpenIDConnect)
    return replace(known, issuer=lambda _options: server.issuer)


def test_google_lets_in_the_domains_of_the_tenant_by_the_claim(provider: OpenID) -> None:
    google, upstream = here("google", provider), at_openid(provider, hosted_domains=["acme.example", "acme.test"])
    provider.claims = {"hd": "acme.test"}
    assert sign_in(provider, upstream, google).subject == SUBJECT
    unexpected: list[Any] = ["evil.example", "ACME.test.evil.example", None, ["acme.test"], {}, 1, ""]
    for said in unexpected:
        provider.claims = {"hd": said}
        assert refusal(provider, upstream, google)[0] is Reason.NOT_PERMITTED
    provider.claims = {}
    assert refusal(provider, upstream, google)[0] is Reason.NOT_PERMITTED
    assert sign_in(provider, at_openid(provider), google).subject == SUBJECT


@pytest.mark.parametrize(
    ("domains", "hint"), [([], None), (["acme.example"], "acme.example"), (["acme.example", "acme.test"], "*")]
)
def test_google_is_told_whom_we_expect(provider: OpenID, domains: list[str], hint: str | None) -> None:
    url = here("google", provider).authorization_url(at_openid(provider, hosted_domains=domains), TRIP, Hints())
    assert asked(url).get("hd") == hint


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("google", {"prompt": "select_account"}),
        ("linkedin", {}),
        ("microsoft", {"prompt": "login", "max_age": "0"}),
        ("gitlab", {"prompt": "login", "max_age": "0"}),
        ("oidc", {"prompt": "login", "max_age": "0"}),
    ],
)
def test_each_is_asked_in_its_own_words_to_have_people_prove_themselves(
    provider: OpenID, kind: str, sent: dict[str, str]
) -> None:
    """Google answers `prompt=login` with an error page, and LinkedIn knows no such thing."""
    hints = Hints(reauthenticate=True)
    found = asked(here(kind, provider).authorization_url(at_openid(provider), TRIP, hints))
    assert {name: found[name] for name in ("prompt", "max_age") if name in found} == sent


@pytest.mark.parametrize(
    ("claims", "is_verified"),
    [
        ({"xms_edov": True}, True),
        ({"xms_edov": 1}, True),
        ({"xms_edov": "1"}, True),
        ({"xms_edov": 1.0}, False),
        ({"xms_edov": "true"}, False),
        ({"xms_edov": False}, False),
        ({"xms_edov": "0"}, False),
        ({"xms_edov": [1]}, False),
        ({"email_verified": True}, False),
    ],
)
def test_microsoft_verifies_an_address_by_a_claim_of_its_own(
    provider: OpenID, claims: dict[str, Any], is_verified: bool
) -> None:
    provider.claims = claims
    assert sign_in(provider, at_openid(provider), here("microsoft", provider)).email_verified is is_verified


def test_microsoft_and_gitlab_name_groups_in_claims_of_their_own(provider: OpenID) -> None:
    provider.person |= {"groups": ["a"], "groups_direct": ["acme/core"]}
    assert list(sign_in(provider, at_openid(provider), here("microsoft", provider)).groups) == ["a"]
    assert list(sign_in(provider, at_openid(provider), here("gitlab", provider)).groups) == ["acme/core"]


def test_linkedin_gets_neither_nonce_nor_challenge_and_the_secret_in_the_body(provider: OpenID) -> None:
    linkedin, upstream = here("linkedin", provider), at_openid(provider)
    sent = asked(linkedin.authorization_url(upstream, TRIP, Hints()))
    assert not {"nonce", "code_challenge", "code_challenge_method"} & sent.keys()
    assert sign_in(provider, upstream, linkedin).subject == SUBJECT
    [exchange] = [ask for ask in provider.asks if ask.path == "/token"]
    assert exchange.form["client_secret"] == CLIENT_SECRET
    assert "code_verifier" not in exchange.form
    provider.claims = {"nonce": "of another round trip"}
    assert refusal(provider, upstream, linkedin)[0] is Reason.INVALID_ANSWER


@pytest.mark.parametrize(
    ("kind", "options", "issuer"),
    [
        ("google", {}, "https://accounts.google.com"),
        ("linkedin", {}, "https://www.linkedin.com/oauth"),
        ("microsoft", {"directory": "f00"}, "https://login.microsoftonline.com/f00/v2.0"),
        ("gitlab", {}, "https://gitlab.com"),
        ("gitlab", {"base_url": "https://git.acme.example/"}, "https://git.acme.example"),
        ("github", {}, "https://github.com"),
        ("github", {"base_url": "https://ghes.acme.example/"}, "https://ghes.acme.example"),
        ("oidc", {"issuer": "https://sso.acme.example/"}, "https://sso.acme.example/"),
    ],
)
def test_each_kind_knows_who_its_issuer_is(kind: str, options: dict[str, Any], issuer: str) -> None:
    assert KINDS[kind].issuer(Options(**options)) == issuer


@pytest.mark.parametrize(
    ("base", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://octocorp.ghe.com", "https://api.octocorp.ghe.com"),
        ("https://ghes.acme.example", "https://ghes.acme.example/api/v3"),
        ("https://ghe.com.evil.example", "https://ghe.com.evil.example/api/v3"),
        ("https://acme.example/github", "https://acme.example/github/api/v3"),
    ],
)
def test_the_api_of_each_github_is_where_its_documentation_says(base: str, api: str) -> None:
    assert github.api_of(base) == api
