"""At most half of a process's threads wait for upstreams (R53)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from idp.federation import gate
from idp.federation.errors import UpstreamBusy


@pytest.fixture(autouse=True)
def own_places() -> Iterator[None]:
    """The gate of this process as it was, afterwards."""
    before = gate._places[:]
    yield
    gate._places[:] = before


def waiting(number: int) -> ExitStack:
    """So many that wait for an upstream."""
    stack = ExitStack()
    for _ in range(number):
        stack.enter_context(gate.pass_through())
    return stack


@pytest.mark.parametrize(("threads", "places"), [(1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (16, 8)])
def test_half_of_the_threads_may_wait_and_one_always(threads: int, places: int) -> None:
    gate.configure(web_threads=threads)
    with waiting(places):
        with pytest.raises(UpstreamBusy) as busy, gate.pass_through():
            pytest.fail("there was no place")
        assert busy.value.code == "upstream-busy"
        assert busy.value.retry_after == gate.RETRY_SECONDS
    with waiting(places):
        pass


def test_a_place_is_free_again_however_the_wait_ended() -> None:
    gate.configure(web_threads=2)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.pass_through():
            raise ZeroDivisionError
    with waiting(1):
        pass


def test_whoever_finds_no_place_is_told_at_once() -> None:
    gate.configure(web_threads=8)
    over, inside = threading.Event(), threading.Barrier(5)

    def wait() -> bool:
        try:
            with gate.pass_through():
                inside.wait(10)
                return over.wait(10)
        except UpstreamBusy:
            return False

    with ThreadPoolExecutor(4) as threads:
        waits = [threads.submit(wait) for _ in range(4)]
        inside.wait(10)
        assert [wait() for _ in range(20)] == [False] * 20
        over.set()
        assert all(done.result() for done in waits)
