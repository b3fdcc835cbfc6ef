"""What a tenant keeps for a time only (R63): people who asked to be erased, events, ended sessions."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from idp.accounts import leaving
from idp.authn import sessions, throttle
from idp.authn.models import LoginThrottle, Session
from idp.events.models import Event
from idp.oauth.models import Grant, RefreshFamily
from idp.tenants.models import Tenant
from idp.users.models import User
from idp.wiring import Wiring
from idp.worker import purge, retention
from tests import factories
from tests.browser import Browser
from tests.factories import People
from tests.moments import pass_time


def erase_due(wiring: Wiring) -> int:
    return retention.erase_due(wiring, threading.Event())


def purge_by_policy(wiring: Wiring) -> int:
    return retention.purge_by_policy(wiring, threading.Event())


def leaver(people: People, email: str) -> User:
    user = people.user(email=email)
    with people.unit() as uow:
        leaving.request_deletion(uow, uow.get(User, user.id))
    return user


def who_is_left(people: People) -> set[Any]:
    with people.unit() as uow:
        return set(uow.session.scalars(select(User.id)))


def count(people: People, model: Any, *where: Any) -> int:
    with people.unit() as uow:
        return uow.session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def test_people_are_erased_when_their_grace_period_is_over(wiring: Wiring, people: People, others: People) -> None:
    ada, grace, stays = (
        leaver(people, "ada@example.com"),
        leaver(others, "grace@example.com"),
        people.user(email="stays@example.com"),
    )
    pass_time(people, days=13)
    erase_due(wiring)
    assert who_is_left(people) == {ada.id, stays.id}
    pass_time(people, days=2)
    assert erase_due(wiring) == 1
    assert who_is_left(people) == {stays.id}
    assert who_is_left(others) == {grace.id}


def test_a_tenant_may_give_no_grace(wiring: Wiring) -> None:
    people = People(wiring, factories.make_tenant(wiring, deletion_grace_days="0"))
    leaver(people, "ada@example.com")
    erase_due(wiring)
    assert who_is_left(people) == set()


def test_whoever_thought_better_of_it_stays(wiring: Wiring, people: People) -> None:
    ada = leaver(people, "ada@example.com")
    pass_time(people, days=15)
    with people.unit() as uow:
        leaving.cancel_deletion(uow, uow.get(User, ada.id))
    erase_due(wiring)
    assert who_is_left(people) == {ada.id}


def test_what_is_wrong_with_one_person_keeps_no_other_waiting(
    wiring: Wiring, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = leaver(people, "ada@example.com"), leaver(people, "grace@example.com")
    pass_time(people, days=15)
    erase = leaving.erase

    def stumble(uow: Any, user: User) -> None:
        erase(uow, user)
        if user.id == broken.id:
            raise RuntimeError("half way")

    with monkeypatch.context() as patched:
        patched.setattr(leaving, "erase", stumble)
        assert erase_due(wiring) == 1
    assert who_is_left(people) == {broken.id}
    assert count(people, Event, Event.type == "user.deleted") == 1
    assert fine.id not in who_is_left(people)
    assert erase_due(wiring) == 1
    assert who_is_left(people) == set()


def test_a_worker_that_is_killed_half_way_has_done_nothing(wiring: Wiring, people: People) -> None:
    ada = leaver(people, "ada@example.com")
    pass_time(people, days=15)
    killed = wiring.platform_unit()
    ((tenant, user),) = leaving.due(killed)
    with killed.within(tenant) as uow:
        leaving.erase(uow, user)
    assert erase_due(wiring) == 0, "nobody else works on her meanwhile"
    killed.close()
    assert who_is_left(people) == {ada.id}
    assert erase_due(wiring) == 1


def test_a_stop_ends_between_two_people(wiring: Wiring, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        leaver(people, f"person{number}@example.com")
    pass_time(people, days=15)
    stop, erase = threading.Event(), leaving.erase

    def erase_and_stop(uow: Any, user: User) -> None:
        erase(uow, user)
        stop.set()

    with monkeypatch.context() as patched:
        patched.setattr(leaving, "erase", erase_and_stop)
        assert retention.erase_due(wiring, stop) == 1
    assert len(who_is_left(people)) == 2
    assert erase_due(wiring) == 2


def age_events(wiring: Wiring, tenant: Tenant, **by: float) -> None:
    with wiring.platform_unit() as platform:
        platform.execute(
            update(Event)
            .where(Event.tenant_id == tenant.id)
            .values(occurred_at=func.now() - timedelta(**by))
            .execution_options(synchronize_session=False)
        )


def test_events_go_when_their_tenant_keeps_them_no_longer(wiring: Wiring) -> None:
    short, long = (People(wiring, factories.make_tenant(wiring, event_retention_days=days)) for days in ("30", "3650"))
    for people in (short, long):
        people.user()
        age_events(wiring, people.tenant, days=29)
    purge_by_policy(wiring)
    assert count(short, Event) == count(long, Event) > 0
    for people in (short, long):
        age_events(wiring, people.tenant, days=31)
    purge_by_policy(wiring)
    assert count(short, Event) == 0
    assert count(long, Event) > 0


def test_many_events_go_in_batches(wiring: Wiring, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "BATCH", 3)
    for number in range(4):
        people.user(email=f"person{number}@example.com")
    age_events(wiring, people.tenant, days=500)
    assert count(people, Event) > 6
    purge_by_policy(wiring)
    assert count(people, Event) == 0


def test_every_tenant_has_its_turn(wiring: Wiring) -> None:
    several = [People(wiring, factories.make_tenant(wiring)) for _ in range(5)]
    for people in several:
        age_events(wiring, people.tenant, days=500)
    purge_by_policy(wiring)
    assert [count(people, Event) for people in several] == [0] * 5


def test_a_session_goes_so_long_after_it_ended(wiring: Wiring) -> None:
    people = People(wiring, factories.make_tenant(wiring, session_retention_days="10", session_absolute_hours="720"))
    user = people.user()
    with people.unit() as uow:
        ended, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
        living, _ = sessions.start(uow, user.id, ["pwd"], replaces=None)
        uow.flush()
        sessions.end(uow, ended, reason="operator")
    purge_by_policy(wiring)
    assert count(people, Session) == 2
    pass_time(people, days=11)
    purge_by_policy(wiring)
    with people.unit() as uow:
        assert uow.session.scalars(select(Session.id)).all() == [living.id]
    pass_time(people, days=30)
    purge_by_policy(wiring)
    assert count(people, Session) == 0


def test_a_session_stays_while_a_grant_hangs_on_it(wiring: Wiring, people: People, browser: Browser) -> None:
    """Offline access outlives the session's age (R7)."""
    people.user()
    client, secret = people.client()
    browser.exchange(client, secret, browser.code(client, scope="openid offline_access"))
    with people.unit() as uow:
        uow.execute(update(Session).values(expires_at=func.now() - timedelta(days=80)))
    purge_by_policy(wiring)
    assert count(people, Session) == count(people, Grant) == count(people, RefreshFamily) == 1
    with people.unit() as uow:
        uow.execute(update(Grant).values(expires_at=func.now() - timedelta(days=2)))
    purge.purge_expired(wiring, threading.Event())
    purge_by_policy(wiring)
    assert count(people, Session) == count(people, Grant) == count(people, RefreshFamily) == 0


def test_a_locked_name_stays_locked_and_another_is_forgotten(wiring: Wiring, people: People) -> None:
    """R27: until recovery, and not until the rows are swept."""
    for name in ("locked", "guessed"):
        with people.unit() as uow:
            throttle.reserve(uow, name)
            if name == "locked":
                uow.execute(update(LoginThrottle).values(failures=throttle.LOCKED_AT))
    pass_time(people, days=31)
    purge.purge_expired(wiring, threading.Event())
    with people.unit() as uow:
        assert uow.session.scalars(select(LoginThrottle.failures)).all() == [throttle.LOCKED_AT]
