"""``{issuer}/account/connections``: linking and unlinking, after a sign-in just now (R8, R22, R37)."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from sqlalchemy import select

from idp.events.models import Event
from idp.events.types import EventType
from idp.federation import connections
from idp.federation.models import FederationTransaction
from idp.users.models import User
from tests.browser import Browser, Forms
from tests.factories import NOBODY, PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.upstream_rows import connect, forget_password, labels, link
from tests.web.account.visitor import Visitor, another

CONFIRMED = "/account/connections?notice=confirmed"


def linked(people: People, user: User, name: str = "github", **changes: str) -> UUID:
    connect(people, name)
    return link(people, user, name, **changes).id


def confirm(ada: Visitor, asked: object, password: str = PASSWORD) -> object:
    """Type the password at the page that asks her to confirm that it is her."""
    page = ada.browser.follow(asked)
    assert "Confirm it’s you" in page.text
    form = Forms(page.text)
    return ada.browser.post(form.action, {**form.fields, "email": "ada@example.com", "password": password})


def test_the_page_shows_each_way_in(people: People, user: User, ada: Visitor) -> None:
    connect(people, label="GitHub of <Acme>")
    link(people, user)
    connect(people, "another", label="Another one")
    text = ada.get("connections").text
    for words in (
        "GitHub of &lt;Acme&gt;",
        '<bdi class="address">ida</bdi>',
        "ida@acme.example",
        "Linked on",
        "Last used",
        "Last changed",
    ):
        assert words in text
    assert text.count('name="unlink"') == text.count('name="link"') == 1
    assert 'value="another"' in text
    assert "Password · GitHub of &lt;Acme&gt;" in ada.get().text


def test_a_disabled_connection_is_shown_and_not_offered(people: People, user: User, ada: Visitor) -> None:
    connect(people)
    link(people, user)
    connect(people, "another", enabled=False)
    with people.unit() as uow:
        connections.update_connection(uow, connections.get(uow, "github"), enabled=False)
    text = ada.get("connections").text
    assert "Not available now" in text
    assert 'name="link"' not in text


def test_unlinking_ends_every_other_session_and_is_told(
    people: People, user: User, ada: Visitor, browser: Browser, post: Post
) -> None:
    identity_id, other = linked(people, user), Visitor(another(browser))
    stolen = {cookie.key: cookie.value for cookie in ada.browser.http._cookies.values()}
    page = ada.done("connections", unlink=str(identity_id))
    assert "That account is unlinked." in page.text
    assert labels(people, user) == []
    assert ada.is_signed_in
    assert not other.is_signed_in
    thief = another(browser)
    for name, value in stolen.items():
        thief.http.set_cookie(name, value)
    assert thief.get(thief.url("/account")).status_code == 303, "this session goes on under another secret"
    mail = post.last("ada@example.com")
    assert "A way to sign in" in mail.subject
    assert "GitHub" in mail.text
    assert mail.links("not-me")
    assert ada.done("connections", unlink=str(identity_id)).status_code == 200, "a second click finds it done"


@pytest.mark.parametrize("form", [{"unlink": "identity"}, {"link": "other"}])
def test_after_five_minutes_she_confirms_that_it_is_her(
    people: People, user: User, ada: Visitor, form: dict[str, str]
) -> None:
    identity_id = linked(people, user)
    connect(people, "other")
    sent = {name: str(identity_id) if value == "identity" else value for name, value in form.items()}
    pass_time(people, minutes=6)
    asked = ada.post("connections", **sent)
    assert asked.location.startswith(ada.browser.url("/login?flow="))
    assert labels(people, user) == ["github"]
    answer = confirm(ada, asked)
    assert answer.location == ada.browser.url(CONFIRMED)
    page = ada.browser.follow(answer)
    assert "You’ve confirmed that it’s you." in page.text
    ada.csrf = Forms(page.text).fields["csrf"]
    assert ada.post("connections", **sent).status_code in {200, 303}
    assert len(_events(people, EventType.IDENTITY_UNLINKED)) == ("unlink" in form)


def test_nobody_else_confirms_it(people: People, user: User, ada: Visitor) -> None:
    people.user(email="eve@example.com")
    identity_id = linked(people, user)
    pass_time(people, minutes=6)
    page = ada.browser.follow(ada.post("connections", unlink=str(identity_id)))
    assert ada.browser.sign_in(page, "eve@example.com").status_code == 422
    assert labels(people, user) == ["github"]


def test_the_last_way_in_stays(people: People, user: User, ada: Visitor) -> None:
    identity_id = linked(people, user)
    forget_password(people, user)
    answer = ada.post("connections", unlink=str(identity_id))
    assert answer.status_code == 409
    assert "Set a password first." in answer.text
    assert ada.browser.url("/account/password") in answer.text
    assert labels(people, user) == ["github"]


def test_one_of_two_may_go_without_a_password(people: People, user: User, ada: Visitor) -> None:
    first = linked(people, user)
    linked(people, user, "other", subject="77")
    forget_password(people, user)
    ada.done("connections", unlink=str(first))
    assert labels(people, user) == ["other"]


def test_a_disabled_connection_is_no_way_in(people: People, user: User, ada: Visitor) -> None:
    first = linked(people, user)
    connect(people, "other", enabled=False)
    link(people, user, "other", subject="77")
    forget_password(people, user)
    assert ada.post("connections", unlink=str(first)).status_code == 409


def test_linking_leads_to_the_upstream_by_a_page(people: People, user: User, ada: Visitor) -> None:
    connect(people)
    answer = ada.post("connections", link="github")
    assert answer.status_code == 200, "browsers hold a form's whole chain of redirects against our policy"
    url = answer.headers["Refresh"].partition("url=")[2]
    assert url.startswith("https://github.com/login/oauth/authorize?")
    assert parse_qs(urlsplit(url).query)["state"]
    with people.unit() as uow:
        (trip,) = uow.session.scalars(select(FederationTransaction)).all()
        assert (trip.user_id, trip.login_id) == (user.id, None)


@pytest.mark.parametrize("form", [{"link": "no-such"}, {"unlink": str(NOBODY)}, {"unlink": "x"}, {"link": "github"}])
def test_what_is_not_there_is_neither_linked_nor_unlinked(
    people: People, user: User, ada: Visitor, form: dict[str, str]
) -> None:
    linked(people, user)
    answer = ada.post("connections", **form)
    assert (answer.status_code, answer.location) == (303, ada.browser.url("/account/connections"))
    assert labels(people, user) == ["github"]


def test_somebody_elses_is_not_hers_to_unlink(people: People, user: User, ada: Visitor) -> None:
    eve = people.user(email="eve@example.com")
    identity_id = linked(people, eve)
    ada.post("connections", unlink=str(identity_id))
    assert labels(people, eve) == ["github"]
    assert "ida@acme.example" not in ada.get("connections").text


def test_a_form_without_its_token_changes_nothing(people: People, user: User, ada: Visitor) -> None:
    identity_id = linked(people, user)
    assert ada.post("connections", unlink=str(identity_id), csrf="").status_code == 403
    assert labels(people, user) == ["github"]


def test_a_form_that_says_nothing_shows_the_page(ada: Visitor) -> None:
    assert ada.post("connections").status_code == 200


@pytest.mark.parametrize("page", ["nothing", "../../evil", "profile"])
def test_confirming_leads_to_no_page_of_somebody_elses_choice(ada: Visitor, page: str) -> None:
    answer = ada.get(f"confirm?page={page}")
    assert (answer.status_code, answer.location) == (303, ada.browser.url("/account"))


def _events(people: People, kind: EventType) -> list[Event]:
    with people.unit() as uow:
        return list(uow.session.scalars(select(Event).where(Event.type == kind.value)))
