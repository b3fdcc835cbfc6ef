"""Somebody without a password, whom an upstream signs in: a sign-in just now stands for it (R22, R34, R36, R38)."""

from typing import Any

import pytest

from idp.authn import login, passwords
from idp.federation import connections
from idp.users import service as users
from idp.users.models import User
from tests.browser import Browser
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.upstream_rows import connect, forget_password, link
from tests.web.account.visitor import NEW_PASSWORD, Visitor, another

FORMS: dict[str, dict[str, str]] = {
    "password": {"password": NEW_PASSWORD},
    "email": {"action": "change", "email": "countess@example.com"},
    "delete": {"sure": "yes"},
}
each_form = pytest.mark.parametrize("page", FORMS)


@pytest.fixture
def bob(people: People, user: User, ada: Visitor) -> Visitor:
    """Ada, as she would be if GitHub had brought her."""
    connect(people)
    link(people, user)
    forget_password(people, user)
    return ada


def state(people: People, user: User) -> tuple[Any, ...]:
    with people.unit() as uow:
        row = uow.get(User, user.id)
        return passwords.changed_at(uow, row), users.primary_email(uow, user.id).address, row.deletes_at


@each_form
def test_no_password_is_asked_for(people: People, bob: Visitor, page: str) -> None:
    assert 'autocomplete="current-password"' not in bob.get(page).text
    bob.done(page, **FORMS[page])


@each_form
def test_after_five_minutes_the_page_asks_for_a_sign_in_first(
    people: People, user: User, bob: Visitor, page: str
) -> None:
    pass_time(people, minutes=6)
    before = state(people, user)
    shown = bob.get(page).text
    confirm = bob.browser.url(f"/account/confirm?page={page}")
    assert confirm in shown
    assert f'name="{next(reversed(FORMS[page]))}"' not in shown
    for begun in (bob.browser.get(confirm), bob.post(page, **FORMS[page])):
        assert begun.location.startswith(bob.browser.url("/login?flow="))
    assert state(people, user) == before
    page = bob.browser.follow(bob.browser.get(confirm)).text
    assert "Confirm it’s you" in page
    assert "Continue with <bdi>GitHub</bdi>" in page
    assert 'type="password"' not in page


@each_form
def test_a_password_that_is_sent_all_the_same_changes_nothing_about_it(
    people: People, user: User, bob: Visitor, page: str
) -> None:
    pass_time(people, minutes=6)
    before = state(people, user)
    sent = {"current": PASSWORD, "password": PASSWORD} | FORMS[page]
    assert bob.post(page, **sent).location.startswith(bob.browser.url("/login?flow="))
    assert state(people, user) == before


@each_form
def test_whoever_has_a_password_is_asked_for_it_however_recent_the_sign_in(
    people: People, user: User, ada: Visitor, page: str
) -> None:
    connect(people)
    link(people, user)
    before = state(people, user)
    assert ada.post(page, **FORMS[page]).status_code == 422
    assert state(people, user) == before


def test_a_first_password_ends_everything_else_and_is_told(
    people: People, user: User, bob: Visitor, browser: Browser, post: Post
) -> None:
    with people.unit() as uow:
        passwords.set_password(uow, uow.get(User, user.id), PASSWORD)
    bob, other = Visitor(browser), Visitor(another(browser))
    forget_password(people, user)
    page = bob.done("password", password=NEW_PASSWORD)
    assert "Your account has a password now." in page.text
    assert bob.is_signed_in
    assert not other.is_signed_in
    mail = post.last("ada@example.com")
    assert "has a password now" in mail.subject
    assert mail.links("not-me")
    with people.unit() as uow:
        assert passwords.verify(uow, uow.get(User, user.id), NEW_PASSWORD)
    refused = bob.post("password", password=PASSWORD)
    assert refused.status_code == 422, "the second time it is a change, and needs the one that is good now"


@pytest.mark.parametrize("new", ["", "short", "passwordpassword"])
def test_a_first_password_that_will_not_do_is_refused(people: People, user: User, bob: Visitor, new: str) -> None:
    answer = bob.post("password", password=new)
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text
    assert state(people, user)[0] is None


def test_a_mailed_link_is_the_other_way_to_a_first_password(people: People, bob: Visitor) -> None:
    pass_time(people, minutes=6)
    assert bob.browser.url("/recovery") in bob.get("password").text


def test_the_overview_names_what_there_is(bob: Visitor) -> None:
    text = bob.get().text
    assert "Not set yet" in text
    assert "<bdi>GitHub</bdi>" in text


def test_with_no_way_to_confirm_but_a_password_the_page_leads_to_making_one(people: People, bob: Visitor) -> None:
    with people.unit() as uow:
        connections.update_connection(uow, connections.get(uow, "github"), enabled=False)
    pass_time(people, minutes=6)
    page = bob.browser.follow(bob.get("confirm?page=password")).text
    assert "GitHub" not in page
    assert bob.browser.url("/recovery?flow=") in page


def test_nobody_learns_where_somebody_else_is_linked(people: People, user: User, browser: Browser) -> None:
    """By a sign-in that wants one person, in a browser where they are not signed in."""
    connect(people)
    connect(people, "other", label="Another one")
    link(people, user)
    stranger = another(browser)
    stranger.get(stranger.url("/login"))
    with people.unit() as uow:
        (secret,) = [cookie.value for cookie in stranger.http._cookies.values() if cookie.value.startswith("idp_br_")]
        wanted = login.begin(uow, secret, required_user_id=user.id)
    page = stranger.get(stranger.url(f"/login?flow={wanted.id}")).text
    for label in ("GitHub", "Another one"):
        assert f"Continue with <bdi>{label}</bdi>" in page
