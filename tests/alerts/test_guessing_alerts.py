"""Passwords that are guessed through the sign-in page: at one account, at many from one place, at many from many."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from idp.authn import throttle
from idp.config import Settings
from idp.events.models import Event
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from idp.worker.alerts import find_sprays
from tests.alerts.conftest import alerts_of, told_by_event
from tests.browser import Browser, Forms
from tests.budgets.round_trips import RoundTrips
from tests.factories import PASSWORD, People, system_tenant
from tests.moments import pass_time
from tests.web.tenancy import decide

ADA, NOBODY = "ada@example.com", "nobody@example.com"
HERE, THERE = "203.0.113.66", "198.51.100.7"


class Attacker:
    """Somebody at the sign-in page, who can come from any address."""

    def __init__(self, app: Any, tenant: Tenant) -> None:
        self.app, self.tenant = app, tenant
        self.open()

    def open(self) -> None:
        self.browser = Browser(self.app, self.tenant)
        self.form = Forms(self.browser.follow(self.browser.get(self.browser.url("/login"))).text)

    def guess(self, email: str, *, ip: str = HERE, password: str = "hunter2hunter2") -> None:
        typed = {**self.form.fields, "email": email, "password": password}
        answer = self.browser.post(self.form.action, typed, environ_base={"REMOTE_ADDR": ip})
        assert answer.status_code in {303, 422}, answer.text

    def spray(self, accounts: int, *, ips: tuple[str, ...] = (HERE,), first: int = 0) -> None:
        for number in range(first, first + accounts):
            self.guess(f"person-{number}@example.com", ip=ips[number % len(ips)])


@pytest.fixture
def attacker(app: Any, tenant: Tenant) -> Attacker:
    return Attacker(app, tenant)


def look(wiring: Wiring) -> int:
    """The worker's minute."""
    return find_sprays(wiring, threading.Event())


@pytest.fixture(autouse=True)
def nothing_before(wiring: Wiring) -> None:
    """What other tests have left is told already."""
    look(wiring)


@pytest.mark.parametrize("name", [ADA, NOBODY])
def test_so_many_wrong_passwords_in_a_row_raise_an_alert_whether_or_not_anybody_has_the_name(
    people: People, attacker: Attacker, name: str
) -> None:
    decide(people, alert_brute_force_failures="5")
    ada = people.user(email=ADA)
    for _ in range(4):
        attacker.guess(name)
    assert alerts_of(people, "brute_force") == []
    attacker.guess(name)
    (alert,) = alerts_of(people, "brute_force")
    assert alert.data["failures"] == 5
    assert (alert.subject == str(ada.id)) is (name == ADA)
    assert name not in repr((alert.subject, alert.data))
    assert told_by_event(people, "brute_force") == [
        {"target": str(alert.id), "ip": HERE, "alert": "brute_force", "details": alert.data}
    ]


def test_a_right_password_begins_the_row_anew(people: People, attacker: Attacker) -> None:
    decide(people, alert_brute_force_failures="5")
    ada = people.user(email=ADA)
    for _ in range(4):
        attacker.guess(ADA)
    with people.unit() as uow:
        throttle.clear(uow, ADA)
    for _ in range(4):
        attacker.guess(ADA)
    assert alerts_of(people, "brute_force") == []
    attacker.guess(ADA)
    assert [alert.subject for alert in alerts_of(people, "brute_force")] == [str(ada.id)]


def test_guessing_that_goes_on_is_told_once_an_hour(people: People, attacker: Attacker) -> None:
    decide(people, alert_brute_force_failures="5")
    for number in range(8):
        attacker.guess(NOBODY)
        if number >= 4:
            pass_time(people, minutes=2)
    assert len(alerts_of(people, "brute_force")) == 1
    pass_time(people, minutes=60)
    attacker.open()
    attacker.guess(NOBODY)
    first, second = alerts_of(people, "brute_force")
    assert first.subject == second.subject
    assert (first.data["failures"], second.data["failures"]) == (5, 9)


def test_two_accounts_are_two_troubles_and_another_tenants_are_none(
    people: People, others: People, attacker: Attacker
) -> None:
    decide(people, alert_brute_force_failures="5")
    for name in (ADA, NOBODY):
        for _ in range(5):
            attacker.guess(name)
    assert len({alert.subject for alert in alerts_of(people, "brute_force")}) == 2
    assert alerts_of(others, "brute_force") == []


def test_many_accounts_from_one_address_are_a_spray(wiring: Wiring, people: People, attacker: Attacker) -> None:
    people.user(email="person-3@example.com")
    attacker.spray(9)
    assert look(wiring) == 0
    attacker.guess("person-0@example.com")
    assert look(wiring) == 0, "it is accounts that count"
    attacker.spray(1, first=9)
    assert look(wiring) == 1
    assert look(wiring) == 0, "once an hour"
    (alert,) = alerts_of(people, "spray")
    assert (alert.data["accounts"], alert.data["failures"]) == (10, 11)
    assert HERE not in repr((alert.subject, alert.data))
    (told,) = told_by_event(people, "spray")
    assert told["ip"] == HERE


