"""Two processes at one account at once (R27, R33, R62, R63)."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select, update

from idp.accounts import invitations, leaving, recovery
from idp.accounts.models import Invitation
from idp.authn import throttle
from idp.authn.models import LoginThrottle
from idp.authn.throttle import LOCKED_AT
from idp.events.models import Event
from idp.events.types import EventType
from idp.users.models import User
from idp.wiring import Wiring
from tests import factories
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.post import Post
from tests.races import acts
from tests.races.racers import AT_ONCE, Racers
from tests.unit.accounts.newcomers import EMAIL, Newcomer

NAME = "ada@example.com"
BUSY = "busy"
"""The gate was full (R24); the same request later is as good."""


@pytest.fixture
def people(wiring: Wiring) -> People:
    return People(wiring, factories.make_tenant(wiring, registration="open"))


@pytest.fixture
def post(wiring: Wiring, people: People) -> Post:
    return Post(wiring, people.tenant)


def only_one(answers: list[Any], won: Any, lost: Any) -> bool:
    """Whether one won; who was too busy to look has lost nothing, and no one else did anything else."""
    counted = Counter(answers)
    return counted[won] == 1 and counted.keys() <= {won, lost, BUSY}


def count(people: People, model: type, *where: object) -> int:
    with people.unit() as uow:
        return uow.session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def test_sixteen_attempts_at_once_are_five(racers: Racers, people: People) -> None:
    answers = racers.race(acts.reserve, [(people.tenant.slug, NAME)] * AT_ONCE)
    assert Counter(answers) == {"throttled": AT_ONCE - 5} | dict.fromkeys(range(1, 6), 1)


def test_sixteen_attempts_at_once_after_a_wait_are_one(racers: Racers, people: People) -> None:
    racers.race(acts.reserve, [(people.tenant.slug, NAME)] * AT_ONCE)
    pass_time(people, minutes=1)
    answers = racers.race(acts.reserve, [(people.tenant.slug, NAME)] * AT_ONCE)
    assert Counter(answers) == {6: 1, "throttled": AT_ONCE - 1}


def test_the_hundredth_attempt_is_made_once(racers: Racers, people: People) -> None:
    racers.race(acts.reserve, [(people.tenant.slug, NAME)] * AT_ONCE)
    with people.unit() as uow:
        uow.execute(update(LoginThrottle).values(failures=LOCKED_AT - 1, blocked_until=func.now()))
    answers = racers.race(acts.reserve, [(people.tenant.slug, NAME)] * AT_ONCE)
    assert Counter(answers) == {LOCKED_AT: 1, "throttled": AT_ONCE - 1}


@pytest.mark.parametrize("known", [True, False], ids=["somebody", "nobody"])
def test_wrong_passwords_at_once_look_the_same_whoever_it_is(racers: Racers, people: People, known: bool) -> None:
    if known:
        people.user()
    answers = Counter(racers.race(acts.try_password, [(people.tenant.slug, NAME, "wrong")] * AT_ONCE))
    assert answers.keys() <= {False, "throttled", BUSY}
    assert 1 <= answers[False] <= 5
    assert count(people, Event, Event.type == EventType.LOGIN_FAILED) == answers[False]


def test_right_passwords_at_once_leave_no_counter(racers: Racers, people: People) -> None:
    people.user()
    answers = Counter(racers.race(acts.try_password, [(people.tenant.slug, NAME, PASSWORD)] * AT_ONCE))
    assert answers.keys() <= {True, "throttled", BUSY}
    assert answers[True] >= 1
    assert acts.within(people.wiring, people.tenant.slug, lambda uow: throttle.reserve(uow, NAME)) == 1


def test_two_registrations_of_one_address_proven_at_once_make_one_person(
    racers: Racers, people: People, post: Post
) -> None:
    jobs = []
    for _ in range(AT_ONCE):
        newcomer = Newcomer(people)
        newcomer.sign_up()
        jobs.append((people.tenant.slug, post.token(EMAIL), newcomer.browser))
    answers = racers.race(acts.follow, jobs)
    assert Counter(answers) == {"proven": 1, "LINK_IS_OVER": AT_ONCE - 1}
    assert count(people, User) == 1


def test_one_code_typed_at_once_makes_one_person(racers: Racers, people: People, post: Post) -> None:
    grace = Newcomer(people)
    job = (people.tenant.slug, grace.sign_up(), grace.browser, post.code(EMAIL))
    answers = racers.race(acts.type_code, [job] * AT_ONCE)
    assert Counter(answers) == {True: 1, False: AT_ONCE - 1}
    assert count(people, User) == 1


def test_one_invitation_accepted_at_once_lets_one_in(racers: Racers, people: People, post: Post) -> None:
    with people.unit() as uow:
        invitations.invite(uow, EMAIL)
    answers = racers.race(acts.accept, [(people.tenant.slug, post.token(EMAIL, "?invitation="))] * AT_ONCE)
    assert only_one(answers, "accepted", "link-expired")
    assert count(people, User) == 1


def test_invitations_of_one_address_at_once_leave_one_open(racers: Racers, people: People) -> None:
    answers = racers.race(acts.invite, [(people.tenant.slug, EMAIL)] * AT_ONCE)
    assert len(set(answers)) == AT_ONCE, answers
    assert count(people, Invitation, Invitation.revoked_at.is_(None)) == 1


def test_one_recovery_at_once_changes_the_password_once(racers: Racers, people: People, post: Post) -> None:
    people.user()
    with people.unit() as uow:
        recovery.request(uow, NAME)
    answers = racers.race(acts.reset, [(people.tenant.slug, post.token(NAME, "reset-password?token="))] * AT_ONCE)
    assert only_one(answers, True, False)
    assert count(people, Event, Event.type == EventType.PASSWORD_RESET) == 1


def test_workers_that_erase_at_once_erase_everybody_once(racers: Racers, people: People) -> None:
    for number in range(20):
        user = people.user(email=f"person{number}@example.com")
        with people.unit() as uow:
            leaving.request_deletion(uow, uow.get(User, user.id))
    pass_time(people, days=15)
    answers = racers.race(acts.erase_due, [None] * AT_ONCE)
    assert sum(answers) == 20
    assert count(people, User) == 0
    assert count(people, Event, Event.type == EventType.USER_DELETED) == 20
