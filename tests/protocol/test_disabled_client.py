"""A client that was shut out: nothing new, nothing of what it had, at any endpoint (R8)."""

from typing import Any
from urllib.parse import urlencode

import pytest

from idp.db.cache import RowCache
from idp.oauth import clients, registration
from idp.oauth.models import Client as Row
from tests.browser import Browser
from tests.factories import API, SIGNED_OUT, People
from tests.protocol.test_introspect_and_revoke import INACTIVE, Client, call, introspect

ORIGIN = "https://app.example.com"


@pytest.fixture
def client(people: People) -> Client:
    people.user()
    return people.client(allowed_origins=[ORIGIN], scope="openid email offline_access")


def shut_out(people: People, client: Client, *, is_remembered: bool = False) -> None:
    """Disable it; for two seconds it may be remembered as it was."""
    with people.unit() as uow:
        registration.disable(uow, uow.get(Row, client[0].id))
    if not is_remembered:
        clients.forget()


def test_it_begins_nothing(browser: Browser, people: People, client: Client) -> None:
    shut_out(people, client)
    page = browser.authorize(client[0])
    assert (page.status_code, "This application is not known here" in page.text) == (400, True)
    for endpoint in ("par", "introspect", "revoke"):
        assert call(browser, endpoint, client, token="x").json["error"] == "invalid_client"


def test_what_it_had_is_over(browser: Browser, people: People, client: Client) -> None:
    tokens, code = browser.tokens(*client, scope="openid offline_access"), browser.code(client[0])
    shut_out(people, client)
    assert browser.exchange(*client, code).json["error"] == "invalid_client"
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert browser.token(*client, **again).json["error"] == "invalid_client"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(browser.url("/oauth/userinfo"), headers=bearer).status_code == 401


def test_what_it_had_is_over_at_once_also_where_it_is_remembered(
    browser: Browser, people: People, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "_registrations", RowCache(10, ttl=600.0))  # however slow this test is
    tokens, code = browser.tokens(*client, scope="openid offline_access"), browser.code(client[0])
    shut_out(people, client, is_remembered=True)
    assert introspect(browser, client, tokens["refresh_token"]) == INACTIVE
    assert introspect(browser, client, tokens["access_token"]) == INACTIVE
    assert browser.exchange(*client, code).json["error"] == "invalid_grant"
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert browser.token(*client, **again).json["error"] == "invalid_grant"


@pytest.mark.parametrize("kind", ["web", "machine"])
def test_the_api_that_its_tokens_are_for_is_told(browser: Browser, people: People, kind: str) -> None:
    people.user()
    api = people.client(type="machine")
    people.resource(client_id=api[0].id)
    client = people.client(**{"type": "machine"} if kind == "machine" else {}, scope="notes:read")
    if kind == "machine":
        token = browser.token(*client, grant_type="client_credentials").json["access_token"]
    else:
        token = browser.tokens(*client, scope="notes:read", resource=API)["access_token"]
    assert introspect(browser, api, token)["active"] is True
    shut_out(people, client)
    assert introspect(browser, api, token) == INACTIVE


def test_a_person_who_is_asked_for_consent_is_told(browser: Browser, people: People) -> None:
    people.user()
    client = people.client(first_party=False)
    page = browser.sign_in(browser.authorize(client[0]))
    shut_out(people, client)
    answer = browser.submit(page, decision="allow")
    assert (answer.status_code, "This application is gone" in answer.text) == (400, True)


def test_signing_out_ends_the_session_and_leads_nowhere(browser: Browser, people: People, client: Client) -> None:
    hint = browser.tokens(*client)["id_token"]
    shut_out(people, client)

    def leave(**more: Any) -> Any:
        query = urlencode({"id_token_hint": hint, **more})
        return browser.follow(browser.get(browser.url(f"/oauth/end_session?{query}")))

    refused = leave(post_logout_redirect_uri=SIGNED_OUT)
    assert (refused.status_code, "Location" in refused.headers) == (400, False)
    assert "You’re signed out" in leave().text


def test_its_scripts_may_not_call(browser: Browser, people: People, client: Client) -> None:
    def allowed() -> str | None:
        answer = browser.get(browser.url("/.well-known/openid-configuration"), headers={"Origin": ORIGIN})
        found: str | None = answer.headers.get("Access-Control-Allow-Origin")
        return found

    assert allowed() == ORIGIN
    shut_out(people, client)
    assert allowed() is None
