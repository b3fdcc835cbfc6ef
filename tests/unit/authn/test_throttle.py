"""Guessing at one account (R27): how often, how slowly, until when; and whoever it is."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from idp.authn import attempts, passwords, throttle
from idp.authn.errors import Throttled
from idp.authn.models import LoginThrottle
from idp.crypto.passwords import PasswordGateFull
from idp.events.models import Event
from idp.events.types import EventType
from idp.ids import new_id
from idp.users import service as users
from tests.factories import PASSWORD, People
from tests.moments import pass_time

NAME = "ada@example.com"
WAITS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def reserve(people: People, name: str = NAME) -> int:
    with people.unit() as uow:
        return throttle.reserve(uow, name)


def waits(people: People, name: str = NAME) -> int:
    """The ``Retry-After`` of a refusal."""
    with people.unit() as uow, pytest.raises(Throttled) as refused:
        throttle.reserve(uow, name)
    return refused.value.retry_after


def fail(people: People, failures: int, name: str = NAME) -> None:
    """So many failures in a row, as long ago as the last of them makes one wait."""
    reserve(people, name)
    with people.unit() as uow:
        uow.execute(update(LoginThrottle).values(failures=failures, blocked_until=func.now()))


def attempt(people: People, password: str, email: str = NAME) -> bool:
    with people.unit() as uow:
        return attempts.try_password(uow, users.canonical(email), users.find_by_email(uow, email), password)


def test_from_the_fifth_failure_each_wait_is_twice_the_one_before_up_to_fifteen_minutes(people: People) -> None:
    assert [reserve(people) for _ in range(5)] == [1, 2, 3, 4, 5]
    for failures, seconds in enumerate(WAITS, start=5):
        assert waits(people) in {seconds, seconds + 1}
        pass_time(people, seconds=seconds - 0.5)
        assert waits(people) == 1
        pass_time(people, seconds=0.5)
        assert reserve(people) == failures + 1


def test_a_refused_attempt_is_not_counted_and_does_not_prolong_the_wait(people: People) -> None:
    for _ in range(5):
        reserve(people)
    for _ in range(20):
        waits(people)
    pass_time(people, seconds=1)
    assert reserve(people) == 6


def test_after_a_hundred_only_a_recovery_opens_the_account(people: People) -> None:
    fail(people, throttle.LOCKED_AT - 1)
    assert reserve(people) == throttle.LOCKED_AT
    pass_time(people, days=400)
    with people.unit() as uow, pytest.raises(Throttled, match="Reset your password"):
        throttle.reserve(uow, NAME)
    with people.unit() as uow:
        throttle.clear(uow, NAME)
    assert reserve(people) == 1


def test_another_password_clears_it(people: People) -> None:
    user = people.user()
    fail(people, throttle.LOCKED_AT)
    with people.unit() as uow:
        passwords.set_password(uow, user, PASSWORD, how=EventType.PASSWORD_RESET)
    assert attempt(people, PASSWORD)


def test_the_right_password_ends_the_row_and_a_wrong_one_after_it_counts_from_one(people: People) -> None:
    people.user()
    assert [attempt(people, "wrong") for _ in range(4)] == [False] * 4
    assert attempt(people, PASSWORD)
    assert reserve(people) == 1


def test_a_success_that_was_rolled_back_has_cleared_nothing(people: People) -> None:
    people.user()
    attempt(people, "wrong")
    unit = people.unit()
    assert attempts.try_password(unit, NAME, users.find_by_email(unit, NAME), PASSWORD)
    unit.close()
    assert reserve(people) == 3


def test_a_locked_account_refuses_the_right_password_too(people: People) -> None:
    people.user()
    fail(people, throttle.LOCKED_AT)
    with pytest.raises(Throttled):
        attempt(people, PASSWORD)


@pytest.mark.parametrize("email", ["nobody@example.com", "not an address", "", "a\x00b@example.com", "\ud800@x"])
def test_a_name_that_nobody_has_is_counted_like_any_other(people: People, email: str) -> None:
    assert [attempt(people, PASSWORD, email) for _ in range(5)] == [False] * 5
    with pytest.raises(Throttled, match=r"Try again"):
        attempt(people, PASSWORD, email)


def test_spellings_of_one_address_share_a_counter(people: People) -> None:
    people.user()
    for spelled in (
        "Ada@example.com",
        " ada@EXAMPLE.com",
        "ADA@EXAMPLE.COM ",
        "\uff21da@example.com",
        "ada@example.com",
    ):
        assert not attempt(people, "wrong", spelled)
    with pytest.raises(Throttled):
        attempt(people, PASSWORD, "aDa@example.com")


def test_another_tenants_account_of_the_same_name_is_another_account(people: People, others: People) -> None:
    for _ in range(5):
        reserve(people)
    assert reserve(others) == 1


def test_what_could_not_be_looked_at_is_not_counted(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    people.user()
    fail(people, 8)

    def full(*_: Any) -> bool:
        raise PasswordGateFull

    with monkeypatch.context() as patched:
        patched.setattr(passwords, "verify", full)
        for _ in range(3):
            with pytest.raises(PasswordGateFull):
                attempt(people, PASSWORD)
    assert reserve(people) == 9


def test_giving_an_attempt_back_does_not_shorten_what_a_later_one_began(people: People) -> None:
    fail(people, 8)
    early = reserve(people)
    pass_time(people, minutes=20)
    late = reserve(people)
    with people.unit() as uow:
        throttle.release(uow, NAME, early)
    assert (early, late) == (9, 10)
    assert waits(people) > 30


@pytest.mark.parametrize("failures", sorted(attempts.WORTH_TELLING))
def test_every_failure_is_an_event_and_some_are_worth_telling(people: People, failures: int) -> None:
    people.user()
    fail(people, failures - 2)
    for _ in range(2):
        assert not attempt(people, "wrong")
        pass_time(people, minutes=15)
    with people.unit() as uow:
        said = list(uow.session.scalars(select(Event.type).where(Event.type.like("login.%")).order_by(Event.id)))
    assert said == [EventType.LOGIN_FAILED, EventType.LOGIN_FAILED, EventType.LOGIN_BLOCKED]


class ThrottleMachine(RuleBasedStateMachine):
    """The model: failures in a row, and for how many seconds the next attempt has to wait."""

    people: People

    def __init__(self) -> None:
        super().__init__()
        self.name, self.failures, self.wait = str(new_id()), 0, 0.0
        self.looked_at_since_the_last_success = 0

    @rule()
    def try_once(self) -> None:
        if self.wait > 0 or self.failures >= throttle.LOCKED_AT:
            assert waits(self.people, self.name) > 0
            return
        self.failures += 1
        assert reserve(self.people, self.name) == self.failures
        self.looked_at_since_the_last_success += 1
        self.wait = 0.0 if self.failures < 5 else min(900, 2 ** (self.failures - 5))

    @rule()
    def try_while_the_gate_is_full(self) -> None:
        if self.wait <= 0 and self.failures < throttle.LOCKED_AT:
            with self.people.unit() as uow:
                throttle.release(uow, self.name, throttle.reserve(uow, self.name))

    @rule(seconds=st.sampled_from([1, 30, 900]))
    def wait_a_while(self, seconds: int) -> None:
        pass_time(self.people, seconds=seconds)
        self.wait -= seconds

    @rule(failures=st.sampled_from([12, 97, 99]))
    def fail_often(self, failures: int) -> None:
        if self.failures < failures:
            if self.failures == 0:
                reserve(self.people, self.name)
            self._put(failures)
            self.failures = self.looked_at_since_the_last_success = failures
            self.wait = 0

    @rule()
    def recover(self) -> None:
        with self.people.unit() as uow:
            throttle.clear(uow, self.name)
        self.failures, self.wait, self.looked_at_since_the_last_success = 0, 0, 0

    def _put(self, failures: int) -> None:
        with self.people.unit() as uow:
            uow.execute(
                update(LoginThrottle)
                .where(LoginThrottle.account_digest == throttle._digest(uow, self.name))
                .values(failures=failures, blocked_until=func.now())
            )

    @invariant()
    def nobody_looks_more_often_than_documented(self) -> None:
        assert self.looked_at_since_the_last_success <= throttle.LOCKED_AT


def test_whatever_the_order_nobody_gets_more_guesses_than_documented(people: People) -> None:
    machine = type("Machine", (ThrottleMachine,), {"people": people})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=timedelta(seconds=5),
            suppress_health_check=list(HealthCheck),
        ),
    )
