"""Userinfo (OpenID Connect Core §5.3, RFC 6750): a bearer in the header or a form body, never in the query (R1)."""

import base64
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from idp.oauth import clients, registration
from idp.users import service as users
from tests.browser import Browser
from tests.factories import API, People

STRANGER = generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def signed_in(people: People, browser: Browser) -> dict[str, Any]:
    people.user()
    return browser.tokens(*people.client())


def ask(browser: Browser, token: str, scheme: str = "Bearer") -> Any:
    return browser.get(browser.url("/oauth/userinfo"), headers={"Authorization": f"{scheme} {token}"})


def refused(response: Any, error: str = "invalid_token", status: int = 401) -> bool:
    """RFC 6750 §3: the challenge names the error."""
    assert (response.status_code, response.json["error"]) == (status, error), response.text
    assert f'error="{error}"' in response.headers["WWW-Authenticate"]
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="userinfo"')
    return True


def test_the_token_may_come_by_header_or_form_and_the_answer_is_the_same(
    browser: Browser, signed_in: dict[str, Any]
) -> None:
    token, url = signed_in["access_token"], browser.url("/oauth/userinfo")
    by_header = ask(browser, token)
    assert by_header.mimetype == "application/json"
    assert by_header.headers["Cache-Control"] == "no-store"
    bearer = {"Authorization": f"Bearer {token}"}
    for response in (
        ask(browser, token, scheme="bearer"),
        browser.post(url, headers=bearer),
        browser.post(url, data={}, headers=bearer),
        browser.post(url, data={"access_token": token}),
    ):
        assert response.json == by_header.json


def test_without_a_token_the_challenge_says_nothing_more(browser: Browser, signed_in: dict[str, Any]) -> None:
    """RFC 6750 §3.1: no error code for who sent no token.  One in the query is no token."""
    token, url = signed_in["access_token"], browser.url("/oauth/userinfo")
    for response in (
        browser.get(url),
        browser.get(f"{url}?access_token={token}"),
        browser.post(url, json={"access_token": token}),
        ask(browser, token, scheme="Basic"),
        ask(browser, ""),
    ):
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="userinfo"'
        assert "sub" not in response.json


def test_two_tokens_or_a_query_beside_the_form_are_a_bad_request(browser: Browser, signed_in: dict[str, Any]) -> None:
    token, url = signed_in["access_token"], browser.url("/oauth/userinfo")
    twice = browser.post(url, data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})
    assert refused(twice, "invalid_request", 400)
    assert browser.post(f"{url}?access_token={token}", data={"access_token": token}).status_code == 400
    assert browser.post(url, data={"access_token": [token, token]}).json["error"] == "invalid_request"


FORGERIES: dict[str, Callable[[dict[str, Any], str], str]] = {
    "alg none": lambda claims, kid: jwt.encode(claims, None, "none", headers={"typ": "at+jwt", "kid": kid}),
    "a stranger's key": lambda claims, kid: jwt.encode(
        claims, STRANGER, "RS256", headers={"typ": "at+jwt", "kid": kid}
    ),
    "no kid": lambda claims, _kid: jwt.encode(claims, STRANGER, "RS256", headers={"typ": "at+jwt"}),
    "hs256": lambda claims, kid: jwt.encode(claims, b"x" * 32, "HS256", headers={"typ": "at+jwt", "kid": kid}),
    "words": lambda _claims, _kid: "not a token",
    "dots": lambda _claims, _kid: "..",
    "long": lambda _claims, _kid: "a" * 20_000,
    "unicode": lambda _claims, _kid: "é.é.é",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_refused(
    browser: Browser, signed_in: dict[str, Any], forge: Callable[[dict[str, Any], str], str]
) -> None:
    token = signed_in["access_token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert refused(ask(browser, forge(claims, jwt.get_unverified_header(token)["kid"])))


def test_an_id_token_is_no_access_token_nor_is_a_refresh_token(browser: Browser, signed_in: dict[str, Any]) -> None:
    """R6."""
    assert refused(ask(browser, signed_in["id_token"]))
    assert refused(ask(browser, signed_in["refresh_token"]))


def test_a_token_of_another_audience_tenant_or_kind_is_refused(
    people: People, others: People, browser: Browser
) -> None:
    people.resource()
    for each in (people, others):
        each.user()
    client, secret = people.client(scope="openid email notes:read")
    for_the_api = browser.tokens(client, secret, scope="email notes:read")["access_token"]
    assert jwt.decode(for_the_api, options={"verify_signature": False})["aud"] == API
    assert refused(ask(browser, for_the_api))
    elsewhere = Browser(browser.http.application, others.tenant)
    assert refused(ask(browser, elsewhere.tokens(*others.client())["access_token"]))
    machine = people.client(type="machine", scope="")
    token = browser.token(*machine, grant_type="client_credentials").json["access_token"]
    assert refused(ask(browser, token), "insufficient_scope", 403)


def expired(browser: Browser, people: People, token: str, age: int) -> str:
    """The same token, by the tenant's own key, as if it had run out `age` seconds ago."""
    from idp.keys import signing

    claims = jwt.decode(token, options={"verify_signature": False})
    with people.unit() as uow:
        return signing.sign(uow, claims | {"exp": int(time.time()) - age}, "at+jwt")


def test_an_expired_token_is_refused_after_a_minutes_leeway(
    people: People, browser: Browser, signed_in: dict[str, Any]
) -> None:
    assert ask(browser, expired(browser, people, signed_in["access_token"], 50)).status_code == 200
    assert refused(ask(browser, expired(browser, people, signed_in["access_token"], 70)))


@pytest.mark.parametrize("end", ["revoked", "disabled", "deleted", "signed out", "client deleted"])
def test_what_ended_is_refused_at_once(people: People, browser: Browser, end: str) -> None:
    """R8: userinfo sees it at once."""
    people.user()
    client, secret = people.client()
    tokens = browser.tokens(client, secret)
    assert ask(browser, tokens["access_token"]).status_code == 200
    if end == "revoked":
        basic = base64.b64encode(f"{client.id}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        browser.post(browser.url("/oauth/revoke"), data={"token": tokens["access_token"]}, headers=headers)
    elif end == "signed out":
        browser.submit(browser.get(browser.url("/logout")))
    else:
        with people.unit() as uow:
            user = users.get_by_email(uow, "ada@example.com")
            match end:
                case "disabled":
                    users.disable(uow, user)
                case "deleted":
                    people.erase(user)
                case _:
                    registration.remove(uow, clients.get(uow, client.id))
    assert refused(ask(browser, tokens["access_token"]))


def test_a_changed_profile_shows_at_once(people: People, browser: Browser, signed_in: dict[str, Any]) -> None:
    assert ask(browser, signed_in["access_token"]).json["email_verified"] is True
    with people.unit() as uow:
        users.primary_email(uow, users.get_by_email(uow, "ada@example.com").id).verified_at = None
    assert ask(browser, signed_in["access_token"]).json["email_verified"] is False


def test_other_methods_are_not_allowed(browser: Browser) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        assert browser.http.open(browser.url("/oauth/userinfo"), method=method).status_code == 405
