"""``{issuer}/account/password``: the change of a password, and what it ends (R8, R25, R27, R38)."""

import pytest

from idp.authn import passwords
from idp.users.models import User
from tests.browser import Browser
from tests.factories import PASSWORD, People
from tests.post import Post
from tests.web.account.visitor import NEW_PASSWORD, Visitor, another


def test_a_changed_password_ends_everything_else(
    people: People, user: User, ada: Visitor, browser: Browser, post: Post
) -> None:
    client, secret = people.client()
    tokens = browser.tokens(client, secret, scope="openid offline_access")
    other = Visitor(another(browser))
    page = ada.done("password", current=PASSWORD, password=NEW_PASSWORD)
    assert "Your password was changed" in page.text
    assert ada.is_signed_in
    assert not other.is_signed_in
    refused = browser.token(client, secret, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert refused.json["error"] == "invalid_grant"
    assert post.last("ada@example.com").links("not-me")
    with people.unit() as uow:
        assert passwords.verify(uow, uow.get(User, user.id), NEW_PASSWORD)


def test_this_session_goes_on_under_another_secret(ada: Visitor) -> None:
    stolen = {cookie.key: cookie.value for cookie in ada.browser.http._cookies.values()}
    ada.done("password", current=PASSWORD, password=NEW_PASSWORD)
    thief = another(ada.browser)
    for name, value in stolen.items():
        thief.http.set_cookie(name, value)
    assert thief.get(thief.url("/account")).status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "field"),
    [
        ("wrong", NEW_PASSWORD, "current"),
        ("", NEW_PASSWORD, "current"),
        (PASSWORD, "", "password"),
        (PASSWORD, "short", "password"),
        (PASSWORD, "x" * 2000, "password"),
        (PASSWORD, "passwordpassword", "password"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_changes(
    people: People, user: User, ada: Visitor, current: str, new: str, field: str
) -> None:
    answer = ada.post("password", current=current, password=new)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert NEW_PASSWORD not in answer.text
    with people.unit() as uow:
        assert passwords.verify(uow, uow.get(User, user.id), PASSWORD)


def test_the_throttle_is_the_one_of_signing_in(ada: Visitor) -> None:
    """R27: a stolen session gets no more guesses than anybody, on whichever page."""
    for _ in range(4):
        ada.post("password", current="wrong", password=NEW_PASSWORD)
    ada.post("delete", password="wrong", sure="yes")
    for page, form in (
        ("password", {"current": PASSWORD, "password": NEW_PASSWORD}),
        ("email", {"action": "change", "email": "new@example.com", "password": PASSWORD}),
        ("delete", {"password": PASSWORD, "sure": "yes"}),
    ):
        answer = ada.post(page, **form)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert "<h1>" in answer.text
        assert "Too many attempts" in answer.text
    browser = another(ada.browser)
    assert browser.sign_in(browser.follow(browser.get(browser.url("/login")))).status_code == 429
