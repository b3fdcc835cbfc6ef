"""Introspection (RFC 7662) and revocation (RFC 7009): the caller's own tenant and tokens only (R10)."""

import base64
from typing import Any

import pytest

from idp.users import service as users
from tests.browser import Browser
from tests.factories import API, People
from tests.moments import pass_time, rows

INACTIVE = {"active": False}
Client = tuple[Any, str | None]


def call(browser: Browser, endpoint: str, client: Client, **values: Any) -> Any:
    headers = {}
    if client[1] is None:
        values["client_id"] = str(client[0].id)
    else:
        pair = base64.b64encode(f"{client[0].id}:{client[1]}".encode()).decode()
        headers["Authorization"] = f"Basic {pair}"
    return browser.post(browser.url(f"/oauth/{endpoint}"), data=values, headers=headers)


def introspect(browser: Browser, client: Client, token: str, **more: Any) -> dict[str, Any]:
    response = call(browser, "introspect", client, token=token, **more)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    answer: dict[str, Any] = response.json
    return answer


def revoke(browser: Browser, client: Client, token: str, **more: Any) -> None:
    response = call(browser, "revoke", client, token=token, **more)
    assert (response.status_code, response.data) == (200, b"")


def refreshed(browser: Browser, client: Client, token: str) -> int:
    return int(browser.token(*client, grant_type="refresh_token", refresh_token=token).status_code)


@pytest.fixture
def client(people: People) -> Client:
    people.user(roles=("member",))
    return people.client()


def test_a_clients_own_access_token_is_active_with_its_claims(browser: Browser, client: Client) -> None:
    """RFC 7662 §2.2."""
    claims = introspect(browser, client, browser.tokens(*client)["access_token"])
    assert claims["active"] is True
    assert claims["token_type"] == "Bearer"
    assert (claims["client_id"], claims["iss"]) == (str(client[0].id), browser.tenant.issuer)
    assert (claims["scope"], claims["roles"]) == ("openid email", ["member"])
    assert claims.keys() >= {"sub", "aud", "exp", "iat", "jti", "sid", "auth_time", "acr", "amr"}


def test_a_clients_own_refresh_token_is_active_while_rotation_would_take_it(
    people: People, browser: Browser, client: Client
) -> None:
    first = browser.tokens(*client)["refresh_token"]
    assert introspect(browser, client, first, token_type_hint="nonsense")["active"] is True
    second = browser.token(*client, grant_type="refresh_token", refresh_token=first).json["refresh_token"]
    assert introspect(browser, client, first) == INACTIVE
    claims = introspect(browser, client, second)
    assert (claims["active"], claims["client_id"]) == (True, str(client[0].id))
    pass_time(people, hours=13)
    assert introspect(browser, client, second) == INACTIVE, "its session is over"


def test_asking_does_not_use_a_refresh_token(people: People, browser: Browser, client: Client) -> None:
    token = browser.tokens(*client)["refresh_token"]
    before = rows(people)
    introspect(browser, client, token)
    assert rows(people) == before
    assert refreshed(browser, client, token) == 200


def test_what_is_not_the_callers_is_inactive_and_nothing_else_is_said(
    people: People, others: People, browser: Browser, client: Client
) -> None:
    tokens = browser.tokens(*client)
    other = people.client(client_name="Other")
    foreign = others.client()
    elsewhere = Browser(browser.http.application, others.tenant)
    for text in (tokens["access_token"], tokens["refresh_token"]):
        assert introspect(browser, other, text) == INACTIVE
        assert introspect(elsewhere, foreign, text) == INACTIVE
    for text in (tokens["id_token"], "x", "a.b.c", "..", "é", "idp_rt_x", tokens["access_token"] + "x"):
        assert introspect(browser, client, text) == INACTIVE


@pytest.mark.parametrize("scope", ["", "notes:read"])
def test_an_api_may_ask_about_tokens_meant_for_it(people: People, browser: Browser, scope: str) -> None:
    """R10: the caller's own client or resource; holding its scopes itself is not needed."""
    people.user()
    api = people.client(type="machine", scope=scope, client_name="The API itself")
    people.resource(client_id=api[0].id)
    people.resource("https://other.example.com", ("files:read",))
    client = people.client(scope="openid email notes:read files:read")
    meant = browser.tokens(*client, scope="openid notes:read")["access_token"]
    assert introspect(browser, api, meant)["scope"] == "openid notes:read"
    assert introspect(browser, api, browser.tokens(*client, scope="files:read")["access_token"]) == INACTIVE
    assert introspect(browser, api, browser.tokens(*client, scope="openid")["access_token"]) == INACTIVE
    asked = browser.token(*api, grant_type="client_credentials", resource=API)
    assert asked.status_code == (200 if scope else 400), "being the API is no leave to call it"


