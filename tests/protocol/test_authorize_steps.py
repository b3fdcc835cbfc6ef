"""Who must do what before a code is given: OpenID Connect Core §3.1.2.1, §3.1.2.3, §5.5.1.1."""

import json
from typing import Any
from uuid import uuid4

import jwt
import pytest

from tests.browser import Browser, Forms, answer
from tests.factories import NOBODY, People
from tests.moments import pass_time, rows

SIGN_IN, CHOOSE, CONSENT, CODE, LOGIN_REQUIRED = (
    "Sign in to",
    "Choose an account",
    "wants to use",
    "code",
    "login_required",
)


def step(response: Any) -> str:
    """Where a request has come: the page, ``code``, or the error."""
    if response.status_code == 303:
        back = answer(response)
        return CODE if "code" in back else back["error"]
    assert response.status_code == 200, response.text
    return next(words for words in (SIGN_IN, "Confirm it’s you", CHOOSE, CONSENT) if words in response.text)


def acr(*values: str, essential: bool = True) -> str:
    return json.dumps({"id_token": {"acr": {"essential": essential, "values": list(values)}}})


def subject(user_id: object) -> str:
    return json.dumps({"id_token": {"sub": {"value": str(user_id)}}})


@pytest.mark.parametrize(
    ("asked", "nobody", "signed_in", "long_ago"),
    [
        ({}, SIGN_IN, CODE, CODE),
        ({"prompt": "none"}, LOGIN_REQUIRED, CODE, CODE),
        ({"prompt": "login"}, SIGN_IN, SIGN_IN, SIGN_IN),
        ({"prompt": "consent"}, SIGN_IN, CONSENT, CONSENT),
        ({"prompt": "select_account"}, SIGN_IN, CHOOSE, CHOOSE),
        ({"prompt": "login consent"}, SIGN_IN, SIGN_IN, SIGN_IN),
        ({"prompt": "select_account login"}, SIGN_IN, CHOOSE, CHOOSE),
        ({"prompt": "select_account consent"}, SIGN_IN, CHOOSE, CHOOSE),
        ({"max_age": "0"}, SIGN_IN, "Confirm it’s you", "Confirm it’s you"),
        ({"max_age": "60"}, SIGN_IN, CODE, "Confirm it’s you"),
        ({"max_age": "999999999"}, SIGN_IN, CODE, CODE),
        ({"max_age": "60", "prompt": "none"}, LOGIN_REQUIRED, CODE, LOGIN_REQUIRED),
        ({"max_age": "0", "prompt": "none"}, LOGIN_REQUIRED, LOGIN_REQUIRED, LOGIN_REQUIRED),
        ({"acr_values": "aal3 aal1"}, SIGN_IN, CODE, CODE),
        ({"claims": acr("aal1")}, SIGN_IN, CODE, CODE),
        ({"claims": acr("aal2", "aal1")}, SIGN_IN, CODE, CODE),
        ({"claims": acr("aal3", essential=False)}, SIGN_IN, CODE, CODE),
        ({"claims": acr("aal3")}, SIGN_IN, "unmet_authentication_requirements", "unmet_authentication_requirements"),
        ({"ui_locales": "tlh fr-CA"}, SIGN_IN, CODE, CODE),
        ({"claims": subject(NOBODY)}, LOGIN_REQUIRED, LOGIN_REQUIRED, LOGIN_REQUIRED),
    ],
    ids=str,
)
def test_the_first_step_follows_from_request_and_session(
    people: People, browser: Browser, asked: dict[str, str], nobody: str, signed_in: str, long_ago: str
) -> None:
    people.user()
    client, _ = people.client()
    assert step(browser.authorize(client, **asked)) == nobody
    browser.code(client)
    assert step(browser.authorize(client, **asked)) == signed_in
    pass_time(people, minutes=5)
    assert step(browser.authorize(client, **asked)) == long_ago