def test_a_network_of_version_6_is_one_source_and_two_are_two(
    wiring: Wiring, people: People, attacker: Attacker
) -> None:
    decide(people, alert_spray_accounts="5")
    apart = ("2001:db8:0:1::1", "2001:db8:0:2::1")
    attacker.spray(8, ips=apart)
    assert look(wiring) == 0
    attacker.spray(1, ips=("2001:db8:0:1:ffff::2",), first=8)
    assert look(wiring) == 1
    (told,) = told_by_event(people, "spray")
    assert told["ip"] == "2001:db8:0:1::/64"


def test_addresses_of_version_4_in_those_of_version_6_stay_apart(
    wiring: Wiring, people: People, attacker: Attacker
) -> None:
    decide(people, alert_spray_accounts="3")
    attacker.spray(4, ips=("::ffff:192.0.2.1", "::ffff:192.0.2.2"))
    assert look(wiring) == 0
    attacker.spray(1, ips=("192.0.2.1",), first=4)
    assert look(wiring) == 1


@pytest.mark.parametrize("ip", ["fe80::1%eth0", "not an address", ""])
def test_an_address_that_is_none_stops_nobodys_alerts(
    wiring: Wiring, people: People, attacker: Attacker, ip: str
) -> None:
    decide(people, alert_spray_accounts="3")
    attacker.spray(3, ips=(ip,))
    attacker.spray(3, first=3)
    assert look(wiring) >= 1
    assert HERE in [told["ip"] for told in told_by_event(people, "spray")]


def test_many_accounts_from_many_addresses_are_a_spray_over_all(
    wiring: Wiring, people: People, attacker: Attacker
) -> None:
    decide(people, alert_spray_accounts_overall="10")
    ips = tuple(f"198.51.100.{number}" for number in range(12))
    attacker.spray(9, ips=ips)
    assert look(wiring) == 0
    attacker.spray(1, ips=ips, first=9)
    assert look(wiring) == 1
    (alert,) = alerts_of(people, "spray")
    assert (alert.subject, alert.data["accounts"]) == ("everywhere", 10)


def test_what_was_long_ago_counts_no_more_and_neither_does_a_right_password(
    wiring: Wiring, people: People, attacker: Attacker, app: Any, tenant: Tenant
) -> None:
    decide(people, alert_spray_accounts="3")
    for number in range(4):
        people.user(email=f"person-{number}@example.com")
        Attacker(app, tenant).guess(f"person-{number}@example.com", password=PASSWORD)
    attacker.spray(2)
    assert look(wiring) == 0
    attacker.spray(1, first=2)
    events_were_earlier(people, timedelta(minutes=10))
    assert look(wiring) == 0


def events_were_earlier(people: People, span: timedelta) -> None:
    with people.wiring.platform_unit() as platform:
        platform.execute(
            update(Event).where(Event.tenant_id == people.tenant.id).values(occurred_at=Event.occurred_at - span),
            execution_options={"synchronize_session": False},
        )


def test_sprays_of_every_tenant_are_found_by_one_query(
    settings: Settings, people: People, others: People, app: Any
) -> None:
    for home in (people, others):
        decide(home, alert_spray_accounts="3")
        Attacker(app, home.tenant).spray(3)
    own = Wiring.of(settings)
    counter = RoundTrips(own.platform)
    with own.platform_unit() as platform:
        platform.execute(select(1))
    with counter.counted() as counted:
        assert look(own) == 2
    own.dispose()
    counter.close()
    assert counted == [3], "begin, the query, commit"
    assert [len(alerts_of(home, "spray")) for home in (people, others)] == [1, 1]


def test_a_kind_that_is_off_is_neither_written_nor_told(wiring: Wiring, people: People, attacker: Attacker) -> None:
    decide(people, alert_brute_force_failures="5", alert_spray_accounts="3", alert_kinds_off="spray, brute_force")
    for _ in range(5):
        attacker.guess(NOBODY)
    attacker.spray(4)
    assert look(wiring) == 0
    assert {alert.kind for alert in alerts_of(people)} == {"alerting_changed"}


def test_operators_are_warned_of_their_own_tenant(wiring: Wiring, app: Any) -> None:
    system = People(wiring, system_tenant(wiring))
    known = len(alerts_of(system, "brute_force"))
    attacker = Attacker(app, system.tenant)
    for number in range(10):
        attacker.guess(f"operator-{system.tenant.slug}@example.com", ip=THERE)
        if number >= 4:
            pass_time(system, minutes=2)
    assert len(alerts_of(system, "brute_force")) == known + 1
