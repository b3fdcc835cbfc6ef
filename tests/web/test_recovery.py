"""A forgotten password: one answer for everybody, a link that works once, and signs nobody in (R26, R34)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from idp.authn.models import Session
from idp.oauth.models import Grant
from idp.users import service as users
from idp.wiring import Wiring
from tests.browser import Browser, Forms, answer
from tests.factories import PASSWORD, People, make_user
from tests.moments import pass_time, rows
from tests.post import Post
from tests.web.answers import normal

EMAIL, NEW = "ada@example.com", "lantern orbit quiet harvest"


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    people.user()
    return Post(wiring, people.tenant)


def ask(browser: Browser, email: str = EMAIL) -> Any:
    """The page that says what happens now."""
    return browser.submit(browser.follow(browser.get(browser.url("/recovery"))), email=email)


def sign_in(browser: Browser, password: str) -> Any:
    return browser.sign_in(browser.follow(browser.get(browser.url("/login"))), EMAIL, password)


def test_a_person_who_forgot_gets_back_to_the_application(people: People, browser: Browser, post: Post) -> None:
    login = browser.authorize(people.client()[0])
    refused = browser.sign_in(login, EMAIL, "forgotten")
    assert refused.status_code == 422
    assert "don’t match. Try again, or <a href=" in refused.text
    flow = Forms(refused.text).fields["flow"]
    assert refused.text.count(f'/recovery?flow={flow}"') == 2
    form = browser.get(browser.url(f"/recovery?flow={flow}"))
    assert Forms(form.text).fields["email"] == EMAIL, "what was typed survives"
    assert "to continue to <bdi>Notes</bdi>" in form.text
    sent = browser.submit(form)
    assert f"/login?flow={flow}" in sent.text
    page = browser.get(post.link(EMAIL))
    assert 'autocomplete="new-password"' in page.text
    login = browser.submit(page, password=NEW)
    assert "Your password was changed. Sign in with it." in login.text
    assert Forms(login.text).fields["email"] == EMAIL
    assert "code" in answer(browser.sign_in(login, EMAIL, NEW))


def test_nobody_is_signed_in_by_it_and_everybody_is_signed_out(people: People, app: Any, post: Post) -> None:
    """R34."""
    browser, thief = Browser(app, people.tenant), Browser(app, people.tenant)
    client, secret = people.client()
    thief.tokens(client, secret)
    ask(browser)
    done = browser.submit(browser.get(post.link(EMAIL)), password=NEW)
    assert "Sign in" in done.text
    assert EMAIL not in browser.get(browser.url("/")).text
    assert EMAIL not in thief.get(thief.url("/")).text
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).where(Session.ended_at.is_(None))) == 0
        assert uow.session.scalar(select(func.count()).where(Grant.revoked_at.is_(None))) == 0
    assert sign_in(browser, PASSWORD).status_code == 422
    assert EMAIL in sign_in(browser, NEW).text
    post.deliver()
    assert [mail for mail in post.mails(EMAIL) if "password was changed" in mail.subject]


def test_known_and_unknown_addresses_get_the_same_answer(people: People, app: Any, post: Post) -> None:
    """R26: also for somebody disabled, and for somebody whose address was never proven."""
    with people.unit() as uow:
        users.disable(uow, make_user(uow, email="gon@example.com"))
        unproven = make_user(uow, email="unp@example.com")
        users.primary_email(uow, unproven.id).verified_at = None
    said = {}
    for email in (EMAIL, "bob@example.com", "gon@example.com", "unp@example.com"):
        browser = Browser(app, people.tenant)
        form = Forms(browser.follow(browser.get(browser.url("/recovery"))).text)
        sent = browser.post(form.action, data=form.fields | {"email": email})
        page = browser.follow(sent)
        assert f"<bdi>{email}</bdi>" in page.text
        said[email] = [normal(each, form.fields["flow"], form.fields["csrf"], email) for each in (sent, page)]
    assert len({tuple(texts) for texts in said.values()}) == 1
    assert "If there is an account with" in page.text
    assert "It works for 30 minutes." in page.text
    post.deliver()
    assert {mail.to for mail in post.mails() if mail.links("/reset-password?")} == {EMAIL}


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("", "Enter your email address."),
        ("ada", "Enter an email address such as name@example.com."),
        ("ada@example.com\x00", "Enter an email address such as name@example.com."),
        ("ada@example.com, eve@evil.example", "Enter an email address such as name@example.com."),
        ("ada@example.com\r\nBcc: eve@evil.example", "Enter an email address such as name@example.com."),
        ("x" * 5000 + "@example.com", "Enter an email address such as name@example.com."),
    ],
)
def test_what_is_no_address_is_said(people: People, browser: Browser, post: Post, email: str, sentence: str) -> None:
    page = browser.follow(browser.get(browser.url("/recovery")))
    before = rows(people)
    refused = browser.submit(page, email=email)
    assert refused.status_code == 422
    assert refused.text.count(sentence) == 2
    assert rows(people) == before


def test_only_the_stored_address_is_ever_written_to(browser: Browser, post: Post) -> None:
    form = Forms(browser.follow(browser.get(browser.url("/recovery"))).text)
    browser.post(
        form.action, data=form.fields | {"email": ["ADA@example.com", "eve@evil.example"], "email[]": "e@e.de"}
    )
    post.deliver()
    assert {mail.to for mail in post.mails() if mail.links("/reset-password?")} == {EMAIL}


def test_a_link_works_once_and_only_the_newest(people: People, app: Any, browser: Browser, post: Post) -> None:
    ask(browser)
    older = post.link(EMAIL)
    ask(browser)
    link = post.link(EMAIL)
    assert link != older
    assert browser.get(older).status_code == 410
    before = rows(people)
    for _ in range(3):
        page = Browser(app, people.tenant).get(link)
        assert page.status_code == 200
    assert rows(people) == before, "to open it uses nothing up"
    page = browser.get(link)
    browser.submit(page, password=NEW)
    used = browser.submit(page, password="another quiet lantern orbit")
    for over in (used, browser.get(link)):
        assert over.status_code == 410
        assert "This link has expired" in over.text
        assert f'href="{browser.url("/recovery")}"' in over.text
    assert EMAIL in sign_in(browser, NEW).text


def test_a_link_is_over_after_half_an_hour(people: People, browser: Browser, post: Post) -> None:
    ask(browser)
    page = browser.get(post.link(EMAIL))
    pass_time(people, minutes=31)
    assert browser.submit(page, password=NEW).status_code == 410
    assert sign_in(browser, PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "Enter a password."),
        ("too shøρt", "A password needs at least 15 characters."),
        ("lantern\x00orbit quiet harvest", "A password cannot hold control characters."),
        ("x" * 5000, "A password has at most 128 characters."),
        (EMAIL + "1", "This password is too close to your email address"),
    ],
)
def test_a_password_that_will_not_do_leaves_the_link_good(
    browser: Browser, post: Post, password: str, sentence: str
) -> None:
    ask(browser)
    page = browser.get(post.link(EMAIL))
    refused = browser.submit(page, password=password)
    assert refused.status_code == 422
    assert refused.text.count(sentence) == 2
    assert not password or password not in refused.text
    assert "Your password was changed." in browser.submit(refused, password=NEW).text


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "idp_ot_" + "A" * 43, "%", "A" * 5000])
def test_a_link_that_is_none_is_over(browser: Browser, post: Post, token: str) -> None:
    csrf = Forms(browser.follow(browser.get(browser.url("/login"))).text).fields["csrf"]
    address = browser.url("/reset-password")
    assert browser.http.get(address, query_string={"token": token}).status_code == 410
    assert browser.post(address, data={"csrf": csrf, "token": token, "password": NEW}).status_code == 410
    assert browser.post(address, data={"token": token, "password": NEW}).status_code == 403


def test_a_link_of_another_purpose_or_tenant_is_over(people: People, others: People, app: Any, post: Post) -> None:
    browser, elsewhere = Browser(app, people.tenant), Browser(app, others.tenant)
    ask(browser)
    token = post.token(EMAIL)
    for path in ("/verify-email?token=", "/not-me?token=", "/signup?invitation="):
        assert browser.get(browser.url(path + token)).status_code == 410
    assert elsewhere.get(elsewhere.url("/reset-password?token=" + token)).status_code == 410
    assert browser.get(post.link(EMAIL)).status_code == 200


def test_recovery_opens_an_account_that_guessing_has_closed(people: People, browser: Browser, post: Post) -> None:
    """R27: too many attempts are said on the page, with the time to wait; a recovery ends the row of failures."""
    page = browser.follow(browser.get(browser.url("/login")))
    for _ in range(6):
        refused = browser.sign_in(page, EMAIL, "wrong")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Too many attempts. Try again in" in refused.text
    assert Forms(refused.text).fields["email"] == EMAIL
    ask(browser)
    browser.submit(browser.get(post.link(EMAIL)), password=NEW)
    assert EMAIL in sign_in(browser, NEW).text


def test_a_link_and_its_page_leak_nothing(browser: Browser, post: Post) -> None:
    ask(browser)
    page = browser.get(post.link(EMAIL))
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
