"""A web host whose clock jumps a minute, either way: the database's clock decides what is over (R61)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from idp.clock import utcnow
from tests.browser import Browser
from tests.factories import People

JUMPS = [pytest.param(timedelta(seconds=60), id="a minute ahead"), pytest.param(timedelta(seconds=-60), id="behind")]


@pytest.mark.parametrize("jump", JUMPS)
def test_tokens_from_before_a_jump_are_good_after_it(people: People, browser: Browser, jump: timedelta) -> None:
    """Nobody is signed out, no access token is refused, and a refresh token is rotated."""
    people.user()
    client, secret = people.client()
    tokens = browser.tokens(client, secret)
    with time_machine.travel(utcnow() + jump, tick=True):
        assert userinfo(browser, tokens["access_token"]).status_code == 200
        assert browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json
        assert browser.authorize(client).status_code == 303, "the session is over"


@pytest.mark.parametrize("jump", JUMPS)
def test_tokens_from_during_a_jump_are_good_after_it(people: People, browser: Browser, jump: timedelta) -> None:
    """A token of a minute from now is a token: whoever checks it, here or offline, allows for that much (R61)."""
    people.user()
    client, secret = people.client()
    with time_machine.travel(utcnow() + jump, tick=True):
        tokens = browser.tokens(client, secret)
    assert userinfo(browser, tokens["access_token"]).status_code == 200
    answer = browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("jump", JUMPS)
def test_what_was_revoked_stays_so_whatever_the_clock_says(people: People, browser: Browser, jump: timedelta) -> None:
    people.user()
    client, secret = people.client()
    tokens = browser.tokens(client, secret)
    revoke(browser, client, secret, tokens["refresh_token"])
    with time_machine.travel(utcnow() + jump, tick=True):
        assert userinfo(browser, tokens["access_token"]).status_code == 401
        answer = browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("jump", JUMPS)
def test_the_grace_of_a_refresh_is_by_the_database(people: People, browser: Browser, jump: timedelta) -> None:
    """A minute is longer than the grace, and an honest retry gets its successor all the same."""
    people.user()
    client, secret = people.client()
    sent = browser.tokens(client, secret)["refresh_token"]
    ask: Callable[[], Any] = lambda: browser.token(client, secret, grant_type="refresh_token", refresh_token=sent)  # noqa: E731
    first = ask()
    with time_machine.travel(utcnow() + jump, tick=True):
        second = ask()
    assert first.json["refresh_token"] == second.json["refresh_token"]


def userinfo(browser: Browser, token: str) -> Any:
    return browser.get(browser.url("/oauth/userinfo"), headers={"Authorization": f"Bearer {token}"})


def revoke(browser: Browser, client: Any, secret: str | None, token: str) -> None:
    from tests.races.test_single_use import basic

    done = browser.post(browser.url("/oauth/revoke"), data={"token": token}, headers=basic(client, secret))
    assert done.status_code == 200
