"""The authorization response: RFC 6749 §4.1.2, RFC 9207, Form Post Response Mode, OpenID Connect Core §5.5."""

import json
import re
from typing import Any

import jwt
import pytest

from tests.browser import Browser, Forms, answer
from tests.factories import CALLBACK, People

HOSTILE = '"><script>alert(1)</script>'


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def userinfo(browser: Browser, token: str) -> dict[str, Any]:
    return browser.get(browser.url("/oauth/userinfo"), headers={"Authorization": f"Bearer {token}"}).json


def policy(response: Any) -> dict[str, str]:
    """CSP by directive."""
    parts = (part.strip().partition(" ") for part in response.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def test_form_post_carries_code_state_and_iss_in_a_page_without_inline_code(people: People, browser: Browser) -> None:
    people.user()
    client, secret = people.client()
    page = browser.sign_in(browser.authorize(client, response_mode="form_post", state=HOSTILE))
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    form = Forms(page.text)
    assert form.action == CALLBACK
    assert form.fields.keys() == {"code", "state", "iss"}
    assert form.fields["state"] == HOSTILE
    assert form.fields["iss"] == browser.tenant.issuer
    assert HOSTILE not in page.text
    assert policy(page)["form-action"] == "'self' https://app.example.com"
    nonce = re.fullmatch(r"'nonce-([\w-]{22})'", policy(page)["script-src"])
    assert nonce is not None
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", page.text)
    assert [(f'nonce="{nonce[1]}"' in attributes, body) for attributes, body in scripts] == [(True, "")]
    assert browser.exchange(client, secret, form.fields["code"]).status_code == 200


def test_errors_go_by_form_post_too(people: People, browser: Browser) -> None:
    client, _ = people.client()
    fields = Forms(browser.authorize(client, response_mode="form_post", prompt="none").text).fields
    assert fields.keys() == {"error", "error_description", "state", "iss"}
    assert fields["error"] == "login_required"
    refused = Forms(browser.authorize(client, response_mode="form_post", scope="nothing").text).fields
    assert refused["error"] == "invalid_scope"


def test_a_redirect_uri_keeps_its_own_query(people: People, browser: Browser) -> None:
    """RFC 6749 §3.1.2: the query component MUST be retained."""
    uri = "https://app.example.com/cb?tenant=acme&x=%20"
    client, _ = people.client(redirect_uris=[uri])
    refused = browser.authorize(client, redirect_uri=uri, prompt="none")
    assert refused.headers["Location"].startswith(f"{uri}&error=login_required&")


def test_redirects_are_303_never_stored_and_carry_no_body_that_runs(people: People, browser: Browser) -> None:
    """R5."""
    people.user()
    client, _ = people.client()
    back = browser.sign_in(browser.authorize(client))
    assert back.status_code == 303
    assert back.headers["Cache-Control"] == "no-store"
    assert back.headers["Referrer-Policy"] == "no-referrer"
    assert answer(back).keys() == {"code", "state", "iss"}


def test_every_page_on_the_way_may_post_towards_the_client_and_nowhere_else(people: People, browser: Browser) -> None:
    """Browsers hold the whole redirect chain against form-action (R41)."""
    people.user()
    client, _ = people.client(first_party=False)
    page = browser.authorize(client)
    assert policy(page)["form-action"] == "'self' https://app.example.com"
    assert policy(browser.sign_in(page))["form-action"] == "'self' https://app.example.com"
    chooser = browser.authorize(client, prompt="select_account")
    assert policy(chooser)["form-action"] == "'self' https://app.example.com"


def test_a_native_clients_own_scheme_is_a_place_that_forms_may_end_at(people: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client(type="native", redirect_uris=["com.example.notes:/cb"])
    page = browser.authorize(client, redirect_uri="com.example.notes:/cb")
    assert policy(page)["form-action"] == "'self' com.example.notes:"


@pytest.mark.parametrize("host", ["evil.example.com;sandbox", "a,b", "a'b", "a$b"])
def test_no_host_that_could_add_to_the_policy_can_be_registered(people: People, host: str) -> None:
    with pytest.raises(Exception, match="must name a host"):
        people.client(redirect_uris=[f"https://{host}/cb"])


@pytest.mark.parametrize("nonce", ["n-0S6_WzA2Mj", HOSTILE, "ключ 🔑", "a" * 2000])
def test_nonce_comes_back_in_the_id_token_and_nowhere_else(people: People, browser: Browser, nonce: str) -> None:
    people.user()
    client, secret = people.client()
    tokens = browser.tokens(client, secret, nonce=nonce)
    assert claims_of(tokens["id_token"])["nonce"] == nonce
    assert "nonce" not in claims_of(tokens["access_token"])
    assert "nonce" not in claims_of(browser.tokens(client, secret, nonce=None)["id_token"])


def test_scopes_open_their_claims_at_userinfo_and_not_in_the_id_token(people: People, browser: Browser) -> None:
    """OpenID Connect Core §5.4."""
    address = {"locality": "London", "country": "UK"}
    user = people.user(given_name="Ada", family_name="Lovelace", phone_number="+441234567", address=address)
    client, secret = people.client()
    tokens = browser.tokens(client, secret, scope="openid profile email address phone")
    claims = userinfo(browser, tokens["access_token"])
    assert claims.pop("updated_at") > 0
    assert claims == {
        "sub": str(user.id),
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        "address": address,
        "phone_number": "+441234567",
        "phone_number_verified": False,
    }
    assert {"email", "name", "address"}.isdisjoint(claims_of(tokens["id_token"]))
    assert userinfo(browser, browser.tokens(client, secret, scope="openid")["access_token"]) == {"sub": str(user.id)}


def test_the_claims_parameter_asks_for_single_claims_in_either_place(people: People, browser: Browser) -> None:
    """OpenID Connect Core §5.5; what is unknown, or no claim of ours, is passed over."""
    user = people.user(given_name="Ada", locale="en-GB")
    client, secret = people.client()
    wanted = {
        "userinfo": {"given_name": {"essential": True}, "sub": None, "x": None, "roles": None},
        "id_token": {"email": None, "locale": {"value": "fr"}, "auth_time": {"essential": True}, "iss": {"value": "x"}},
        "verified_claims": {"purpose": "none of ours"},
    }
    tokens = browser.tokens(client, secret, scope="openid", claims=json.dumps(wanted))
    assert userinfo(browser, tokens["access_token"]) == {"sub": str(user.id), "given_name": "Ada"}
    id_token = claims_of(tokens["id_token"])
    assert (id_token["email"], id_token["locale"], id_token["iss"]) == (
        "ada@example.com",
        "en-GB",
        browser.tenant.issuer,
    )
    assert "given_name" not in id_token


def test_the_claims_parameter_opens_nothing_beyond_the_clients_scopes(people: People, browser: Browser) -> None:
    """R11."""
    user = people.user(phone_number="+441234567")
    client, secret = people.client(scope="openid email")
    wanted = json.dumps({"userinfo": {"phone_number": None}, "id_token": {"phone_number": {"essential": True}}})
    tokens = browser.tokens(client, secret, scope="openid", claims=wanted)
    assert userinfo(browser, tokens["access_token"]) == {"sub": str(user.id)}
    assert "phone_number" not in claims_of(tokens["id_token"])


def test_without_openid_there_is_no_id_token_and_no_userinfo(people: People, browser: Browser) -> None:
    people.user()
    client, secret = people.client()
    tokens = browser.tokens(client, secret, scope="email")
    assert "id_token" not in tokens
    refused = browser.get(browser.url("/oauth/userinfo"), headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert (refused.status_code, refused.json["error"]) == (403, "insufficient_scope")
