"""Whether an account exists cannot be told: not by the answer, not by its time, not by the work behind it (R26)."""

import os
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import pytest
from argon2 import PasswordHasher

from idp.app import create_app
from idp.authn import passwords as credentials
from idp.config import Settings
from idp.crypto import passwords
from idp.db.unit import UnitOfWork
from idp.users import service as users
from idp.wiring import Wiring
from tests import factories
from tests.attacks import samples
from tests.browser import Browser, Forms
from tests.budgets.round_trips import RoundTrips

SAMPLES = 1_000
TRIED = SAMPLES // 4
QUICK = 40
"""Names of the quick form; the whole one is for `make soak`."""
AT_REST = range(TRIED, TRIED + 30)
"""Names for what is not measured."""
WITHOUT_DUMMY = 50
_VARYING = re.compile(
    r"(?<=nonce-)[\w+/=-]+|(?<=nonce=\")[^\"]+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|(?:known|other)-\d{4}@example\.com|t=\d+|r=\d+"
)


@dataclass
class Stand:
    """A tenant on an application of its own, at one form."""

    browser: Browser
    counter: RoundTrips
    form: Forms = None  # type: ignore[assignment]

    def open(self, path: str) -> None:
        self.form = Forms(self.browser.follow(self.browser.get(self.browser.url(path))).text)

    def send(self, name: str, number: int) -> Any:
        """Fill the form in for one of the people, or one of those who do not exist, from another address each time."""
        typed = {"email": f"{name}-{number:04}@example.com", "password": "seven brown owls awake", "name": "Somebody"}
        source = ".".join(str(byte) for byte in (10, *os.urandom(3)))
        data = {**self.form.fields, **typed}
        return self.browser.post(self.form.action, data, environ_base={"REMOTE_ADDR": source})

    def measure(self, one: str, other: str, names: int) -> tuple[list[int], list[int]]:
        """Times of two kinds of names, each of which is tried four times, as often as no delay begins."""
        return samples.measure(
            lambda number: self.send(one, number % names), lambda number: self.send(other, number % names), 4 * names
        )

    def trips(self, name: str, number: int) -> int:
        """How often the database is asked."""
        with self.counter.counted() as counted:
            self.send(name, number)
        return counted[0]


@pytest.fixture(scope="module")
def cheap() -> Iterator[None]:
    """Hashing costs a tenth: it is the structure that is measured, and less of it hides less."""
    hasher = PasswordHasher(time_cost=1, memory_cost=4_096, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", hasher)
        patch.setattr(passwords, "_DUMMY", hasher.hash("a password nobody has"))
        yield


@pytest.fixture(scope="module")
def stand(settings: Settings, cheap: None) -> Iterator[Stand]:
    own = Wiring.of(settings)
    counter = RoundTrips(own.app)
    tenant = factories.make_tenant(own, registration="open", limit_mail_recipient="100/hour")
    password_hash = passwords.hash_password(factories.PASSWORD)
    with own.tenant_unit(tenant) as uow:
        for number in (*range(TRIED), *AT_REST):
            add(uow, f"known-{number:04}@example.com", password_hash)
        for number in range(WITHOUT_DUMMY):
            add(uow, f"hasty-{number:04}@example.com", password_hash)
    yield Stand(Browser(create_app(own.settings, own), tenant), counter)
    own.dispose()
    counter.close()


def add(uow: UnitOfWork, email: str, password_hash: str) -> None:
    """Somebody with a password, with no rules to be checked."""
    user = users.create(uow, email=email, verified=True)
    uow.flush()
    credentials.adopt(uow, user, password_hash)


def shape(answer: Any) -> tuple[int, dict[str, str], str]:
    """An answer without what is never the same twice."""
    headers = {name: _VARYING.sub("…", value) for name, value in answer.headers.items()}
    return answer.status_code, headers, _VARYING.sub("…", answer.text)


PATHS = {"/login": 422, "/signup": 303, "/recovery": 303}


@pytest.mark.parametrize("tried", [QUICK, pytest.param(TRIED, marks=pytest.mark.soak)])
@pytest.mark.parametrize("path", PATHS)
def test_nobody_can_tell_who_exists(stand: Stand, path: str, tried: int) -> None:
    stand.open(path)
    known, other = stand.measure("known", "other", tried)
    assert len(known) == len(other) == 4 * tried
    print(f"{path}: {samples.superiority(known, other):.4f}")
    assert not samples.tells(known, other)


@pytest.mark.parametrize(("path", "status"), PATHS.items())
def test_the_answers_are_the_same_and_so_is_the_work_behind_them(stand: Stand, path: str, status: int) -> None:
    stand.open(path)
    for number in AT_REST:
        known, other = shape(stand.send("known", number)), shape(stand.send("other", number))
        assert known == other
        assert known[0] == status
    known_trips, other_trips = ([stand.trips(name, number) for number in AT_REST] for name in ("known", "other"))
    assert median(known_trips) == median(other_trips) > 0, "now and then psycopg prepares a statement"


def test_without_the_dummy_hash_anybody_can_tell(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure sees what it is for."""
    monkeypatch.setattr(passwords, "dummy_verify", lambda _password: None)
    stand.open("/login")
    assert samples.tells(*stand.measure("hasty", "nobody", WITHOUT_DUMMY))


def test_the_measure_finds_a_small_difference_and_none_where_there_is_none() -> None:
    chance = random.Random(7)  # noqa: S311 - the same numbers each time

    def times(shift: float) -> list[float]:
        return [chance.lognormvariate(0, 0.3) + shift for _ in range(SAMPLES)]

    assert not any(samples.tells(times(0), times(0)) for _ in range(100))
    assert all(samples.tells(times(0.1), times(0)) for _ in range(100))
    assert samples.superiority([2, 3], [1, 2]) == 0.875
