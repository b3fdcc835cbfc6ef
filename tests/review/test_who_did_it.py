"""Who did what (R57): a person who decides something on a page did it, and not nobody."""

import pytest
from sqlalchemy import select

from idp.actor import ActorKind
from idp.events.models import Event
from idp.events.types import EventType
from tests.browser import Browser
from tests.factories import People


def who(people: People, kind: EventType) -> list[tuple[str, object]]:
    with people.unit() as uow:
        found = uow.session.execute(select(Event.actor_kind, Event.actor_id).where(Event.type == kind.value)).all()
        return [(row.actor_kind, row.actor_id) for row in found]


@pytest.mark.parametrize(
    ("decision", "kind"), [("allow", EventType.CONSENT_GIVEN), ("deny", EventType.AUTHORIZATION_DENIED)]
)
def test_a_decision_is_of_whoever_decides(people: People, browser: Browser, decision: str, kind: EventType) -> None:
    ada = people.user()
    client, _ = people.client(first_party=False)
    browser.submit(browser.sign_in(browser.authorize(client)), decision=decision)
    assert who(people, kind) == [(ActorKind.USER, ada.id)]


def test_signing_out_is_of_whoever_signs_out(people: People, browser: Browser) -> None:
    ada = people.user()
    browser.sign_in(browser.follow(browser.get(browser.url("/login"))))
    browser.submit(browser.get(browser.url("/logout")))
    assert who(people, EventType.SESSION_ENDED) == [(ActorKind.USER, ada.id)]
