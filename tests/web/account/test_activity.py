"""``{issuer}/account/activity``: the story of one's own account, and nobody else's (R57)."""

import re

import pytest

from idp.actor import Actor, ActorKind
from idp.events import service as events
from idp.events.types import EventType
from idp.rbac import service as rbac
from idp.users import service as users
from idp.users.models import User
from idp.web.account.activity import PER_PAGE, SENTENCES
from tests.factories import NOBODY, People
from tests.web.account.visitor import Visitor

ADMINS_PLACE = "203.0.113.77"


def test_what_happened_is_told_newest_first(ada: Visitor) -> None:
    ada.post("password", current="wrong", password="whatever it may be")
    ada.done("profile", name="Ada")
    page = ada.get("activity").text
    told = [page.index(sentence) for sentence in ("profile was changed", "wrong password", "You signed in", "was made")]
    assert told == sorted(told)


def test_where_an_administrator_sits_is_not_shown(people: People, user: User, ada: Visitor) -> None:
    with people.unit() as uow:
        uow.actor = Actor(ActorKind.USER, id=NOBODY, ip=ADMINS_PLACE, user_agent="AdminBrowser/1.0")
        rbac.assign_role(uow, uow.get(User, user.id), "member")
    page = ada.get("activity").text
    assert "You were given a role." in page
    assert ADMINS_PLACE not in page
    assert ADMINS_PLACE not in ada.post("data").text


def test_where_a_guesser_sits_is_shown(people: People, user: User, ada: Visitor) -> None:
    with people.unit() as uow:
        uow.actor = Actor(ActorKind.ANONYMOUS, ip="203.0.113.99")
        events.record(uow, EventType.LOGIN_FAILED, uow.get(User, user.id))
    assert "203.0.113.99" in ada.get("activity").text


def test_what_was_done_to_others_is_theirs(people: People, user: User, ada: Visitor) -> None:
    """An administrator's page tells of their own account, and not that it was they who were disabled."""
    eve = people.user(email="eve@example.com")
    with people.unit() as uow:
        uow.actor = Actor(ActorKind.USER, id=user.id)
        users.disable(uow, uow.get(User, eve.id))
    assert "disabled" not in ada.get("activity").text


def test_older_pages_show_each_event_once(people: People, user: User, ada: Visitor) -> None:
    with people.unit() as uow:
        for _ in range(PER_PAGE):
            events.record(uow, EventType.USER_UPDATED, uow.get(User, user.id))
    first = ada.get("activity").text
    assert first.count("<time ") == PER_PAGE
    older = re.search(r'href="([^"]+)" rel="next"', first)
    assert older
    second = ada.browser.get(older[1]).text
    assert "Your account was made." in second
    assert "Newest" in second
    assert 'rel="next"' not in second


@pytest.mark.parametrize("before", ["nonsense", "", "%00", "' OR 1=1 --", str(NOBODY)])
def test_any_cursor_is_answered(ada: Visitor, before: str) -> None:
    assert ada.browser.get(ada.browser.url(f"/account/activity?before={before}")).status_code == 200


@pytest.mark.parametrize("kind", SENTENCES, ids=str)
def test_every_sentence_is_whole(kind: EventType) -> None:
    assert SENTENCES[kind].endswith(".")
