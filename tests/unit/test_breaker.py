"""A circuit breaker (R29, R53): what failed is left alone, and asked again by one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.breaker import Breaker


class Clock:
    """Seconds, as a test says."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_is_closed_as_long_as_calls_succeed(clock: Clock) -> None:
    breaker = Breaker(clock)
    for _ in range(10):
        assert breaker.admits()
        assert not breaker.succeeded(), "it was not open"
    assert not breaker.is_open


def test_so_many_failures_in_a_row_open_it(clock: Clock) -> None:
    breaker = Breaker(clock, rest=15, tolerance=3)
    assert [breaker.failed(), breaker.failed()] == [False, False]
    assert breaker.admits()
    assert breaker.failed(), "now it opens"
    assert breaker.is_open
    assert not breaker.admits()


def test_a_success_between_them_starts_the_count_again(clock: Clock) -> None:
    breaker = Breaker(clock, rest=15, tolerance=3)
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.admits()
    assert not breaker.is_open


def test_after_a_rest_one_call_probes(clock: Clock) -> None:
    breaker = Breaker(clock, rest=15)
    breaker.failed()
    clock.now += 14.9
    assert not breaker.admits()
    clock.now += 0.2
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda _: breaker.admits(), range(40))) == 1


def test_a_probe_that_succeeds_closes_it(clock: Clock) -> None:
    breaker = Breaker(clock, rest=15, tolerance=3)
    for _ in range(3):
        breaker.failed()
    clock.now += 15
    assert breaker.admits()
    assert breaker.succeeded(), "it was open"
    assert not breaker.is_open
    assert not breaker.failed(), "one failure is not three"
    assert breaker.admits()


def test_a_probe_that_fails_keeps_it_open_for_another_rest(clock: Clock) -> None:
    breaker = Breaker(clock, rest=15, tolerance=3)
    for _ in range(3):
        breaker.failed()
    clock.now += 15
    assert breaker.admits()
    assert not breaker.failed(), "it was open before"
    assert not breaker.admits()
    clock.now += 15
    assert breaker.admits()


def test_a_probe_of_which_nobody_hears_is_followed_by_another(clock: Clock) -> None:
    breaker = Breaker(clock, rest=15)
    breaker.failed()
    clock.now += 15
    assert breaker.admits()
    assert not breaker.admits()
    clock.now += 15
    assert breaker.admits()
