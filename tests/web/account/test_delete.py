"""``{issuer}/account/delete``: leaving, thinking better of it, and who cannot (R38, R48, R63)."""

import pytest

from idp.users.models import User
from tests.browser import Browser
from tests.factories import PASSWORD, People
from tests.post import Post
from tests.web.account.visitor import Visitor, another
from tests.web.tenancy import decide


def deletes_at(people: People, user: User) -> object:
    with people.unit() as uow:
        return uow.get(User, user.id).deletes_at


def test_a_person_leaves_and_is_signed_out_everywhere(people: People, user: User, ada: Visitor, post: Post) -> None:
    other = Visitor(another(ada.browser))
    page = ada.done("delete", password=PASSWORD, sure="yes")
    assert "Your account will be deleted" in page.text
    assert "not signed in" in page.text
    assert deletes_at(people, user)
    assert not ada.is_signed_in
    assert not other.is_signed_in
    assert "delet" in post.last("ada@example.com").subject.lower()


def test_signing_in_again_offers_to_stay(people: People, user: User, ada: Visitor) -> None:
    ada.post("delete", password=PASSWORD, sure="yes")
    back = Visitor(another(ada.browser))
    for page in ("", "delete"):
        assert "Keep my account" in back.get(page).text
    assert "Keep my account" in back.browser.get(back.browser.url("/")).text
    assert deletes_at(people, user), "signing in alone keeps nothing"
    assert "Your account stays" in back.done("keep").text
    assert deletes_at(people, user) is None
    assert "Keep my account" not in back.get().text


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"password": PASSWORD}, "sure"),
        ({"password": PASSWORD, "sure": "no"}, "sure"),
        ({"sure": "yes"}, "password"),
        ({"password": "wrong", "sure": "yes"}, "password"),
    ],
)
def test_nobody_leaves_by_mistake(people: People, user: User, ada: Visitor, form: dict[str, str], field: str) -> None:
    answer = ada.post("delete", **form)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert deletes_at(people, user) is None
    assert ada.is_signed_in


def test_the_page_says_when(people: People, ada: Visitor) -> None:
    assert "Until then you can sign in and keep it." in ada.get("delete").text
    decide(people, deletion_grace_days="0")
    assert "deleted at once" in ada.get("delete").text
    assert "is being deleted" in ada.done("delete", password=PASSWORD, sure="yes").text


def test_the_last_owner_stays(people: People, browser: Browser) -> None:
    """R48."""
    user = people.user(email="owner@example.com", roles=("owner",))
    owner = Visitor(browser, "owner@example.com")
    answer = owner.post("delete", password=PASSWORD, sure="yes")
    assert answer.status_code == 409
    assert "last owner" in answer.text
    assert deletes_at(people, user) is None
    assert owner.is_signed_in

    people.user(email="second@example.com", roles=("owner",))
    owner.done("delete", password=PASSWORD, sure="yes")
    assert deletes_at(people, user)
