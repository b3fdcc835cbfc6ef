"""``{issuer}/account/email``: confirming an address and changing it (R26, R33, R36)."""

import re

import pytest

from idp.users import service as users
from idp.users.models import User
from tests.factories import PASSWORD, People
from tests.post import Post
from tests.web.account.visitor import Visitor, another

NEW = "countess@example.com"


def address(people: People, user: User) -> tuple[str, bool]:
    with people.unit() as uow:
        email = users.primary_email(uow, user.id)
        return email.address, email.verified_at is not None


def ask(ada: Visitor, email: str = NEW, password: str = PASSWORD) -> object:
    return ada.post("email", action="change", email=email, password=password)


def test_the_new_address_counts_once_its_code_came_back(people: People, user: User, ada: Visitor, post: Post) -> None:
    other = Visitor(another(ada.browser))
    page = ada.done("email", action="change", email=NEW, password=PASSWORD)
    assert f"<bdi>{NEW}</bdi>" in page.text
    code = post.code(NEW)
    assert address(people, user) == ("ada@example.com", True), "nothing changes before"
    page = ada.done("email", action="prove", code=f" {code[:4]} {code[4:]} ")
    assert "Your email address is confirmed." in page.text
    assert address(people, user) == (NEW, True)
    assert ada.is_signed_in
    assert not other.is_signed_in, "every other session ends (R8)"
    post.deliver()
    assert post.mails("ada@example.com"), "the old address hears of it"


def test_this_session_goes_on_under_another_secret(ada: Visitor, post: Post) -> None:
    stolen = {cookie.key: cookie.value for cookie in ada.browser.http._cookies.values()}
    ask(ada)
    ada.done("email", action="prove", code=post.code(NEW))
    thief = another(ada.browser)
    for name, value in stolen.items():
        thief.http.set_cookie(name, value)
    assert thief.get(thief.url("/account")).status_code == 303


def test_so_it_does_after_the_link(ada: Visitor, post: Post) -> None:
    before = ada.browser.http._cookies.copy()
    ask(ada)
    ada.browser.submit(ada.browser.get(post.link(NEW)))
    assert ada.is_signed_in
    thief = another(ada.browser)
    thief.http._cookies.update(before)
    assert thief.get(thief.url("/account")).status_code == 303


def test_the_answer_is_the_same_whoever_has_the_address(people: People, ada: Visitor, post: Post) -> None:
    """R26: only the mail to the address differs."""
    people.user(email="eve@example.com")
    pages = []
    for wanted in ("eve@example.com", "free@example.com"):
        answer = ask(ada, wanted)
        pages.append((answer.status_code, answer.location, _plain(ada.get("email").text, wanted)))
    assert pages[0] == pages[1]
    ask(ada, "eve@example.com")
    post.deliver()
    assert ada.post("email", action="prove", code="00000000").status_code == 422


def test_a_taken_address_cannot_be_had(people: People, user: User, ada: Visitor, post: Post) -> None:
    eve = people.user(email="eve@example.com")
    ask(ada, "eve@example.com")
    mail = post.last("eve@example.com")
    assert not re.search(r"\b\d{4} ?\d{4}\b", mail.text)
    assert address(people, user)[0] == "ada@example.com"
    assert address(people, eve)[0] == "eve@example.com"


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        (NEW, "wrong", "password"),
        (NEW, "", "password"),
        ("not an address", PASSWORD, "email"),
        ("", PASSWORD, "email"),
        ("x" * 400 + "@example.com", PASSWORD, "email"),
        ("a@example.com,b@example.com", PASSWORD, "email"),
        ("ADA@example.com", PASSWORD, "email"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    people: People, user: User, ada: Visitor, email: str, password: str, field: str
) -> None:
    answer = ada.post("email", action="change", email=email, password=password)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "We sent a code" not in ada.get("email").text
    assert address(people, user) == ("ada@example.com", True)


def test_a_person_confirms_the_address_they_have(people: People, user: User, ada: Visitor, post: Post) -> None:
    with people.unit() as uow:
        users.primary_email(uow, user.id).verified_at = None
    assert "Not confirmed yet" in ada.get().text
    assert "Send a code" in ada.get("email").text
    ada.done("email", action="send")
    ada.done("email", action="prove", code=post.code("ada@example.com"))
    assert address(people, user) == ("ada@example.com", True)


def test_a_wrong_code_is_refused_and_five_of_them_use_it_up(ada: Visitor, post: Post) -> None:
    ask(ada)
    code = post.code(NEW)
    for _ in range(5):
        assert 'id="code-error"' in ada.post("email", action="prove", code="0" * 8).text
    assert ada.post("email", action="prove", code=code).status_code == 422


def test_somebody_elses_code_is_no_use(people: People, ada: Visitor, post: Post) -> None:
    ask(ada)
    people.user(email="eve@example.com")
    eve = Visitor(another(ada.browser), "eve@example.com")
    assert eve.post("email", action="prove", code=post.code(NEW)).status_code == 422


def test_an_unknown_action_shows_the_page(ada: Visitor) -> None:
    assert ada.post("email", action="nothing").status_code == 200


def _plain(page: str, wanted: str) -> str:
    """The page without what is another in each: nonces, and the address itself."""
    return re.sub(r'nonce="[^"]*"', "", page).replace(wanted, "")
