"""Pushed authorization requests: RFC 9126, R13."""

from typing import Any

import pytest

from tests.browser import Browser, answer
from tests.factories import CALLBACK, NOBODY, People
from tests.moments import pass_time, rows


def push(browser: Browser, client: Any, secret: str | None, **changes: Any) -> Any:
    values = browser.parameters(client, **changes)
    if secret is not None:
        values |= {"client_secret": secret}
    return browser.post(browser.url("/oauth/par"), data=values)


def open_pushed(browser: Browser, client: Any, request_uri: str, **more: str) -> Any:
    query = {"client_id": str(client.id), "request_uri": request_uri} | more
    return browser.follow(browser.get(browser.url("/oauth/authorize"), query_string=query))


@pytest.fixture
def pusher(people: People) -> tuple[Any, str | None]:
    people.user()
    return people.client(token_endpoint_auth_method="client_secret_post")


def test_a_pushed_request_is_the_request(browser: Browser, pusher: tuple[Any, str]) -> None:
    """RFC 9126 §2.2: 201, request_uri, expires_in; §4: nothing beside it counts."""
    client, secret = pusher
    pushed = push(browser, client, secret, state="pushed")
    assert pushed.status_code == 201
    assert pushed.json["expires_in"] == 60
    assert pushed.json["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert pushed.headers["Cache-Control"] == "no-store"
    evil = {"redirect_uri": "https://evil.example.com/", "state": "other", "scope": "openid profile"}
    back = answer(browser.sign_in(open_pushed(browser, client, pushed.json["request_uri"], **evil)))
    assert back["state"] == "pushed"
    tokens = browser.post(
        browser.url("/oauth/token"),
        data={
            "grant_type": "authorization_code",
            "code": back["code"],
            "redirect_uri": CALLBACK,
            "code_verifier": browser.verifier,
            "client_id": str(client.id),
            "client_secret": secret,
        },
    ).json
    assert tokens["scope"] == "openid email"


def test_a_handle_is_good_once_even_when_nobody_was_asked(browser: Browser, pusher: tuple[Any, str]) -> None:
    client, secret = pusher
    for prompt in ("none", "login"):
        handle = push(browser, client, secret, prompt=prompt).json["request_uri"]
        first = open_pushed(browser, client, handle)
        assert (first.status_code == 303) == (prompt == "none")
        again = open_pushed(browser, client, handle)
        assert again.status_code == 400
        assert "expired" in again.text


def test_a_handle_lives_for_a_minute(people: People, browser: Browser, pusher: tuple[Any, str]) -> None:
    client, secret = pusher
    young = push(browser, client, secret).json["request_uri"]
    pass_time(people, seconds=55)
    assert open_pushed(browser, client, young).status_code == 200
    old = push(browser, client, secret).json["request_uri"]
    pass_time(people, seconds=61)
    assert open_pushed(browser, client, old).status_code == 400


def test_a_handle_is_its_clients_own_and_another_client_does_not_use_it_up(
    people: People, browser: Browser, pusher: tuple[Any, str]
) -> None:
    client, secret = pusher
    other, _ = people.client()
    handle = push(browser, client, secret).json["request_uri"]
    before = rows(people)
    refused = open_pushed(browser, other, handle)
    assert refused.status_code == 400
    assert "Location" not in refused.headers
    for guess in (handle[:-1], handle + "A", "urn:ietf:params:oauth:request_uri:", handle.upper()):
        assert open_pushed(browser, client, guess).status_code == 400
    assert rows(people) == before
    assert open_pushed(browser, client, handle).status_code == 200


def test_a_handle_is_its_tenants_own(others: People, browser: Browser, pusher: tuple[Any, str]) -> None:
    client, secret = pusher
    handle = push(browser, client, secret).json["request_uri"]
    stranger, _ = others.client()
    assert open_pushed(Browser(browser.http.application, others.tenant), stranger, handle).status_code == 400


def test_what_was_done_before_the_browser_came_answers_no_prompt(browser: Browser, pusher: tuple[Any, str]) -> None:
    client, secret = pusher
    handle = push(browser, client, secret, prompt="login").json["request_uri"]
    browser.code(client)
    assert "Sign in to" in open_pushed(browser, client, handle).text


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"request": "eyJ.e30."}, 400, "request_not_supported"),
        ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, 400, "invalid_request"),
        ({"redirect_uri": "https://evil.example.com/"}, 400, "invalid_request"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"response_type": "token"}, 400, "unsupported_response_type"),
        ({"response_type": None}, 400, "invalid_request"),
        ({"scope": "nothing"}, 400, "invalid_scope"),
        ({"code_challenge": None}, 400, "invalid_request"),
        ({"resource": "https://unknown.example.com"}, 400, "invalid_target"),
        ({"state": ["a", "b"]}, 400, "invalid_request"),
        ({"state": "a\x00"}, 400, "invalid_request"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": str(NOBODY)}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
    ],
    ids=str,
)
def test_a_wrong_push_is_refused_directly_and_stores_nothing(
    people: People, browser: Browser, pusher: tuple[Any, str], changes: dict[str, Any], status: int, error: str
) -> None:
    client, secret = pusher
    before = rows(people)
    sent = browser.parameters(client) | {"client_secret": secret} | changes
    refused = browser.post(
        browser.url("/oauth/par"), data={name: value for name, value in sent.items() if value is not None}
    )
    assert (refused.status_code, refused.json["error"]) == (status, error)
    assert rows(people) == before


def test_a_public_client_may_push(people: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client(type="spa")
    handle = push(browser, client, None).json["request_uri"]
    assert "code" in answer(browser.sign_in(open_pushed(browser, client, handle)))


def test_a_client_may_have_to_push(people: People, browser: Browser) -> None:
    """RFC 9126 §6."""
    people.user()
    client, _ = people.client(type="spa", require_pushed_authorization_requests=True)
    refused = answer(browser.authorize(client))
    assert (refused["error"], refused["state"]) == ("invalid_request", "a-state")
    handle = push(browser, client, None).json["request_uri"]
    assert open_pushed(browser, client, handle).status_code == 200


def test_pushing_is_post_only(browser: Browser) -> None:
    assert browser.get(browser.url("/oauth/par")).status_code == 405
