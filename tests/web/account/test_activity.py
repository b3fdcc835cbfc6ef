"""``{issuer}/account/activity``: the story of one's own account, and nobody else's (R57)."""

import re

import pytest
from sqlalchemy import select

from idp.actor import Actor, ActorKind
from idp.authn.models import Session
from idp.events import service as events
from idp.events.types import EventType
from idp.federation import connections, identities, linking
from idp.federation.errors import Reason, SignInRefused
from idp.rbac import service as rbac
from idp.users import service as users
from idp.users.models import User
from idp.web.account.activity import PER_PAGE, SENTENCES
from tests.factories import NOBODY, People
from tests.upstream_rows import connect, link
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


def test_accounts_elsewhere_are_called_what_their_button_says(people: People, user: User, ada: Visitor) -> None:
    connect(people, label="GitHub of Acme")
    identity = link(people, user)
    with people.unit() as uow:
        connection = connections.get(uow, "github")
        linking.refuse(uow, connection, SignInRefused(Reason.DENIED, "access_denied"), uow.get(User, user.id))
        session = uow.session.scalars(select(Session)).one()
        identities.unlink(uow, uow.get(User, user.id), identity.id, session=session)
    page = ada.get("activity").text
    for sentence in ("was linked. You can sign in with it.", "was unlinked."):
        assert f"Your account at GitHub of Acme {sentence}" in page
    assert "An account at GitHub of Acme couldn’t be linked." in page
    assert "wrong password" not in page
    with people.unit() as uow:
        connections.remove(uow, connections.get(uow, "github"))
    assert "Your account at github was unlinked." in ada.get("activity").text


def test_an_account_that_an_upstream_took_over_says_so(people: People, user: User, ada: Visitor) -> None:
    connect(people)
    with people.unit() as uow:
        events.record(uow, EventType.USER_DISOWNED, uow.get(User, user.id), connection="github")
    page = Visitor(ada.browser).get("activity").text
    assert "GitHub confirmed your email address." in page
    assert "You told us" not in page


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
