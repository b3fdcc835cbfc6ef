"""What holds for each page of an account: it is somebody's own, it keeps to itself, and it is well-formed."""

from collections import Counter
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from idp.users.models import User
from tests.browser import Browser
from tests.factories import People
from tests.web.account.visitor import SECTIONS, Visitor, another
from tests.web.tenancy import decide

PAGES = ["", *SECTIONS]
each_page = pytest.mark.parametrize("page", PAGES)


class Tags(HTMLParser):
    """Ids, labels and links of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.fields: set[str] = set()
        self.labelled: set[str] = set()
        self.described: set[str] = set()
        self.tags: Counter[str] = Counter()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags[tag] += 1
        self.ids.update([values["id"]] if values.get("id") else [])
        self.described.update((values.get("aria-describedby") or "").split())
        if tag in {"input", "select"} and values.get("type") != "hidden":
            self.fields.add(values["id"] or "")
        if tag == "label":
            self.labelled.add(values["for"] or "")
        assert not [name for name in values if name == "style" or name.startswith("on")]


@each_page
def test_a_stranger_signs_in_and_comes_back_to_the_page(user: User, browser: Browser, page: str) -> None:
    asked = browser.url(f"/account/{page}".rstrip("/"))
    begun = browser.get(asked)
    assert begun.location.startswith(browser.url("/login?flow="))
    assert "account" not in begun.location.partition("?")[2], "the way back is the server's to remember (R2)"
    form = browser.follow(begun)
    fields = {"email": "ada@example.com", "password": "correct horse battery staple"}
    answer = browser.post(browser.url("/login"), {**_hidden(form.text), **fields})
    assert (answer.status_code, answer.location) == (303, asked)
    assert browser.get(asked).status_code == 200


@each_page
def test_a_page_keeps_to_itself(ada: Visitor, page: str) -> None:
    answer = ada.get(page)
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@each_page
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_a_page_is_well_formed(ada: Visitor, page: str, language: str) -> None:
    answer = ada.browser.get(ada.browser.url(f"/account/{page}?ui_locales={language}".replace("/?", "?")))
    tags = Tags(answer.text)
    assert answer.headers["Content-Language"] == language
    assert tags.tags["h1"] == tags.tags["main"] == 1
    assert max(tags.ids.values()) == 1
    assert tags.fields == tags.labelled
    assert tags.described <= set(tags.ids)


@each_page
def test_a_session_that_is_over_leads_to_signing_in(people: People, ada: Visitor, page: str) -> None:
    with people.unit() as uow:
        uow.execute(update(Session).values(last_seen_at=uow.now - timedelta(hours=1)))
    assert ada.get(page).location.startswith(ada.browser.url("/login?flow="))


@pytest.mark.parametrize(
    "page",
    [
        "profile",
        "email",
        "password",
        "connections",
        "sessions",
        "sessions/others",
        "data",
        "delete",
        "keep",
        "applications",
    ],
)
def test_a_form_of_a_session_that_is_over_changes_nothing(people: People, ada: Visitor, page: str) -> None:
    with people.unit() as uow:
        uow.execute(update(Session).values(ended_at=uow.now))
    answer = ada.post(page, name="Changed", sure="yes", password="correct horse battery staple")
    assert answer.location.startswith(ada.browser.url("/login?flow="))
    with people.unit() as uow:
        user = uow.session.query(User).one()
        assert (user.profile.name, user.deletes_at) == (None, None)


@pytest.mark.parametrize("page", ["profile", "email", "password", "connections", "sessions", "data", "delete", "keep"])
def test_a_form_with_two_answers_to_one_question_is_refused(ada: Visitor, page: str) -> None:
    """R45."""
    answer = ada.post(page, password=["one", "two"])
    assert answer.status_code == 422
    assert "two answers" in answer.text


def test_hostile_names_are_shown_as_they_are(people: People, browser: Browser) -> None:
    people.user(name="<script>alert(1)</script>", nickname='"><img src=x onerror=alert(1)>')
    ada = Visitor(browser)
    for page in ("", "profile"):
        text = ada.get(page).text
        assert "<script>alert" not in text
        assert "<img" not in text


def test_nobody_elses_page_says_anything_of_ada(people: People, ada: Visitor) -> None:
    people.user(email="eve@example.com")
    eve = Visitor(another(ada.browser), "eve@example.com")
    for page in PAGES:
        assert "ada@example.com" not in eve.get(page).text


def test_the_account_speaks_its_own_language(people: People, browser: Browser) -> None:
    people.user(locale="de-AT")
    assert Visitor(browser).get().headers["Content-Language"] == "de"


def test_the_overview_says_how_things_are(people: People, ada: Visitor) -> None:
    text = ada.get().text
    for word in ("ada@example.com", "Confirmed", "Changed just now", "1 device", "None yet", "Not you?"):
        assert word in text
    decide(people, name="Acme & Sons")
    assert "Acme &amp; Sons" in ada.get().text


def _hidden(html: str) -> dict[str, str]:
    from tests.browser import Forms

    return Forms(html).fields
