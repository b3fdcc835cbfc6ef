"""OpenID Connect upstreams that keep to the protocol: what comes back of whom (OpenID Connect Core §3.1, R21, R22)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from idp.federation.errors import Reason, SignInRefused
from idp.federation.providers.base import Hints
from idp.federation.providers.registry import KINDS
from tests.federation.trips import CALLBACK, TRIP, asked, at_openid, judged, refusal, sign_in, with_secrets
from tests.upstreams.oidc import CLIENT_ID, CLIENT_SECRET, SUBJECT, OpenID, public_jwk

OIDC = KINDS["oidc"].provider


def test_somebody_comes_back_with_what_the_id_token_says(provider: OpenID) -> None:
    profile = sign_in(provider, at_openid(provider))
    assert (profile.issuer, profile.subject) == (provider.issuer, SUBJECT)
    assert (profile.email, profile.email_verified) == ("jane@acme.example", True)
    assert profile.username == "j.doe"
    assert {name: profile.attributes[name] for name in ("name", "given_name", "family_name")} == {
        "name": "Jane Doe",
        "given_name": "Jane",
        "family_name": "Doe",
    }
    assert profile.groups == []
    assert profile.claims["sub"] == SUBJECT
    assert not provider.count("/userinfo"), "the ID token said it all"
    assert profile.tokens is not None
    assert (profile.tokens.scope, profile.tokens.refresh_token) == ("openid profile email", None)


def test_the_address_to_go_to_carries_state_nonce_and_challenge(provider: OpenID) -> None:
    upstream = at_openid(provider, scope=["offline_access", "email"])
    url = OIDC.authorization_url(upstream, TRIP, Hints("jane@acme.example", reauthenticate=True))
    sent = asked(url)
    assert len(sent.pop("code_challenge")) == 43
    assert sent == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": "openid profile email offline_access",
        "state": TRIP.state,
        "nonce": TRIP.nonce,
        "code_challenge_method": "S256",
        "login_hint": "jane@acme.example",
        "prompt": "login",
        "max_age": "0",
    }


def test_what_the_id_token_leaves_out_comes_from_userinfo(provider: OpenID) -> None:
    provider.only_userinfo = {"email", "email_verified", "name"}
    profile = sign_in(provider, at_openid(provider))
    assert (profile.email, profile.email_verified, profile.attributes["name"]) == (
        "jane@acme.example",
        True,
        "Jane Doe",
    )
    assert provider.count("/userinfo") == 1


def test_what_is_signed_counts_more_than_userinfo(provider: OpenID) -> None:
    provider.only_userinfo = {"name"}
    provider.userinfo = {"email": "eve@evil.example", "email_verified": True}
    provider.claims = {"email_verified": False}
    profile = sign_in(provider, at_openid(provider))
    assert (profile.email, profile.email_verified) == ("jane@acme.example", False)


def test_an_upstream_without_userinfo_is_taken_at_its_id_token(provider: OpenID) -> None:
    provider.document = {"userinfo_endpoint": None}
    provider.only_userinfo = {"email", "email_verified"}
    profile = sign_in(provider, at_openid(provider))
    assert (profile.email, profile.email_verified) == (None, False)


def test_an_issuer_may_have_a_path_and_a_slash_at_its_end(provider: OpenID) -> None:
    for path in ("/realms/acme", "/", "/realms/acme/"):
        provider.path = path
        assert sign_in(provider, at_openid(provider)).issuer == provider.url + path


def test_claims_are_taken_over_under_the_names_of_the_tenant(provider: OpenID) -> None:
    provider.person |= {"mail": "jd@acme.example", "kurzname": "JD", "website": "not a URL", "locale": "de-CH"}
    upstream = at_openid(provider, claims={"email": "mail", "nickname": "kurzname", "no_attribute": "sub"})
    profile = sign_in(provider, upstream)
    assert profile.email == "jd@acme.example"
    assert profile.attributes["nickname"] == "JD"
    assert "no_attribute" not in profile.attributes


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (["b", "a", "b"], ["a", "b"]),
        ("a", ["a"]),
        (["a", 1, None, {}, "", "x" * 256], ["a"]),
        ({"a": True}, []),
        (None, []),
        (7, []),
    ],
)
def test_groups_are_read_from_the_claim_of_the_connection(provider: OpenID, said: Any, read: list[str]) -> None:
    provider.person["memberOf"] = said
    assert list(sign_in(provider, at_openid(provider, groups_claim="memberOf")).groups) == read


@pytest.mark.parametrize("said", ["true", "True", 1, 1.0, None, [True], {}, "1"])
def test_an_address_is_verified_by_true_and_by_nothing_else(provider: OpenID, said: Any) -> None:
    provider.claims = {"email_verified": said}
    profile = sign_in(provider, at_openid(provider))
    assert (profile.email, profile.email_verified) == ("jane@acme.example", False)


@pytest.mark.parametrize("said", [None, 7, "", "jane", "jane@acme.example,eve@evil.example", ["jane@acme.example"]])
def test_an_address_that_is_none_is_none(provider: OpenID, said: Any) -> None:
    provider.claims = {"email": said}
    assert sign_in(provider, at_openid(provider)).email is None


def test_the_secret_of_before_is_tried_when_the_new_one_is_refused(provider: OpenID) -> None:
    upstream = at_openid(provider)
    assert sign_in(provider, with_secrets(upstream, "not in force yet", CLIENT_SECRET)).subject == SUBJECT
    assert provider.count("/token") == 2
    sign_in(provider, with_secrets(upstream, CLIENT_SECRET, "over"))
    assert provider.count("/token") == 3
    reason, cause = refusal(provider, with_secrets(upstream, "wrong", "over"))
    assert (reason, cause) == (Reason.UPSTREAM_ERROR, "the token endpoint said invalid_client")


def test_a_code_is_spent_by_whichever_secret_was_right(provider: OpenID) -> None:
    """Only a refused secret makes us try the other one: a refused code is refused for good."""
    upstream = with_secrets(at_openid(provider), CLIENT_SECRET, "over")
    provider.once["/token"] = [lambda _ask: provider.reply(replace(_ask, form=_ask.form | {"code": "spent"}))]
    assert refusal(provider, upstream)[1] == "the token endpoint said invalid_grant"


@pytest.mark.parametrize(
    ("methods", "is_basic"),
    [(["client_secret_post"], False), (["client_secret_post", "client_secret_basic"], True), (None, True)],
)
def test_the_secret_goes_where_the_document_says(provider: OpenID, methods: list[str] | None, is_basic: bool) -> None:
    provider.document = {"token_endpoint_auth_methods_supported": methods}
    sign_in(provider, at_openid(provider))
    [exchange] = [ask for ask in provider.asks if ask.path == "/token"]
    assert (exchange.headers.get("Authorization", "").startswith("Basic "), "client_secret" not in exchange.form) == (
        is_basic,
        is_basic,
    )


def test_a_public_client_proves_itself_by_pkce_alone(provider: OpenID) -> None:
    provider.client_secret = None
    assert sign_in(provider, with_secrets(at_openid(provider))).subject == SUBJECT


def test_tokens_are_renewed_until_they_are_over(provider: OpenID) -> None:
    upstream = at_openid(provider, scope=["offline_access"])
    tokens = sign_in(provider, upstream).tokens
    assert tokens is not None
    assert tokens.refresh_token is not None
    renewed = OIDC.refresh(upstream, tokens)
    assert renewed.access_token != tokens.access_token
    assert renewed.refresh_token not in {None, tokens.refresh_token}
    with pytest.raises(SignInRefused) as refused:
        OIDC.refresh(upstream, tokens)
    assert judged(refused.value, provider) == (Reason.UPSTREAM_ERROR, "the token endpoint said invalid_grant")


def test_a_key_that_we_do_not_understand_does_not_hide_the_others(provider: OpenID) -> None:
    """RFC 7517 §5: keys that are not understood are ignored."""
    provider.published = [
        {"kty": "EC", "crv": "brainpoolP256r1", "x": "AA", "y": "AA", "kid": "exotic"},
        {"kty": "RSA", "kid": "nothing in it"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
        {"kty": "RSA", "use": "enc", "kid": "first", "n": "AQAB", "e": "AQAB"},
        "no key",
        None,
        *provider.published,
    ]
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT


def test_one_key_needs_no_name(provider: OpenID) -> None:
    provider.header = {"kid": None}
    provider.published = [{name: it for name, it in public_jwk("first").items() if name != "kid"}]
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT


def test_more_audiences_need_us_as_the_party(provider: OpenID) -> None:
    provider.claims = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT


def test_a_clock_may_be_a_minute_off(provider: OpenID) -> None:
    def sign(_server: OpenID, header: dict[str, Any], claims: dict[str, Any]) -> str:
        shift = claims["iat"] + 50
        return honest(provider, header, claims | {"iat": shift, "nbf": shift, "exp": shift - 90})

    honest: Callable[[OpenID, dict[str, Any], dict[str, Any]], str] = provider.sign
    provider.sign = sign
    assert sign_in(provider, at_openid(provider)).subject == SUBJECT


@pytest.mark.parametrize(
    ("said", "read"), [(1_700_000_000, 1_700_000_000), (1_700_000_000.9, 1_700_000_000), (-1, -1), (0, 0), (None, None)]
)
def test_when_they_proved_who_they_are_is_a_time_in_seconds(provider: OpenID, said: Any, read: int | None) -> None:
    """A number with a fraction is a time too: read as none, it would never be too long ago."""
    provider.claims = {"auth_time": said}
    assert sign_in(provider, at_openid(provider)).auth_time == read


def test_a_token_without_anything_to_renew_it_says_so(provider: OpenID) -> None:
    tokens = sign_in(provider, at_openid(provider)).tokens
    assert tokens is not None
    asked_before = len(provider.asks)
    with pytest.raises(SignInRefused, match="nothing to renew"):
        OIDC.refresh(at_openid(provider), tokens)
    assert len(provider.asks) == asked_before
