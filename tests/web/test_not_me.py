"""“This was not me”: one button ends everything and mails the way back; opening the link does nothing (R33, R38)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from idp.accounts import recovery
from idp.authn import passwords
from idp.authn.models import Session
from idp.events.types import EventType
from idp.oauth.models import Grant
from idp.users import service as users
from idp.wiring import Wiring
from tests.browser import Browser, Forms
from tests.factories import PASSWORD, People
from tests.moments import pass_time, rows
from tests.post import Post

EMAIL, NEW = "ada@example.com", "lantern orbit quiet harvest"
THIEVES = "thieves orbit quiet harvest"


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    people.user()
    with people.unit() as uow:
        passwords.set_password(uow, users.get_by_email(uow, EMAIL), THIEVES, how=EventType.PASSWORD_CHANGED)
    return Post(wiring, people.tenant)


def link(post: Post) -> str:
    return post.link(EMAIL, "/not-me?")


def test_everything_ends_and_a_new_password_brings_it_back(people: People, app: Any, post: Post) -> None:
    owner, thief = Browser(app, people.tenant), Browser(app, people.tenant)
    thief.sign_in(thief.follow(thief.get(thief.url("/login"))), EMAIL, THIEVES)
    assert EMAIL in thief.get(thief.url("/")).text
    page = owner.get(link(post))
    assert "Everybody is signed out" in page.text
    done = owner.submit(page)
    assert done.status_code == 200
    assert "We have sent you a mail with a link" in done.text
    assert EMAIL not in thief.get(thief.url("/")).text
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).where(Session.ended_at.is_(None))) == 0
        assert uow.session.scalar(select(func.count()).where(Grant.revoked_at.is_(None))) == 0
    for password in (THIEVES, PASSWORD):
        assert thief.sign_in(thief.follow(thief.get(thief.url("/login"))), EMAIL, password).status_code == 422
    login = owner.submit(owner.get(post.link(EMAIL, "/reset-password?")), password=NEW)
    assert EMAIL in owner.sign_in(login, EMAIL, NEW).text


def test_an_address_that_was_changed_is_theirs_again(people: People, browser: Browser, post: Post) -> None:
    with people.unit() as uow:
        users.change_email(uow, users.get_by_email(uow, EMAIL), "thief@evil.example")
    browser.submit(browser.get(link(post)))
    with people.unit() as uow:
        assert users.find_by_email(uow, EMAIL) is not None
        assert users.find_by_email(uow, "thief@evil.example") is None
    post.deliver()
    assert {mail.to for mail in post.mails() if mail.links("/reset-password?")} == {EMAIL}


def test_opening_the_link_does_nothing(people: People, browser: Browser, post: Post) -> None:
    address = link(post)
    before = rows(people)
    for _ in range(3):
        assert browser.get(address).status_code == browser.http.head(address).status_code == 200
    assert rows(people) == before
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))), EMAIL, THIEVES)
    assert EMAIL in browser.get(browser.url("/")).text


def test_a_link_works_once_and_for_a_week(people: People, browser: Browser, post: Post) -> None:
    page = browser.get(link(post))
    pass_time(people, days=6)
    browser.submit(page)
    for over in (browser.submit(page), browser.get(link(post))):
        assert over.status_code == 410
        assert f'href="{browser.url("/recovery")}"' in over.text


def test_an_old_link_is_over(people: People, browser: Browser, post: Post) -> None:
    page = browser.get(link(post))
    pass_time(people, days=7, minutes=1)
    assert browser.submit(page).status_code == browser.get(link(post)).status_code == 410


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "idp_ot_" + "A" * 43, "A" * 5000])
def test_a_link_that_is_none_is_over(browser: Browser, post: Post, token: str) -> None:
    csrf = Forms(browser.follow(browser.get(browser.url("/login"))).text).fields["csrf"]
    address = browser.url("/not-me")
    assert browser.http.get(address, query_string={"token": token}).status_code == 410
    assert browser.post(address, data={"csrf": csrf, "token": token}).status_code == 410
    assert browser.post(address, data={"token": token}).status_code == 403


def test_a_link_of_another_purpose_or_tenant_is_over(
    people: People, others: People, app: Any, browser: Browser, post: Post
) -> None:
    with people.unit() as uow:
        recovery.request(uow, EMAIL)
    assert browser.get(browser.url("/not-me?token=" + post.token(EMAIL, "/reset-password?"))).status_code == 410
    token = post.token(EMAIL, "/not-me?")
    elsewhere = Browser(app, others.tenant)
    assert elsewhere.get(elsewhere.url("/not-me?token=" + token)).status_code == 410
    for path in ("/reset-password?token=", "/verify-email?token=", "/signup?invitation="):
        assert browser.get(browser.url(path + token)).status_code == 410
