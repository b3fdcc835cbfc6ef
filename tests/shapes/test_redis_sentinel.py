"""Limits at whichever server the sentinels call the master; while there is none, each process counts alone (R29)."""

from collections.abc import Iterator

import pytest

from idp.http.buckets import RedisBuckets
from idp.http.limiter import TIMEOUT_SECONDS
from idp.http.redis_client import RedisClient
from tests.shapes.counting import AMOUNT, Count, buckets, is_found, limiter_at
from tests.shapes.sentinel import Watched, watched
from tests.shapes.waiting import wait_until

pytestmark = pytest.mark.live
TENANTS = range(3)
SLOWEST = 1.0


@pytest.fixture(scope="module")
def shape() -> Iterator[Watched]:
    with watched() as shape:
        yield shape


@pytest.fixture(autouse=True)
def _empty(shape: Watched) -> None:
    wait_until(shape.is_ready, 60, "both servers and the sentinels are whole again")
    shape.master.client.flushall()


def test_limits_are_counted_at_the_master(shape: Watched) -> None:
    with limiter_at(shape.url) as limiter:
        assert [limiter.spend(buckets(1, 2)).admitted for _ in range(3)] == [True, True, False]
        assert not limiter.is_alone
        before = shape.master.info("commandstats")["cmdstat_evalsha"]["calls"]
        limiter.spend(buckets(2))
        assert shape.master.info("commandstats")["cmdstat_evalsha"]["calls"] == before + 1
    assert shape.master.client.exists(buckets(1)[0].key)


def test_a_sentinel_that_is_down_keeps_nobody_from_the_master(shape: Watched) -> None:
    url = shape.url.replace(f"127.0.0.1:{shape.sentinels[0].port}", "127.0.0.1:1")
    client = RedisClient(url, timeout=TIMEOUT_SECONDS)
    assert RedisBuckets(client).spend(buckets(1)).admitted
    client.close()


def test_a_wrong_password_is_no_outage_either(shape: Watched) -> None:
    with limiter_at(shape.url.replace(shape.password, "guessed")) as limiter:
        assert limiter.spend(buckets(1)).admitted
        assert limiter.is_alone


@pytest.mark.parametrize("how", ["freeze", pytest.param("kill", marks=pytest.mark.soak)])
def test_a_lost_master_is_neither_an_outage_nor_a_free_ride(shape: Watched, how: str) -> None:
    with limiter_at(shape.url) as limiter:
        count = Count(limiter)
        count.spend(TENANTS)
        lost = shape.master
        getattr(lost, how)()
        try:
            count.spend_until(lambda: limiter.is_alone, TENANTS)
            count.spend_until(lambda: shape.master is not lost, TENANTS)
            count.spend_until(lambda: is_found(limiter, TENANTS), TENANTS)
            for _ in range(AMOUNT + 1):
                count.spend(TENANTS)
            assert is_found(limiter, TENANTS)
            assert shape.master.client.exists(buckets(0)[0].key)
        finally:
            lost.thaw() if how == "freeze" else lost.start()
    assert all(AMOUNT <= granted <= 2 * AMOUNT for granted in count.granted.values()), count.granted
    assert count.refused
    assert count.slowest < SLOWEST
