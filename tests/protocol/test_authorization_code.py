"""RFC 6749 §4.1, RFC 7636, RFC 9207, OpenID Connect Core §3.1."""

from typing import Any

import jwt
import pytest

from tests.browser import Browser, answer
from tests.factories import CALLBACK, People


def test_a_person_signs_in_and_the_client_gets_tokens(people: People, browser: Browser) -> None:
    user = people.user(given_name="Ada", family_name="Lovelace", roles=("member",))
    client, secret = people.client()

    page = browser.authorize(client)
    assert page.status_code == 200
    assert "Sign in to" in page.text
    back = answer(browser.sign_in(page))
    assert back["state"] == "a-state"
    assert back["iss"] == browser.tenant.issuer

    tokens = browser.exchange(client, secret, back["code"]).json
    assert tokens["token_type"] == "Bearer"
    id_token = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert id_token["sub"] == str(user.id)
    assert id_token["nonce"] == "a-nonce"
    assert id_token["aud"] == str(client.id)
    access = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert jwt.get_unverified_header(tokens["access_token"])["typ"] == "at+jwt"
    assert access["roles"] == ["member"]
    assert access["aud"] == browser.tenant.issuer

    claims = browser.get(browser.url("/oauth/userinfo"), headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert claims.json == {"sub": str(user.id), "email": "ada@example.com", "email_verified": True}


def test_a_code_is_good_once_and_its_replay_ends_everything(people: People, browser: Browser) -> None:
    """RFC 6749 §4.1.2: a code used twice revokes what was issued from it (R4)."""
    people.user()
    client, secret = people.client()
    code = browser.code(client)
    first = browser.exchange(client, secret, code).json
    again = browser.exchange(client, secret, code)
    assert again.status_code == 400
    assert again.json["error"] == "invalid_grant"
    refreshed = browser.token(client, secret, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert refreshed.json["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": CALLBACK + "/"},
        {"code_verifier": "a" * 43},
        {"code_verifier": None},
        {"code_verifier": "short"},
        {"code": "idp_ac_" + "A" * 43},
    ],
)
def test_a_code_is_bound_and_a_wrong_try_does_not_use_it_up(
    people: People, browser: Browser, changes: dict[str, Any]
) -> None:
    people.user()
    client, secret = people.client()
    code = browser.code(client)
    refused = browser.exchange(client, secret, code, **changes)
    assert (refused.status_code, refused.json["error"]) == (400, "invalid_grant")
    assert browser.exchange(client, secret, code).status_code == 200