def test_prompt_login_wants_a_sign_in_after_the_request_and_then_no_other(people: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client()
    browser.code(client)
    page = browser.authorize(client, prompt="login")
    resumed = browser.url(f"/oauth/authorize/resume?flow={waiting(browser, page)}")
    assert step(browser.follow(browser.get(resumed))) == SIGN_IN, "coming back without signing in gets nowhere"
    assert step(browser.sign_in(page)) == CODE


def waiting(browser: Browser, page: Any) -> str:
    """The id of the authorization request behind a sign-in page."""
    from sqlalchemy import text

    flow = Forms(page.text).fields["flow"]
    with browser.http.application.extensions["idp"].tenant_unit(browser.tenant) as uow:
        return str(uow.execute(text("SELECT resume_to FROM login_transactions WHERE id = :id"), {"id": flow}).scalar())


def test_select_account_lets_the_person_go_on_or_be_somebody_else(people: People, browser: Browser) -> None:
    people.user(email="ada@example.com")
    grace = people.user(email="grace@example.com")
    client, secret = people.client()
    browser.code(client)
    page = browser.authorize(client, prompt="select_account")
    assert "ada@example.com" in page.text
    assert step(browser.submit(page, choice="continue")) == CODE
    page = browser.submit(browser.authorize(client, prompt="select_account"), choice="other")
    assert step(page) == SIGN_IN
    back = answer(browser.sign_in(page, "grace@example.com"))
    claims = browser.exchange(client, secret, back["code"]).json["id_token"]
    assert jwt.decode(claims, options={"verify_signature": False})["sub"] == str(grace.id)
    assert step(browser.submit(browser.authorize(client, prompt="select_account"), choice="?")) == CHOOSE


def test_max_age_is_answered_with_an_honest_auth_time(people: People, browser: Browser) -> None:
    """OpenID Connect Core §2: with max_age, auth_time is REQUIRED."""
    people.user()
    client, secret = people.client()
    first = jwt.decode(browser.tokens(client, secret)["id_token"], options={"verify_signature": False})
    pass_time(people, minutes=5)
    silent = jwt.decode(browser.tokens(client, secret)["id_token"], options={"verify_signature": False})
    assert first["auth_time"] - 302 < silent["auth_time"] < first["auth_time"] - 298
    code = answer(browser.sign_in(browser.authorize(client, max_age="60")))["code"]
    fresh = jwt.decode(browser.exchange(client, secret, code).json["id_token"], options={"verify_signature": False})
    assert fresh["auth_time"] >= first["auth_time"]
    assert fresh["sid"] == first["sid"], "the same person's session goes on"


def test_an_id_token_hint_names_the_person_that_will_do(people: People, browser: Browser, others: People) -> None:
    people.user(email="ada@example.com")
    people.user(email="grace@example.com")
    client, secret = people.client()
    ada = browser.tokens(client, secret)["id_token"]
    assert step(browser.authorize(client, id_token_hint=ada, prompt="none")) == CODE
    page = browser.authorize(client, id_token_hint=ada, prompt="login")
    assert browser.sign_in(page, "grace@example.com").status_code == 422, "another person will not do"
    stranger = Browser(browser.http.application, browser.tenant)
    grace = stranger.code(client, email="grace@example.com")
    assert grace
    assert step(stranger.authorize(client, id_token_hint=ada, prompt="none")) == LOGIN_REQUIRED
    page = stranger.authorize(client, id_token_hint=ada)
    assert step(page) == SIGN_IN
    assert "ada@example.com" not in page.text, "a hint is no reason to show an address"


def test_an_id_token_hint_of_another_client_tenant_or_kind_is_refused(
    people: People, browser: Browser, others: People
) -> None:
    for each in (people, others):
        each.user()
    client, secret = people.client()
    other, other_secret = people.client(client_name="Other")
    foreign, foreign_secret = others.client()
    elsewhere = Browser(browser.http.application, others.tenant)
    hints = (
        browser.tokens(other, other_secret)["id_token"],
        elsewhere.tokens(foreign, foreign_secret)["id_token"],
        browser.tokens(client, secret)["access_token"],
    )
    before = rows(people)
    for hint in hints:
        assert step(browser.authorize(client, id_token_hint=hint)) == "invalid_request"
    assert rows(people) == before


def test_a_hint_for_somebody_who_is_gone_ends_in_login_required(people: People, browser: Browser) -> None:
    """OpenID Connect Core §3.1.2.2: a positive answer for that very person only."""
    user = people.user()
    client, secret = people.client()
    hint = browser.tokens(client, secret)["id_token"]
    people.erase(user)
    assert step(browser.authorize(client, id_token_hint=hint)) == LOGIN_REQUIRED
    assert step(browser.authorize(client, claims=subject(user.id))) == LOGIN_REQUIRED


def test_a_login_hint_is_written_into_the_form_escaped_and_survives_an_error(people: People, browser: Browser) -> None:
    people.user()
    client, _ = people.client()
    page = browser.authorize(client, login_hint='"><script>alert(1)</script>')
    assert Forms(page.text).fields["email"] == '"><script>alert(1)</script>'
    assert "<script>alert" not in page.text
    page = browser.authorize(client, login_hint="ada@example.com")
    assert Forms(page.text).fields["email"] == "ada@example.com"
    again = browser.sign_in(page, "grace@example.com", "wrong")
    assert again.status_code == 422
    assert Forms(again.text).fields["email"] == "grace@example.com"


def test_an_ended_or_idle_session_counts_for_nobody(people: People, browser: Browser) -> None:
    """R38: idle 30 minutes, absolute 12 hours."""
    people.user()
    client, _ = people.client()
    browser.code(client)
    pass_time(people, minutes=29)
    assert step(browser.authorize(client, prompt="none")) == CODE
    pass_time(people, minutes=31)
    assert step(browser.authorize(client, prompt="none")) == LOGIN_REQUIRED
    browser.code(client)
    for _ in range(26):
        pass_time(people, minutes=27)
        browser.authorize(client, prompt="none")
    assert step(browser.authorize(client, prompt="none")) == CODE
    pass_time(people, minutes=20)
    assert step(browser.authorize(client, prompt="none")) == LOGIN_REQUIRED


def test_a_stored_request_is_answered_once_and_only_in_its_browser(people: People, browser: Browser) -> None:
    """R32: flow steps are bound to the browser cookie and to the original request."""
    people.user()
    client, _ = people.client()
    page = browser.authorize(client)
    flow = waiting(browser, page)
    resume = browser.url(f"/oauth/authorize/resume?flow={flow}")
    stranger = Browser(browser.http.application, browser.tenant)
    stranger.code(client)
    for somebody in (stranger, Browser(browser.http.application, browser.tenant)):
        assert somebody.get(resume).status_code == 410
        assert somebody.get(browser.url(f"/login?flow={Forms(page.text).fields['flow']}")).status_code == 410
    assert step(browser.sign_in(page)) == CODE
    assert browser.get(resume).status_code == 410
    for flow in ("", "x", str(uuid4()), "\x00"):
        assert browser.get(browser.url("/oauth/authorize/resume"), query_string={"flow": flow}).status_code == 410