def test_whoever_cannot_authenticate_may_not_introspect(people: People, browser: Browser, client: Client) -> None:
    """RFC 7662 §2.1; a public client proves nothing."""
    token = browser.tokens(*client)["access_token"]
    spa = people.client(type="spa")
    for caller in (spa, (client[0], "wrong"), (client[0], None)):
        response = call(browser, "introspect", caller, token=token)
        assert (response.status_code, response.json["error"]) == (401, "invalid_client")


def test_a_disabled_persons_tokens_are_inactive_at_once(people: People, browser: Browser, client: Client) -> None:
    tokens = browser.tokens(*client)
    with people.unit() as uow:
        users.disable(uow, users.get_by_email(uow, "ada@example.com"))
    assert introspect(browser, client, tokens["access_token"]) == INACTIVE
    assert introspect(browser, client, tokens["refresh_token"]) == INACTIVE


def test_revoking_an_access_token_ends_that_token_alone(browser: Browser, client: Client) -> None:
    tokens = browser.tokens(*client)
    other = browser.tokens(*client)["access_token"]
    for _ in range(2):
        revoke(browser, client, tokens["access_token"], token_type_hint="refresh_token")
    assert introspect(browser, client, tokens["access_token"]) == INACTIVE
    assert introspect(browser, client, other)["active"] is True
    assert refreshed(browser, client, tokens["refresh_token"]) == 200


def test_revoking_a_refresh_token_ends_its_grant(browser: Browser, client: Client) -> None:
    """RFC 7009 §2.1: access tokens based on the same grant SHOULD be invalidated too."""
    tokens = browser.tokens(*client)
    other = browser.tokens(*client)
    revoke(browser, client, tokens["refresh_token"])
    assert introspect(browser, client, tokens["access_token"]) == INACTIVE
    assert refreshed(browser, client, tokens["refresh_token"]) == 400
    assert refreshed(browser, client, other["refresh_token"]) == 200


def test_an_older_refresh_token_revokes_its_grant_too(browser: Browser, client: Client) -> None:
    first = browser.tokens(*client)["refresh_token"]
    second = browser.token(*client, grant_type="refresh_token", refresh_token=first).json["refresh_token"]
    revoke(browser, client, first)
    assert refreshed(browser, client, second) == 400


def test_revoking_what_is_not_ones_own_is_no_error_and_changes_nothing(
    people: People, others: People, browser: Browser, client: Client
) -> None:
    tokens = browser.tokens(*client)
    other = people.client(client_name="Other")
    foreign = others.client()
    elsewhere = Browser(browser.http.application, others.tenant)
    before = rows(people)
    for text in (tokens["access_token"], tokens["refresh_token"]):
        revoke(browser, other, text)
        revoke(elsewhere, foreign, text)
    for text in ("x", "a.b.c", "é", tokens["id_token"], tokens["refresh_token"][:-10] + 10 * "A"):
        revoke(browser, client, text)
    assert rows(people) == before
    assert introspect(browser, client, tokens["access_token"])["active"] is True
    assert refreshed(browser, client, tokens["refresh_token"]) == 200


def test_a_machines_token_can_be_asked_about_and_revoked(people: People, browser: Browser) -> None:
    people.resource()
    machine = people.client(type="machine", scope="notes:read")
    token = browser.token(*machine, grant_type="client_credentials").json["access_token"]
    assert introspect(browser, machine, token)["sub"] == str(machine[0].id)
    revoke(browser, machine, token)
    assert introspect(browser, machine, token) == INACTIVE


def test_a_public_client_revokes_its_own(people: People, browser: Browser) -> None:
    people.user()
    spa = people.client(type="spa")
    token = browser.tokens(*spa)["refresh_token"]
    revoke(browser, spa, token)
    assert refreshed(browser, spa, token) == 400


@pytest.mark.parametrize("endpoint", ["introspect", "revoke"])
def test_the_request_is_a_form_with_one_token(browser: Browser, client: Client, endpoint: str) -> None:
    for values in ({}, {"token": ""}, {"token": ["a", "b"]}, {"token": "\x00"}, {"token": "a" * 16_385}):
        response = call(browser, endpoint, client, **values)
        assert (response.status_code, response.json["error"]) == (400, "invalid_request")
    url = browser.url(f"/oauth/{endpoint}")
    assert browser.get(url).status_code == 405
    assert browser.post(f"{url}?token=x", data={"token": "x"}).json["error"] == "invalid_request"
    assert browser.post(url, json={"token": "x"}).json["error"] == "invalid_request"
    assert call(browser, endpoint, (client[0], "wrong"), token="x").json["error"] == "invalid_client"
