"""Ten thousand passwords at one account from ten thousand addresses (R27–R29): a handful is looked at."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import redis

from idp.authn import throttle
from idp.budget import Budget
from idp.tenants.models import Tenant
from tests.attacks.attackers import LINES, Answer, Guess, assail, meanwhile, neighbours, sign_in
from tests.attacks.conftest import PROCESSES, Records, Site
from tests.attacks.schedule import most
from tests.browser import Browser
from tests.factories import People
from tests.moments import pass_time
from tests.post import Post

pytestmark = pytest.mark.live

ATTEMPTS = 10_000
BY_ADDRESS = int(Budget().limit_sign_in_ip.partition("/")[0])
GRANTED = 20
SHARE = GRANTED // PROCESSES
ADA = "ada@example.com"
ANOTHER = "four other words entirely"
Grant = Callable[..., None]


@pytest.fixture(autouse=True)
def town(people: People, others: People, granted: Grant) -> list[str]:
    granted(limit_sign_in_account=f"{GRANTED}/day")
    people.user()
    names = [f"neighbour-{number}@example.com" for number in range(10)]
    for name in names:
        others.user(email=name)
    return names


def guesses(count: int = ATTEMPTS) -> Iterator[Guess]:
    """Each from an address of its own, so that no limit by address helps."""
    return (Guess(ADA, f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}", f"guess {n}") for n in range(count))


def recover(app: object, tenant: Tenant, post: Post) -> None:
    """The owner makes a new password by mail."""
    browser = Browser(app, tenant)
    browser.submit(browser.follow(browser.get(browser.url("/recovery"))), email=ADA)
    page = browser.submit(browser.get(post.link(ADA, "/reset-password")), password=ANOTHER)
    assert page.status_code == 200
    assert "Sign in" in page.text


@pytest.mark.parametrize("attempts", [2_000, pytest.param(ATTEMPTS, marks=pytest.mark.soak)])
def test_with_redis_killed_in_the_middle_a_handful_is_looked_at_and_the_owner_gets_in(
    site: Site,
    tenant: Tenant,
    other_tenant: Tenant,
    people: People,
    records: Records,
    town: list[str],
    app: object,
    post: Post,
    attempts: int,
) -> None:
    began = records.clock()
    half: list[int] = []

    def kill() -> None:
        half.append(records.looked_at())
        assert half[0] <= most(began, records.clock())
        site.kill_redis()

    with neighbours(site.port, other_tenant, town) as unaffected:
        answers = assail(site.port, tenant, meanwhile(guesses(attempts), attempts // 2, kill))
    kinds = Counter(answer.kind for answer in answers)
    assert kinds.keys() == {"looked", "throttle", "limit"}, kinds
    assert throttle.FREE_FAILURES <= half[0] <= records.looked_at() == kinds["looked"] <= most(began, records.clock())
    assert records.failures() == [kinds["looked"]]
    assert_let_through(answers)
    assert all(answer.says_when for answer in answers if answer.kind != "looked")
    assert {answer.kind for answer in unaffected} == {"ok"}
    assert len(unaffected) > 5

    site.revive_redis()
    assail(site.port, tenant, guesses(LINES))
    assert sign_in(site.port, tenant, ADA).kind == "throttle", "the right one is not looked at either"
    recover(app, tenant, post)
    assert sign_in(site.port, tenant, ADA, ANOTHER).kind == "ok", "a recovery ends the delay"
    assert records.failures() == []


def assert_let_through(answers: list[Answer]) -> None:
    """To the throttle comes what the limit by account grants, and after Redis the share of each process."""
    through = sum(answer.kind != "limit" for answer in answers)
    assert GRANTED < through <= GRANTED + SHARE * PROCESSES


@pytest.mark.soak
def test_with_redis_up_the_limit_and_the_throttle_are_exact(
    site: Site, tenant: Tenant, other_tenant: Tenant, records: Records, town: list[str]
) -> None:
    began = records.clock()
    with neighbours(site.port, other_tenant, town) as unaffected:
        answers = assail(site.port, tenant, guesses())
    kinds = Counter(answer.kind for answer in answers)
    assert kinds.keys() == {"looked", "throttle", "limit"}, kinds
    alone = sum(answer.amount != BY_ADDRESS for answer in answers)
    assert abs(kinds["looked"] + kinds["throttle"] - GRANTED) <= alone, "but where Redis was late"
    assert throttle.FREE_FAILURES <= records.looked_at() == kinds["looked"] <= most(began, records.clock())
    assert {answer.kind for answer in unaffected} == {"ok"}


@pytest.mark.parametrize("count", [1_000, pytest.param(ATTEMPTS, marks=pytest.mark.soak)])
def test_with_redis_emptied_all_the_time_the_throttle_alone_holds(
    site: Site, tenant: Tenant, people: People, records: Records, count: int
) -> None:
    counters = redis.Redis.from_url(site.valkey.url)

    def emptied() -> Iterator[Guess]:
        for guess in guesses(count):
            counters.flushall()
            yield guess

    began = records.clock()
    answers = assail(site.port, tenant, emptied())
    ended = records.clock()
    counters.close()
    kinds = Counter(answer.kind for answer in answers)
    assert kinds["throttle"] > GRANTED + SHARE * PROCESSES, "more than the limit lets through, up or down"
    assert records.looked_at() == kinds["looked"] == records.failures()[0]
    assert throttle.FREE_FAILURES <= kinds["looked"] <= most(began, ended)
    assert sign_in(site.port, tenant, ADA).kind == "throttle"
    pass_time(people, minutes=15)
    assert sign_in(site.port, tenant, ADA).kind == "ok"
    assert records.failures() == []
