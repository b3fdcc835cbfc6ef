"""Guesses that two processes make at the same moment: no more are looked at than one after the other (R27, R62)."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp.crypto import passwords
from idp.tenants.models import Tenant
from tests.attacks.conftest import Records
from tests.attacks.racing import guess
from tests.attacks.schedule import most
from tests.factories import PASSWORD, People
from tests.moments import pass_time
from tests.races.racers import AT_ONCE, Racers

ADA = "ada@example.com"
EACH = 4


@pytest.fixture(scope="module")
def racers(environment: dict[str, str]) -> Iterator[Racers]:
    """Two processes with eight threads and four places to hash each."""
    racers = Racers(environment)
    yield racers
    racers.stop()


@pytest.fixture(autouse=True)
def ada(people: People) -> None:
    people.user()


def race(racers: Racers, tenant: Tenant, *tries: list[str]) -> Counter[str]:
    answers = racers.race(guess, [(tenant.slug, ADA, passwords) for passwords in tries])
    return Counter(outcome for outcomes in answers for outcome in outcomes)


def wrong(count: int = EACH) -> list[str]:
    return [f"guess {number}" for number in range(count)]


@pytest.mark.parametrize("email", [ADA, "nobody@example.com"])
def test_sixty_four_at_once_are_worth_no_more_than_one_after_the_other(
    racers: Racers, tenant: Tenant, records: Records, email: str
) -> None:
    began = records.clock()
    answers = racers.race(guess, [(tenant.slug, email, wrong())] * AT_ONCE)
    outcomes = Counter(outcome for outcomes in answers for outcome in outcomes)
    assert outcomes.total() == AT_ONCE * EACH
    assert 0 < outcomes["wrong"] <= most(began, records.clock())
    assert outcomes["right"] == 0
    assert records.looked_at() == outcomes["wrong"]
    assert records.failures() == [outcomes["wrong"]], "what was turned away by the gate is not counted"


def test_while_it_waits_not_one_of_them_is_looked_at(racers: Racers, tenant: Tenant, records: Records) -> None:
    race(racers, tenant, *[wrong()] * AT_ONCE)
    with_delay = race(racers, tenant, *[wrong(1)] * AT_ONCE)
    looked_at = records.looked_at()
    assert with_delay["wrong"] <= 1, "the delay may have passed meanwhile, once"
    assert race(racers, tenant, *[[PASSWORD]] * AT_ONCE)["right"] <= 1
    assert records.looked_at() == looked_at


def test_when_the_delay_is_over_one_of_all_is_looked_at(
    racers: Racers, tenant: Tenant, people: People, records: Records
) -> None:
    for _ in range(12):
        pass_time(people, minutes=15)
        race(racers, tenant, wrong(1), *[[]] * (AT_ONCE - 1))
    assert records.failures() == [12]
    pass_time(people, minutes=15)
    assert race(racers, tenant, *[wrong()] * AT_ONCE)["wrong"] == 1
    assert records.failures() == [13]


@pytest.mark.parametrize("_again", range(4))
def test_the_right_one_among_wrong_ones_opens_at_most_one_more_row(
    racers: Racers, tenant: Tenant, records: Records, _again: int
) -> None:
    began = records.clock()
    outcomes = race(racers, tenant, [PASSWORD], *[wrong(1)] * (AT_ONCE - 1))
    assert outcomes["wrong"] + outcomes["right"] <= (1 + outcomes["right"]) * most(began, records.clock())
    assert outcomes["wrong"] == records.looked_at()
    assert sum(records.failures()) <= outcomes["wrong"] + 1


def test_a_full_gate_gives_nothing_for_free(
    people: People, records: Records, wiring: Any, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a guess, nor the end of a delay, nor a longer one for the owner."""

    def attempt(password: str) -> str:
        return guess(None, wiring, (tenant.slug, ADA, [password]))[0]

    monkeypatch.setattr(passwords, "_gate", passwords.Gate(threads=1, places=1))
    with ThreadPoolExecutor(1) as crowd:
        crowd.submit(passwords.gate().enter).result()
        assert {attempt("a guess") for _ in range(20)} == {"busy"}
        assert records.failures() == [0]
        crowd.submit(passwords.gate().leave).result()
        assert [attempt("a guess") for _ in range(8)][:5] == ["wrong"] * 5
        pass_time(people, minutes=15)
        crowd.submit(passwords.gate().enter).result()
        assert {attempt("a guess") for _ in range(20)} == {"busy"}
        crowd.submit(passwords.gate().leave).result()
    before = records.looked_at()
    assert [attempt("a guess") for _ in range(3)] == ["wrong", "throttled", "throttled"]
    assert records.looked_at() == before + 1
