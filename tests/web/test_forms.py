"""Forms: only our own, from this browser, from our own origin (R40); and what people type into them (R26, R45)."""

from typing import Any

import pytest

from tests.browser import Browser, Forms, answer
from tests.conftest import BASE_URL
from tests.factories import PASSWORD, People
from tests.moments import pass_time, rows

GOOD = {"email": "ada@example.com", "password": PASSWORD}

HEADERS: list[tuple[dict[str, str], int]] = [
    ({}, 303),
    ({"Sec-Fetch-Site": "same-origin"}, 303),
    ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
    ({"Sec-Fetch-Site": "same-origin", "Origin": BASE_URL}, 303),
    ({"Sec-Fetch-Site": "none"}, 303),
    ({"Origin": BASE_URL}, 303),
    ({"Origin": "null"}, 303),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "same-site", "Origin": BASE_URL}, 403),
    ({"Sec-Fetch-Site": "nonsense"}, 403),
    ({"Origin": "https://evil.example.com"}, 403),
    ({"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-origin"}, 403),
    ({"Origin": BASE_URL + "0"}, 403),
    ({"Origin": BASE_URL.replace("http:", "https:")}, 403),
]


@pytest.fixture
def page(people: People, browser: Browser) -> Any:
    people.user()
    return browser.authorize(people.client()[0])


@pytest.mark.parametrize(("headers", "status"), HEADERS, ids=str)
def test_a_form_must_come_from_our_own_origin(
    browser: Browser, page: Any, headers: dict[str, str], status: int
) -> None:
    """Pages with ``Referrer-Policy: no-referrer`` make browsers say ``Origin: null`` of our own forms."""
    form = Forms(page.text)
    assert browser.post(form.action, data=form.fields | GOOD, headers=headers).status_code == status


@pytest.mark.parametrize("token", [None, "", "x", "é", "\x00", "A" * 43, "another browser's", "another tenant's"])
def test_a_form_must_carry_this_browsers_token(
    people: People, others: People, browser: Browser, page: Any, token: str | None
) -> None:
    form = Forms(page.text)
    if token == "another browser's":
        stranger = Browser(browser.http.application, browser.tenant)
        token = Forms(stranger.follow(stranger.get(stranger.url("/login"))).text).fields["csrf"]
    elif token == "another tenant's":
        elsewhere = Browser(browser.http.application, others.tenant)
        elsewhere.http = browser.http
        token = Forms(elsewhere.follow(elsewhere.get(elsewhere.url("/login"))).text).fields["csrf"]
    before = rows(people)
    sent = {name: value for name, value in (form.fields | GOOD | {"csrf": token}).items() if value is not None}
    refused = browser.post(form.action, data=sent)
    assert refused.status_code == 403
    assert refused.mimetype == "text/html"
    assert rows(people) == before


@pytest.mark.parametrize("path", ["/login", "/consent", "/select-account", "/logout"])
def test_every_form_of_ours_wants_the_token(browser: Browser, page: Any, path: str) -> None:
    form = Forms(page.text)
    for sent in ({}, {"flow": form.fields["flow"]}, form.fields | {"csrf": form.fields["csrf"][::-1]}):
        assert browser.post(browser.url(path), data=sent | GOOD).status_code == 403


def test_a_form_is_nothing_to_a_browser_without_its_cookie(browser: Browser, page: Any) -> None:
    form = Forms(page.text)
    stranger = Browser(browser.http.application, browser.tenant)
    assert stranger.post(form.action, data=form.fields | GOOD).status_code == 403
    stranger.get(stranger.url("/login"))
    own = Forms(stranger.follow(stranger.get(stranger.url("/login"))).text).fields["csrf"]
    planted = stranger.post(form.action, data=form.fields | GOOD | {"csrf": own})
    assert planted.status_code == 410, "a flow of another browser cannot be finished in this one"


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("ada@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("nobody@example.com", "wrong"),
        ("not an address", PASSWORD),
        ("' OR 1=1 --", "' OR 1=1 --"),
        ("ada@example.com", PASSWORD + "x" * 2000),
        ("ada@example.com", PASSWORD.upper()),
        ("ada@example.com", "\x00"),
        ("ada@example.com", "é" * 200),
        ("ada@example.com", "\u0065\u0301"),
    ],
)
def test_whatever_is_wrong_the_answer_is_the_same(browser: Browser, page: Any, email: str, password: str) -> None:
    """R26."""
    refused = browser.sign_in(page, email, password)
    assert refused.status_code == 422
    assert "That email and password don’t match." in refused.text
    assert Forms(refused.text).fields["email"] == email
    assert password not in refused.text or len(password) < 6 or password in email
    assert all("Max-Age=0" in cookie or "-b=" in cookie for cookie in refused.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize(
    ("email", "password", "sentence"),
    [
        ("", PASSWORD, "Enter your email address."),
        ("ada@example.com", "", "Enter your password."),
        ("ada@exam\x00ple.com", PASSWORD, "Enter your email address."),
        ("a" * 250 + "@b.example", PASSWORD, "An email address has at most 254 characters."),
    ],
)
def test_what_is_missing_is_said_beside_the_field(
    browser: Browser, page: Any, email: str, password: str, sentence: str
) -> None:
    refused = browser.sign_in(page, email, password)
    assert refused.status_code == 422
    assert sentence in refused.text


def test_an_address_is_found_however_it_is_written(browser: Browser, page: Any) -> None:
    assert "code" in answer(browser.sign_in(page, " ADA@Example.COM "))


def test_a_flow_is_used_once_and_dies_after_half_an_hour(people: People, browser: Browser, page: Any) -> None:
    form = Forms(page.text)
    assert browser.post(form.action, data=form.fields | GOOD).status_code == 303
    assert browser.post(form.action, data=form.fields | GOOD).status_code == 410
    assert browser.get(browser.url(f"/login?flow={form.fields['flow']}")).status_code == 410
    late = browser.follow(browser.get(browser.url("/login")))
    pass_time(people, minutes=31)
    assert browser.sign_in(late).status_code == 410


def test_a_disabled_person_is_told_no_more_than_a_stranger(people: People, browser: Browser, page: Any) -> None:
    from idp.users import service as users

    with people.unit() as uow:
        users.disable(uow, users.get_by_email(uow, "ada@example.com"))
    assert "That email and password don’t match." in browser.sign_in(page).text
