"""Being invited: the address is the invitation’s, the link works once, and takes nobody’s account (R26, R48)."""

from typing import Any

import pytest

from idp.accounts import invitations
from idp.rbac import service as rbac
from idp.users import service as users
from idp.wiring import Wiring
from tests.browser import Browser, Forms
from tests.factories import PASSWORD as KNOWN_PASSWORD
from tests.factories import People
from tests.moments import pass_time, rows
from tests.post import Post
from tests.web.tenancy import decide

EMAIL, PASSWORD = "grace@example.com", "lantern orbit quiet harvest"


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    with people.unit() as uow:
        invitations.invite(uow, EMAIL, roles=["admin"])
    return Post(wiring, people.tenant)


def link(post: Post) -> str:
    return post.link(EMAIL, "?invitation=")


def roles(people: People, email: str = EMAIL) -> list[str]:
    with people.unit() as uow:
        return list(rbac.names_of(uow, users.get_by_email(uow, email).id))


def test_somebody_new_chooses_a_password_and_is_in(people: People, browser: Browser, post: Post) -> None:
    page = browser.get(link(post))
    assert page.status_code == 200
    assert "email" not in Forms(page.text).fields, "the address is shown, and never sent"
    form = Forms(page.text)
    done = browser.post(form.action, data=form.fields | {"name": "Grace Hopper", "password": PASSWORD})
    assert (done.status_code, done.headers["Location"]) == (303, browser.url("/account"))
    assert EMAIL in browser.get(browser.url("/")).text
    assert roles(people) == ["admin"]
    with people.unit() as uow:
        user = users.get_by_email(uow, EMAIL)
        assert user.profile.name == "Grace Hopper"
        assert users.primary_email(uow, user.id).verified_at is not None


def test_the_address_is_never_the_forms(people: People, browser: Browser, post: Post) -> None:
    extra = {"email": "eve@evil.example", "address": "eve@evil.example", "roles": "owner", "user_id": "1"}
    browser.submit(browser.get(link(post)), password=PASSWORD, **extra)
    assert roles(people) == ["admin"]
    with people.unit() as uow:
        assert users.find_by_email(uow, "eve@evil.example") is None


def test_an_existing_account_keeps_its_password_and_signs_in(people: People, browser: Browser, post: Post) -> None:
    people.user(email=EMAIL, roles=("member",))
    page = browser.get(link(post))
    assert 'type="password"' not in page.text
    login = browser.submit(page, password=PASSWORD)
    assert "Your invitation is accepted." in login.text
    assert Forms(login.text).fields["email"] == EMAIL
    assert EMAIL not in browser.get(browser.url("/")).text, "the link alone signs nobody in"
    assert browser.sign_in(login, EMAIL, PASSWORD).status_code == 422
    form = Forms(login.text)
    home = browser.post(form.action, data=form.fields | {"email": EMAIL, "password": KNOWN_PASSWORD})
    assert home.headers["Location"] == browser.url("/account")
    assert roles(people) == ["admin", "member"]


def test_whoever_is_signed_in_already_stays_so(people: People, browser: Browser, post: Post) -> None:
    people.user(email=EMAIL)
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))), EMAIL)
    form = Forms(browser.get(link(post)).text)
    assert browser.post(form.action, data=form.fields).headers["Location"] == browser.url("/account")
    assert EMAIL in browser.get(browser.url("/")).text


def test_an_invitation_works_once_and_is_not_used_up_by_opening(people: People, app: Any, post: Post) -> None:
    first, second = Browser(app, people.tenant), Browser(app, people.tenant)
    post.deliver()
    before = rows(people)
    pages = [each.get(link(post)) for each in (first, second)]
    assert rows(people) == before
    first.submit(pages[0], password=PASSWORD)
    for over in (second.submit(pages[1], password=PASSWORD), second.get(link(post))):
        assert over.status_code == 410
        assert "This invitation has expired" in over.text
        assert "Ask your administrator for a new one." in over.text
    assert EMAIL not in second.get(second.url("/")).text


@pytest.mark.parametrize("how", ["revoked", "superseded", "too old"])
def test_an_invitation_that_is_over_opens_nothing(people: People, browser: Browser, post: Post, how: str) -> None:
    old = link(post)
    page = browser.get(old)
    with people.unit() as uow:
        if how == "revoked":
            invitations.revoke(uow, invitations.list_open(uow)[0].id)
        elif how == "superseded":
            invitations.invite(uow, EMAIL)
    if how == "too old":
        pass_time(people, days=7, minutes=1)
    assert browser.get(old).status_code == 410
    assert browser.submit(page, password=PASSWORD).status_code == 410
    with people.unit() as uow:
        assert users.find_by_email(uow, EMAIL) is None


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "idp_ot_" + "A" * 43, "A" * 5000])
def test_a_link_that_is_none_is_over(browser: Browser, post: Post, token: str) -> None:
    csrf = Forms(browser.follow(browser.get(browser.url("/login"))).text).fields["csrf"]
    sent = {"invitation": token, "password": PASSWORD}
    assert browser.http.get(browser.url("/signup"), query_string={"invitation": token}).status_code == 410
    assert browser.post(browser.url("/signup"), data=sent | {"csrf": csrf}).status_code == 410
    assert browser.post(browser.url("/signup"), data=sent).status_code == 403


def test_an_invitation_of_another_tenant_opens_nothing(others: People, app: Any, post: Post) -> None:
    elsewhere = Browser(app, others.tenant)
    token = post.token(EMAIL, "?invitation=")
    assert elsewhere.get(elsewhere.url(f"/signup?invitation={token}")).status_code == 410


def test_the_rules_hold_for_the_invited_as_well(people: People, browser: Browser, post: Post) -> None:
    decide(people, terms_version="2026-11")
    page = browser.get(link(post))
    refused = browser.submit(page, name="x" * 300, password="gracegracegrace@example.com")
    assert refused.status_code == 422
    for sentence in ("Enter a name on one line", "too close to your email address", "Agree to the terms to go on."):
        assert refused.text.count(sentence) == 2
    assert EMAIL in refused.text
    browser.submit(refused, name="", password=PASSWORD, terms="yes")
    with people.unit() as uow:
        assert users.get_by_email(uow, EMAIL).terms_version == "2026-11"


def test_a_tenant_that_is_closed_meanwhile_lets_nobody_in(people: People, browser: Browser, post: Post) -> None:
    page = browser.get(link(post))
    decide(people, registration="closed")
    assert browser.submit(page, password=PASSWORD).status_code == browser.get(link(post)).status_code == 410
    decide(people, registration="invitation")
    browser.submit(page, password=PASSWORD)
    assert EMAIL in browser.get(browser.url("/")).text


def test_whoever_was_added_without_a_password_chooses_one_here(people: People, browser: Browser, post: Post) -> None:
    with people.unit() as uow:
        added = users.create(uow, email=EMAIL, via="api", name="Grace").id
    page = browser.get(link(post))
    done = browser.post(Forms(page.text).action, data=Forms(page.text).fields | {"name": "Eve", "password": PASSWORD})
    assert (done.status_code, done.headers["Location"]) == (303, browser.url("/account"))
    assert roles(people) == ["admin"]
    with people.unit() as uow:
        user = users.get_by_email(uow, EMAIL)
        assert (user.id, user.profile.name) == (added, "Grace")
