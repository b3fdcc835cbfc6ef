"""Signing up: nobody is told who is here, and nobody is somebody before their address is proven (R26, R32, R33)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from idp.accounts.models import Registration
from idp.authn.models import Session
from idp.users import service as users
from idp.users.models import User
from idp.wiring import Wiring
from tests.browser import Browser, Forms, answer
from tests.factories import People
from tests.moments import rows
from tests.post import Post
from tests.web.answers import normal
from tests.web.tenancy import decide

PASSWORD = "lantern orbit quiet harvest"
NEW = {"email": "grace@example.com", "password": PASSWORD}


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    decide(people, registration="open")
    return Post(wiring, people.tenant)


def signup(browser: Browser) -> Any:
    return browser.follow(browser.get(browser.url("/signup")))


def count(people: People, model: Any) -> int:
    with people.unit() as uow:
        return uow.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_person_signs_up_and_is_back_at_the_application(people: People, browser: Browser, post: Post) -> None:
    client, _ = people.client()
    login = browser.authorize(client)
    page = browser.get(browser.url(f"/signup?flow={Forms(login.text).fields['flow']}"))
    assert "to continue to <bdi>Notes</bdi>" in page.text
    asked = browser.submit(page, name="Grace Hopper", **NEW)
    assert asked.status_code == 200
    assert "Check your email" in asked.text
    assert count(people, User) == count(people, Session) == 0
    assert "code" in answer(browser.submit(asked, code=post.code("grace@example.com")))
    with people.unit() as uow:
        user = users.get_by_email(uow, "grace@example.com")
        assert (user.profile.name, user.profile.locale) == ("Grace Hopper", "en")
        assert users.primary_email(uow, user.id).verified_at is not None
    assert "code" in answer(browser.authorize(client))


def test_without_an_application_it_ends_at_the_tenants_own_page(browser: Browser, post: Post) -> None:
    home = browser.submit(browser.submit(signup(browser), **NEW), code=post.code("grace@example.com"))
    assert home.status_code == 200
    assert "grace@example.com" in home.text


def test_known_and_unknown_addresses_get_the_same_answers(people: People, app: Any, post: Post) -> None:
    """R26: status, headers and body, at every step, but for what is random and the address itself."""
    people.user(email="grace@example.com")
    said = []
    for email in ("grace@example.com", "alanm@example.com"):
        browser = Browser(app, people.tenant)
        form = Forms(signup(browser).text)
        sent = browser.post(form.action, data=form.fields | NEW | {"email": email})
        page = browser.follow(sent)
        wrong = browser.submit(page, code="12345678")
        said.append([normal(each, form.fields["flow"], form.fields["csrf"], email) for each in (sent, page, wrong)])
    assert said[0] == said[1]
    assert [mail.subject for mail in (post.last("grace@example.com"), post.last("alanm@example.com"))] == [
        f"You already have an account at {people.tenant.name}",
        f"Confirm your address for {people.tenant.name}",
    ]


def test_an_account_that_exists_never_becomes_the_registrants(people: People, browser: Browser, post: Post) -> None:
    people.user(email="grace@example.com")
    before = count(people, User)
    asked = browser.submit(signup(browser), **NEW)
    post.deliver()
    assert not [mail for mail in post.mails("grace@example.com") if mail.links("token=")]
    assert browser.submit(asked, code="00000000").status_code == 422
    assert count(people, User) == before
    assert count(people, Session) == 0
    refused = browser.sign_in(browser.follow(browser.get(browser.url("/login"))), "grace@example.com", PASSWORD)
    assert refused.status_code == 422


def test_whoever_is_first_with_the_proof_has_the_address(people: People, app: Any, post: Post) -> None:
    first, second = Browser(app, people.tenant), Browser(app, people.tenant)
    waiting = first.submit(signup(first), **NEW)
    code = post.code("grace@example.com")
    home = second.submit(second.submit(signup(second), **NEW), code=post.code("grace@example.com"))
    assert home.status_code == 200
    assert first.submit(waiting, code=code).status_code == 422
    assert count(people, User) == 1


@pytest.mark.parametrize(("registration", "ask_for"), [("closed", "an account"), ("invitation", "an invitation")])
def test_closed_registration_is_closed_on_every_path(
    people: People, browser: Browser, post: Post, registration: str, ask_for: str
) -> None:
    """R32: also for a form that was fetched while it was open."""
    page = signup(browser)
    decide(people, registration=registration)
    before = rows(people)
    flow = Forms(page.text).fields["flow"]
    for refused in (
        browser.get(browser.url("/signup")),
        browser.get(browser.url(f"/signup?flow={flow}")),
        browser.submit(page, **NEW),
    ):
        assert refused.status_code == 403
        assert f"doesn’t accept sign-ups. Ask your administrator for {ask_for}." in refused.text
        assert "/login" in refused.text
    login = browser.get(browser.url(f"/login?flow={flow}"))
    assert "/signup" not in login.text
    assert rows(people) == before


def test_only_addresses_of_the_tenants_domains_may_sign_up(people: People, browser: Browser, post: Post) -> None:
    decide(people, registration="domains", registration_domains="acme.example, acme.com")
    for email in ("grace@example.com", "grace@acme.example.evil.com", "grace@sub.acme.example", "acme.com@evil.com"):
        refused = browser.submit(signup(browser), email=email, password=PASSWORD)
        assert refused.status_code == 403
        assert "accepts sign-ups from its own email addresses only" in refused.text
        assert Forms(refused.text).fields["email"] == email
    assert "Check your email" in browser.submit(signup(browser), email="Grace@ACME.com", password=PASSWORD).text


def test_terms_are_agreed_to_where_there_are_any(people: People, browser: Browser, post: Post) -> None:
    assert 'name="terms"' not in signup(browser).text
    decide(people, terms_version="2026-11", terms_url="https://acme.example/terms")
    page = signup(browser)
    assert 'href="https://acme.example/terms"' in page.text
    for ticked in ({"terms": ""}, {"terms": "no"}, {"terms": "on"}):
        refused = browser.submit(page, **NEW, **ticked)
        assert refused.status_code == 422
        assert "Agree to the terms to go on." in refused.text
    assert browser.submit(browser.submit(page, **NEW, terms="yes"), code=post.code(NEW["email"])).status_code == 200
    with people.unit() as uow:
        assert users.get_by_email(uow, "grace@example.com").terms_version == "2026-11"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": ""}, "Enter your email address."),
        ({"email": "grace"}, "Enter an email address such as name@example.com."),
        ({"email": "gr\x00ace@example.com"}, "Enter an email address such as name@example.com."),
        ({"email": "a@b.example, c@d.example"}, "Enter an email address such as name@example.com."),
        ({"email": "a" * 300 + "@example.com"}, "Enter an email address such as name@example.com."),
        ({"name": "x" * 256}, "Enter a name on one line, with at most 255 characters."),
        ({"name": "Gr\x00ace"}, "Enter a name on one line, with at most 255 characters."),
        ({"password": ""}, "Enter a password."),
        ({"password": "too shøρt"}, "A password needs at least 15 characters."),
        ({"password": "x" * 200}, "A password has at most 128 characters."),
        ({"password": "lantern\x00orbit quiet harvest"}, "A password cannot hold control characters."),
        ({"password": "grace@example.com"}, "This password is too close to your email address"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    people: People, browser: Browser, post: Post, typed: dict[str, str], sentence: str
) -> None:
    page = signup(browser)
    before = rows(people)
    refused = browser.submit(page, **{"name": "Grace", **NEW, **typed})
    assert refused.status_code == 422
    assert refused.text.count(sentence) == 2, "in the summary and at the field"
    password = typed.get("password", PASSWORD)
    assert password == "grace@example.com" or not password or password not in refused.text
    if "email" not in typed:
        assert Forms(refused.text).fields["email"] == "grace@example.com"
    assert rows(people) == before


def test_everything_that_is_wrong_is_said_at_once(people: People, browser: Browser, post: Post) -> None:
    decide(people, terms_version="1")
    refused = browser.submit(signup(browser), email="grace", name="x" * 300, password="short")
    ids = [link.split('"')[0] for link in refused.text.split('<li><a href="#')[1:]]
    assert ids == ["email", "name", "password", "terms"]


def test_another_browsers_and_another_tenants_flow_are_none(
    people: People, others: People, app: Any, browser: Browser, post: Post
) -> None:
    stranger, elsewhere = Browser(app, people.tenant), Browser(app, others.tenant)
    own, foreign = Forms(signup(browser).text), Forms(signup(stranger).text)
    far = Forms(elsewhere.follow(elsewhere.get(elsewhere.url("/login"))).text)
    for flow in (foreign.fields["flow"], far.fields["flow"], "", "nonsense", "\x00", own.fields["flow"] + "0"):
        refused = browser.post(own.action, data=own.fields | NEW | {"flow": flow})
        assert refused.status_code == 410
    for csrf in (None, "", foreign.fields["csrf"], "é"):
        sent = {**own.fields, **NEW, "csrf": csrf}
        assert browser.post(own.action, data={k: v for k, v in sent.items() if v is not None}).status_code == 403
    assert count(people, Registration) == 0


def test_who_must_be_somebody_cannot_become_somebody_else(people: People, browser: Browser, post: Post) -> None:
    """A login that wants one person again is no place to make another."""
    people.user()
    client, _ = people.client()
    browser.code(client)
    again = browser.authorize(client, max_age=0)
    assert "/signup" not in again.text
    form = Forms(again.text)
    for response in (
        browser.get(browser.url(f"/signup?flow={form.fields['flow']}")),
        browser.post(browser.url("/signup"), data=form.fields | NEW),
    ):
        assert response.headers["Location"].startswith(browser.url("/login"))
    assert count(people, Registration) == 0


def test_what_a_form_says_twice_or_in_addition_changes_nothing(people: People, browser: Browser, post: Post) -> None:
    form = Forms(signup(browser).text)
    sent = {**form.fields, **NEW, "email": ["grace@example.com", "ada@example.com"], "roles": "admin", "user_id": "1"}
    browser.post(form.action, data={**sent, "verified": "yes", "email[]": "x@example.com"})
    with people.unit() as uow:
        (pending,) = uow.session.scalars(select(Registration))
        assert pending.address == "grace@example.com"
    post.deliver()
    assert post.mails("ada@example.com") == post.mails("x@example.com") == []
