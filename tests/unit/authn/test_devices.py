"""Devices: one that is new beside others is worth a word (R38)."""

import pytest
from sqlalchemy import select

from idp.authn import devices, login, sessions
from idp.authn.models import Device
from idp.events.models import Event
from idp.events.types import EventType
from idp.users import service as users
from tests.factories import PASSWORD, People
from tests.moments import pass_time


def seen(people: People, email: str, *names: bytes) -> int:
    """How many of them were news."""
    with people.unit() as uow:
        user = users.get_by_email(uow, email)
        session, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
        uow.flush()
        for name in names:
            devices.remember(uow, session, name)
        return len(uow.session.scalars(select(Event.id).where(Event.target_id == session.id, _IS_NEW)).all())


_IS_NEW = Event.type == EventType.DEVICE_ADDED


@pytest.mark.parametrize(
    ("names", "news"),
    [([b"a"], 0), ([b"a", b"a"], 0), ([b"a", b"b"], 1), ([b"a", b"b", b"a", b"b"], 1), ([b"a", b"b", b"c"], 2)],
)
def test_a_device_is_news_once_and_the_first_is_none(people: People, names: list[bytes], news: int) -> None:
    people.user()
    assert seen(people, "ada@example.com", *names) == news


def test_the_device_of_one_person_says_nothing_of_another(people: People) -> None:
    people.user()
    people.user(email="grace@example.com")
    seen(people, "ada@example.com", b"a", b"b")
    assert seen(people, "grace@example.com", b"b") == 0
    assert seen(people, "grace@example.com", b"a") == 1


def test_forgetting_begins_anew_for_that_person_alone(people: People) -> None:
    ada = people.user()
    people.user(email="grace@example.com")
    seen(people, "ada@example.com", b"a")
    seen(people, "grace@example.com", b"a")
    with people.unit() as uow:
        devices.forget(uow, ada.id)
    assert seen(people, "ada@example.com", b"b") == 0
    assert seen(people, "grace@example.com", b"b") == 1


def test_being_seen_again_is_written_down(people: People) -> None:
    people.user()
    seen(people, "ada@example.com", b"a")
    pass_time(people, days=300)
    seen(people, "ada@example.com", b"a")
    with people.unit() as uow:
        device = uow.session.scalars(select(Device)).one()
        assert device.last_seen_at == uow.now or (uow.now - device.last_seen_at).days == 0
        assert (uow.now - device.first_seen_at).days == 300


def test_a_login_remembers_its_browser_or_what_it_was_told(people: People) -> None:
    people.user()
    for device in (None, b"an application"):
        with people.unit() as uow:
            transaction = login.begin(uow, "idp_br_x", device_digest=device)
            uow.flush()
            assert login.submit_password(uow, transaction, "ada@example.com", PASSWORD)
            login.complete(uow, transaction, replaces=None)
    with people.unit() as uow:
        known = set(uow.session.scalars(select(Device.device_digest)))
    assert b"an application" in known
    assert len(known) == 2
