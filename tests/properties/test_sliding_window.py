"""The counter itself: the script and the process count alike, and nobody gets more than was granted."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import redis
from hypothesis import example, given
from hypothesis import strategies as st

from idp.config import Settings
from idp.http.buckets import Bucket, MemoryBuckets, RedisBuckets
from idp.http.redis_client import RedisClient

steps = st.lists(st.tuples(st.integers(0, 4_000), st.integers(1, 3)), min_size=1, max_size=60)
"""Milliseconds that pass, and how many tries follow."""


class Clock:
    """Milliseconds, given out as Unix seconds."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> float:
        return self.now / 1000


def bucket(amount: int, seconds: int) -> Bucket:
    return Bucket(str(uuid4()), "sign-in-ip", "x", amount, seconds)


@given(steps=steps, amount=st.integers(1, 5), seconds=st.integers(1, 5))
def test_no_window_grants_more_than_its_amount(steps: list[tuple[int, int]], amount: int, seconds: int) -> None:
    """Exactly: the amount in a window of the clock, twice the amount in any span of that length."""
    clock, one = Clock(), bucket(amount, seconds)
    counted, granted = MemoryBuckets(clock), []
    for pause, tries in steps:
        clock.now += pause
        granted += [clock.now for _ in range(tries) if counted.spend([one]).admitted]
    window = 1000 * seconds
    for moment in granted:
        assert sum(other // window == moment // window for other in granted) <= amount
        assert sum(moment <= other < moment + window for other in granted) <= 2 * amount


@given(steps=steps, amount=st.integers(1, 5), seconds=st.integers(1, 5))
@example(steps=[(0, 2)], amount=1, seconds=1)
def test_whoever_waits_as_told_is_let_through(steps: list[tuple[int, int]], amount: int, seconds: int) -> None:
    """And the wait is never longer than two windows."""
    clock, one = Clock(), bucket(amount, seconds)
    counted = MemoryBuckets(clock)
    for pause, tries in steps:
        clock.now += pause
        for _ in range(tries):
            spent = counted.spend([one])
            if not spent.admitted:
                wait = spent.standings[0].reset
                assert 1 <= wait <= 2 * seconds
                clock.now += 1000 * wait
                assert counted.spend([one]).admitted


@given(steps=steps)
def test_one_empty_bucket_spends_nothing_of_the_others(steps: list[tuple[int, int]]) -> None:
    clock, small, large = Clock(), bucket(2, 86_400), bucket(1_000, 86_400)
    counted = MemoryBuckets(clock)
    admitted = sum(counted.spend([small, large]).admitted for _, tries in steps for _ in range(tries))
    assert counted.spend([large], cost=0).standings[0].used == admitted <= 2


@pytest.fixture(scope="module")
def shared(settings: Settings) -> Iterator[RedisBuckets]:
    assert settings.redis_url is not None
    client = RedisClient(settings.redis_url.get_secret_value(), timeout=5)
    yield RedisBuckets(client)
    client.close()


@given(amounts=st.lists(st.integers(1, 6), min_size=1, max_size=4), costs=st.lists(st.integers(0, 3), max_size=12))
def test_the_script_counts_as_the_process_does(shared: RedisBuckets, amounts: list[int], costs: list[int]) -> None:
    buckets, own = [bucket(amount, 86_400) for amount in amounts], MemoryBuckets()
    for cost in costs:
        theirs, ours = shared.spend(buckets, cost), own.spend(buckets, cost)
        assert theirs.admitted == ours.admitted
        assert [each.current for each in theirs.standings] == [each.current for each in ours.standings]


def test_the_script_carries_the_window_before_over(shared: RedisBuckets, settings: Settings) -> None:
    assert settings.redis_url is not None
    server, one = redis.Redis.from_url(settings.redis_url.get_secret_value()), bucket(10, 3_600)
    number = int(server.time()[0]) // 3_600
    server.hset(one.key, mapping={"number": number - 1, "current": 10, "previous": 7})
    (standing,) = shared.spend([one]).standings
    assert (standing.previous, standing.current) in {(10, 0), (10, 1)}
    assert standing.used == standing.current + 10 * (3_600_000 - standing.age) // 3_600_000
    server.hset(one.key, mapping={"number": number - 2, "current": 10, "previous": 7})
    assert shared.spend([one]).standings[0].previous == 0
