"""Consent: asked of third-party clients, remembered by person, client and scope, and withdrawn (R14, R8)."""

import json
from typing import Any

import pytest

from idp.oauth import consents
from tests.browser import Browser, Forms, answer
from tests.factories import People
from tests.moments import rows

ASKS = "wants to use your"


@pytest.fixture
def third_party(people: People) -> tuple[Any, str | None]:
    people.user()
    return people.client(client_name="Notes <b>", first_party=False)


def asked(browser: Browser, client: Any, **changes: Any) -> Any:
    """The consent page, signed in on the way."""
    page = browser.authorize(client, **changes)
    if "Sign in to" in page.text:
        page = browser.sign_in(page)
    assert ASKS in page.text, page.text
    return page


def test_the_page_says_who_asks_what_for_and_where_it_leads(browser: Browser, third_party: tuple[Any, str]) -> None:
    page = asked(browser, third_party[0], scope="openid email offline_access")
    for words in ("Notes &lt;b&gt;", "app.example.com", "See your email address", "Stay connected", "ada@example.com"):
        assert words in page.text
    assert "postal address" not in page.text


def test_allow_gives_a_code_and_is_remembered(browser: Browser, third_party: tuple[Any, str]) -> None:
    client, secret = third_party
    back = answer(browser.submit(asked(browser, client), decision="allow"))
    assert browser.exchange(client, secret, back["code"]).json["scope"] == "openid email"
    assert "code" in answer(browser.authorize(client))
    assert "code" in answer(browser.authorize(client, prompt="none"))
    assert "code" in answer(browser.authorize(client, scope="openid", prompt="none"))


def test_deny_is_access_denied_and_nothing_is_granted_or_remembered(
    people: People, browser: Browser, third_party: tuple[Any, str]
) -> None:
    client, _ = third_party
    page = asked(browser, client)
    refused = answer(browser.submit(page, decision="deny"))
    assert (refused["error"], refused["state"], refused["iss"]) == ("access_denied", "a-state", browser.tenant.issuer)
    assert rows(people)["consents"] == rows(people)["grants"] == 0
    form = Forms(page.text)
    assert browser.post(form.action, data={**form.fields, "decision": "allow"}).status_code == 410, "it was answered"
    assert ASKS in browser.authorize(client).text


def test_nothing_but_allow_is_a_yes(people: People, browser: Browser, third_party: tuple[Any, str]) -> None:
    page = asked(browser, third_party[0])
    for decision in ("", "Allow", "yes", "\x00", "allow "):
        assert ASKS in browser.submit(page, decision=decision).text
    assert rows(people)["consents"] == 0


def test_more_than_was_agreed_to_is_asked_again_and_adds_up(browser: Browser, third_party: tuple[Any, str]) -> None:
    client, _ = third_party
    browser.submit(asked(browser, client, scope="openid email"), decision="allow")
    assert answer(browser.authorize(client, scope="openid profile", prompt="none"))["error"] == "consent_required"
    wanted = json.dumps({"userinfo": {"phone_number": None}})
    assert "See your phone number" in browser.authorize(client, scope="openid", claims=wanted).text
    browser.submit(browser.authorize(client, scope="openid profile"), decision="allow")
    assert "code" in answer(browser.authorize(client, scope="openid email profile", prompt="none"))


def test_prompt_consent_asks_whoever_agreed_and_even_for_a_first_party_client(people: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client()
    browser.code(client)
    page = browser.authorize(client, prompt="consent")
    assert ASKS in page.text
    assert "code" in answer(browser.submit(page, decision="allow"))
    assert "code" in answer(browser.authorize(client)), "otherwise nobody is asked"


def test_the_yes_of_one_person_is_not_anothers(people: People, browser: Browser, third_party: tuple[Any, str]) -> None:
    """The session changed hands between the yes and the answer: whoever is there now is asked."""
    people.user(email="grace@example.com")
    client, _ = third_party
    form = Forms(asked(browser, client).text)
    left = browser.post(form.action, data={**form.fields, "decision": "allow"})
    assert left.status_code == 303
    browser.sign_in(browser.get(browser.get(browser.url("/login")).headers["Location"]), "grace@example.com")
    page = browser.follow(browser.get(left.headers["Location"]))
    assert ASKS in page.text
    assert "grace@example.com" in page.text


def test_withdrawing_ends_what_was_granted_by_it(
    people: People, browser: Browser, third_party: tuple[Any, str]
) -> None:
    client, secret = third_party
    other, other_secret = people.client(client_name="Other")
    back = answer(browser.submit(asked(browser, client), decision="allow"))
    tokens = browser.exchange(client, secret, back["code"]).json
    kept = browser.tokens(other, other_secret)
    with people.unit() as uow:
        from idp.users import service as users

        consents.withdraw(uow, users.get_by_email(uow, "ada@example.com").id, client)
    for each, its_secret, refresh, status in (
        (client, secret, tokens["refresh_token"], 400),
        (other, other_secret, kept["refresh_token"], 200),
    ):
        response = browser.token(each, its_secret, grant_type="refresh_token", refresh_token=refresh)
        assert response.status_code == status
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert browser.get(browser.url("/oauth/userinfo"), headers=bearer).status_code == 401
    assert ASKS in browser.authorize(client).text


def test_without_a_session_the_page_leads_back_to_the_sign_in(browser: Browser, third_party: tuple[Any, str]) -> None:
    page = asked(browser, third_party[0])
    name = next(cookie for cookie in cookies(browser) if not cookie.endswith("-b"))
    browser.http.delete_cookie(name, domain="localhost")
    assert "Sign in to" in browser.submit(page, decision="allow").text


def cookies(browser: Browser) -> list[str]:
    return [cookie.key for cookie in browser.http._cookies.values()]
