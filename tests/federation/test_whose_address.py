"""An address and whether it is verified are one statement: nothing vouches for what it was not said about (R22)."""

from typing import Any

import pytest

from idp.federation.providers.registry import KINDS
from tests.federation.test_known_providers import here
from tests.federation.trips import at_openid, sign_in
from tests.upstreams.oidc import OpenID

JANE, EVE = "jane@acme.example", "eve@evil.example"


@pytest.mark.parametrize(
    ("signed", "told", "read"),
    [
        ({"email": JANE}, {"email": EVE, "email_verified": True}, (JANE, False)),
        ({"email": JANE}, {"email_verified": True}, (JANE, False)),
        ({"email": JANE}, {"email": JANE, "email_verified": True}, (JANE, True)),
        ({"email": JANE, "email_verified": True}, {"email": EVE, "email_verified": False}, (JANE, True)),
        ({"email_verified": True}, {"email": EVE}, (EVE, False)),
        ({"email_verified": False}, {"email": EVE, "email_verified": True}, (EVE, True)),
        ({}, {"email": JANE, "email_verified": "true"}, (JANE, False)),
        ({}, {}, (None, False)),
    ],
)
def test_userinfo_vouches_for_its_own_address_only(
    provider: OpenID, signed: dict[str, Any], told: dict[str, Any], read: tuple[str | None, bool]
) -> None:
    provider.without = {"email", "email_verified", "name"} - signed.keys()
    provider.claims = signed
    provider.person = {"sub": provider.person["sub"]}
    provider.userinfo = told
    profile = sign_in(provider, at_openid(provider))
    assert (profile.email, profile.email_verified) == read
    assert provider.count("/userinfo") == 1


@pytest.mark.parametrize(
    ("claims", "is_verified"),
    [
        ({"email": "mail"}, False),
        ({"email": "mail", "email_verified": "mail_proven"}, True),
        ({"email": "mail", "email_verified": "email_verified"}, False),
        ({"email": "email"}, False),
    ],
)
def test_another_claim_needs_another_proof(provider: OpenID, claims: dict[str, str], is_verified: bool) -> None:
    """Keycloak's `email_verified` is about `email`, whatever stands in `mail`."""
    provider.person |= {"mail": EVE, "mail_proven": True, "email_verified": False}
    assert sign_in(provider, at_openid(provider, claims=claims)).email_verified is is_verified
    provider.person |= {"email_verified": True}
    verified = is_verified or "email_verified" in claims.values() or claims["email"] == "email"
    assert sign_in(provider, at_openid(provider, claims=claims)).email_verified is verified


@pytest.mark.parametrize(
    ("said", "is_verified"), [("true", True), (True, True), ("True", False), (1, False), (None, False)]
)
def test_linkedin_says_true_in_letters(provider: OpenID, said: Any, is_verified: bool) -> None:
    provider.claims = {"email_verified": said, "locale": {"country": "CH", "language": "de"}}
    profile = sign_in(provider, at_openid(provider), here("linkedin", provider))
    assert profile.email_verified is is_verified
    assert "locale" not in profile.attributes


def test_microsoft_says_everything_in_the_id_token(provider: OpenID) -> None:
    """Its userinfo is on another server, and knows less: nothing is asked there."""
    provider.without = {"email", "email_verified", "name"}
    profile = sign_in(provider, at_openid(provider), here("microsoft", provider))
    assert (profile.email, profile.email_verified) == (None, False)
    assert not provider.count("/userinfo")


def test_only_the_kind_that_says_so_believes_letters(provider: OpenID) -> None:
    provider.claims = {"email_verified": "true"}
    for kind in set(KINDS) - {"github", "linkedin"}:
        assert not sign_in(provider, at_openid(provider), here(kind, provider)).email_verified
