"""What crosses on its way: two forms at once, a letter taken back, events of the release before, idle visitors."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import select, update

from idp.accounts import credentials, verification
from idp.authn import passwords, sessions
from idp.authn.models import OneTimeToken
from idp.authn.one_time_tokens import Purpose
from idp.events import outbox
from idp.events.models import Event
from idp.events.types import EventType
from idp.users.models import User
from idp.wiring import Wiring
from idp.worker.letters import write_letter
from tests.browser import Browser
from tests.factories import PASSWORD, People
from tests.web.tenancy import decide

NEW = "another battery staple horse"


def test_a_form_that_is_sent_twice_changes_the_password_once(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits, and finds another password; it used to end in a deadlock."""
    ada = people.user()
    with people.unit() as uow:
        session, _ = sessions.start(uow, ada.id, ["pwd"], replaces=None)
    both, replace = threading.Barrier(2), passwords.replace

    def together(*args: object, **options: object) -> None:
        with suppress(threading.BrokenBarrierError):
            both.wait(1)
        replace(*args, **options)

    def change(_: int) -> object:
        with people.unit() as uow:
            return credentials.change_password(uow, uow.get(User, ada.id), PASSWORD, NEW, session=session)

    monkeypatch.setattr(passwords, "replace", together)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(change, range(2))) == [False, True]


def test_a_letter_that_was_taken_back_is_not_written_though_a_worker_has_it(people: People, wiring: Wiring) -> None:
    """R34: with the password goes the address that was asked for under it."""
    ada = people.user()
    with people.unit() as uow:
        verification.ask_for_change(uow, uow.get(User, ada.id), "thief@example.com")
    with wiring.platform_unit() as platform:
        claimed = [message for message in outbox.claim(platform, limit=1_000) if message.tenant_id == people.tenant.id]
    (letter,) = [message for message in claimed if message.kind == "account.change-email"]
    with people.unit() as uow:
        passwords.set_password(uow, uow.get(User, ada.id), NEW, how=EventType.PASSWORD_RESET)
    write_letter(wiring, letter)
    with people.unit() as uow:
        written = select(OneTimeToken.id).where(OneTimeToken.purpose == Purpose.CHANGE_EMAIL)
        assert uow.session.scalars(written).all() == []


def test_an_event_of_the_release_before_says_no_more_who_it_was(people: People, wiring: Wiring) -> None:
    """R63, R64: it named the person in its data only."""
    ada = people.user()
    with people.unit() as uow:
        session, _ = sessions.start(uow, ada.id, ["pwd"], replaces=None)
    with wiring.platform_unit() as platform:
        of_before = {"user_id": None, "ip": "203.0.113.77", "data": {"user_id": str(ada.id)}}
        platform.execute(update(Event).where(Event.target_id == session.id).values(of_before))
    people.erase(ada)
    with people.unit() as uow:
        assert uow.session.scalars(select(Event.ip).where(Event.target_id == session.id)).all() == [None]


@pytest.mark.parametrize("path", ["/login", "/recovery", "/account"])
def test_whoever_only_opens_pages_leaves_no_more_rows_than_a_limit_allows(
    people: People, browser: Browser, path: str
) -> None:
    """R45: each opening without a flow begins one."""
    decide(people, limit_visit_ip="2/day")
    answers = [browser.get(browser.url(path)).status_code for _ in range(3)]
    assert answers == [303, 303, 429]
