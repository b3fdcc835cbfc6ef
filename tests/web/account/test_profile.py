"""``{issuer}/account/profile``: what is filled in, left out, refused, and not looked at."""

import pytest

from idp.users.models import User
from tests.factories import People
from tests.web.account.visitor import Visitor


def stored(people: People, user: User) -> dict[str, object]:
    with people.unit() as uow:
        return uow.get(User, user.id).profile.model_dump(exclude_none=True)


def test_a_person_fills_in_and_takes_away(people: People, user: User, ada: Visitor) -> None:
    page = ada.done(
        "profile",
        name=" Ada Lovelace ",
        birthdate="1815-12-10",
        phone_number="+49 (30) 90-18 20",
        website="https://ada.example",
        zoneinfo="Europe/London",
        locale="de",
    )
    assert 'role="status"' in page.text
    assert stored(people, user) == {
        "name": "Ada Lovelace",
        "birthdate": "1815-12-10",
        "phone_number": "+4930901820",
        "website": "https://ada.example",
        "zoneinfo": "Europe/London",
        "locale": "de",
    }
    ada.done("profile", name="Ada Lovelace")
    assert stored(people, user) == {"name": "Ada Lovelace"}


def test_the_next_page_is_in_the_chosen_language(ada: Visitor) -> None:
    assert ada.done("profile", locale="de").headers["Content-Language"] == "de"
    assert ada.done("profile", locale="ar").headers["Content-Language"] == "ar"
    assert ada.done("profile", locale="").headers["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 256),
        ("name", "two\nlines"),
        ("given_name", "\x00"),
        ("birthdate", "1990-02-30"),
        ("birthdate", "2999-01-01"),
        ("birthdate", "yesterday"),
        ("phone_number", "030 901820"),
        ("phone_number", "+49 call me"),
        ("website", "javascript:alert(1)"),
        ("website", "http://ada.example"),
        ("zoneinfo", "Mars/Olympus"),
        ("locale", "tlh"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    people: People, user: User, ada: Visitor, field: str, value: str
) -> None:
    answer = ada.post("profile", nickname="Countess", **{field: value})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert 'value="Countess"' in answer.text
    assert stored(people, user) == {"given_name": "Ada"}


def test_what_the_form_does_not_ask_for_is_not_looked_at(people: People, user: User, ada: Visitor) -> None:
    """R46."""
    ada.done("profile", name="Ada", picture="https://evil.example/x.png", email="eve@example.com", deletes_at="x")
    assert stored(people, user) == {"name": "Ada"}


def test_what_was_stored_before_may_stay(people: People, browser: object) -> None:
    user = people.user(email="bob@example.com", locale="fr-FR", zoneinfo="US/Pacific", birthdate="1980")
    bob = Visitor(browser, "bob@example.com")  # type: ignore[arg-type]
    page = bob.get("profile").text
    assert '<option value="fr-FR" selected>' in page
    bob.done("profile", locale="fr-FR", zoneinfo="US/Pacific", birthdate="1980", name="Bob")
    assert stored(people, user)["locale"] == "fr-FR"
