"""One password at ten thousand accounts from one address (R28, R29): few are looked at, whatever becomes of Redis."""

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker.purge import purge_expired
from tests.attacks.attackers import Answer, Guess, assail, meanwhile, neighbours, sign_in
from tests.attacks.conftest import PROCESSES, Records, Site
from tests.factories import People
from tests.moments import pass_time

pytestmark = pytest.mark.live

ATTEMPTS = 10_000
GRANTED = 60
SHARE = GRANTED // PROCESSES
Grant = Callable[..., None]


@pytest.fixture(autouse=True)
def town(people: People, others: People, granted: Grant) -> list[str]:
    """Some of the names exist; and people of another tenant who want to work."""
    granted(limit_sign_in_ip=f"{GRANTED}/day")
    for number in range(0, 50, 5):
        people.user(email=f"person-{number}@example.com")
    names = [f"neighbour-{number}@example.com" for number in range(10)]
    for name in names:
        others.user(email=name)
    return names


def spray(ip: Callable[[int], str], count: int = ATTEMPTS) -> Iterator[Guess]:
    return (Guess(f"person-{number}@example.com", ip(number)) for number in range(count))


def assert_bounded(looked_at: int, answers: list[Answer]) -> None:
    """Exactly what was granted; where Redis did not answer in time, the processes' own shares besides."""
    alone = sum(answer.amount == SHARE for answer in answers)
    assert abs(looked_at - GRANTED) <= alone
    looked = Counter(answer.amount for answer in answers if answer.kind == "looked")
    assert looked[GRANTED] <= GRANTED
    assert looked[SHARE] <= SHARE * PROCESSES
    assert {answer.amount for answer in answers} <= {GRANTED, SHARE}


def assert_told(answers: list[Answer]) -> None:
    """Who is refused is told by what, and when there is more."""
    refused = [answer for answer in answers if answer.kind == "limit"]
    assert {answer.status for answer in refused} == {429}
    assert all(answer.says_when for answer in refused)
    assert all(re.fullmatch(r'"sign-in-ip";r=0;t=\d+', answer.headers["RateLimit"]) for answer in refused)


@pytest.mark.parametrize("attempts", [2_000, pytest.param(ATTEMPTS, marks=pytest.mark.soak)])
def test_with_redis_killed_in_the_middle_it_is_granted_at_most_once_more(
    site: Site,
    tenant: Tenant,
    other_tenant: Tenant,
    records: Records,
    town: list[str],
    people: People,
    wiring: Wiring,
    attempts: int,
) -> None:
    """And all of an IPv6 /64 is one address."""
    half: list[int] = []

    def kill() -> None:
        half.append(records.looked_at())
        site.kill_redis()

    guesses = spray(lambda number: f"2001:db8:7:7:{number:x}::{number:x}", attempts)
    with neighbours(site.port, other_tenant, town) as unaffected:
        answers = assail(site.port, tenant, meanwhile(guesses, attempts // 2, kill))
        assert sign_in(site.port, tenant, "person-0@example.com", ip="2001:db8:7:8::1").kind == "ok"
    kinds = Counter(answer.kind for answer in answers)
    assert kinds.keys() == {"looked", "limit"}, kinds
    assert records.looked_at() == kinds["looked"] > GRANTED
    assert_bounded(half[0], answers[: attempts // 2])
    assert_bounded(kinds["looked"], answers)
    assert_told(answers)
    assert {answer.kind for answer in unaffected} == {"ok"}
    assert len(unaffected) > 5

    assert len(records.failures()) <= kinds["looked"], "what is not looked at leaves no row"
    pass_time(people, days=31)
    purge_expired(wiring, threading.Event())
    assert records.failures() == []


@pytest.mark.soak
def test_an_address_looks_at_what_it_is_granted_and_at_nothing_more(
    site: Site, tenant: Tenant, other_tenant: Tenant, records: Records, town: list[str]
) -> None:
    with neighbours(site.port, other_tenant, town) as unaffected:
        answers = assail(site.port, tenant, spray(lambda _: "192.0.2.7"))
        assert sign_in(site.port, tenant, "person-0@example.com", ip="192.0.2.8").kind == "ok"
    assert {answer.kind for answer in answers} == {"looked", "limit"}
    assert_bounded(records.looked_at(), answers)
    assert_told(answers)
    assert {answer.kind for answer in unaffected} == {"ok"}
