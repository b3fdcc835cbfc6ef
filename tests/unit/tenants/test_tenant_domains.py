"""Domains of a tenant: what can be one, how many, and what a look-up makes of them."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from idp.errors import IdPError
from idp.events.models import Event
from idp.events.types import EventType
from idp.ids import new_id
from idp.tenants import domains
from idp.tenants.errors import DomainInvalid, DomainTaken, NoSuchDomain, TooManyDomains
from idp.tenants.models import TenantDomain
from tests.factories import People

AT_ONCE = 4
LONGEST = ".".join(["a" * 60, "b" * 60, "c" * 60, "d" * 47, "example"])


def recorded(people: People, kind: EventType) -> list[Event]:
    with people.unit() as uow:
        return list(uow.session.scalars(select(Event).where(Event.type == kind)))


def added(people: People, name: str = "acme.example") -> TenantDomain:
    with people.unit() as uow:
        return domains.add(uow, name)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("ACME.Example", "acme.example"),
        (" @acme.example ", "acme.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        (LONGEST, LONGEST),
    ],
)
def test_a_domain_is_kept_in_ascii_and_found_as_it_is_typed(people: People, typed: str, kept: str) -> None:
    row = added(people, typed)
    assert row.domain == kept
    with people.unit() as uow:
        assert domains.get_by_name(uow, typed).id == row.id
        with pytest.raises(DomainTaken):
            domains.add(uow, kept.upper())


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "acme",
        "localhost",
        "printer.local",
        "1.2.3.4",
        "[::1]",
        "::1",
        "*.acme.example",
        "acme.example.",
        "acme..example",
        "-acme.example",
        "_idp-challenge.acme.example",
        "ida@acme.example",
        "https://acme.example",
        "acme.example/x",
        "acme.example:53",
        "acme.example\nother.example",
        "acme\x00.example",
        "\u202eacme.example",
        "xn--zzzz.example",
        "a" + LONGEST,
        "a" * 64 + ".example",
    ],
)
def test_what_can_be_no_domain_is_refused_and_found_nowhere(people: People, typed: str) -> None:
    with people.unit() as uow:
        with pytest.raises(DomainInvalid) as refused:
            domains.add(uow, typed)
        assert refused.value.field == "domain"
        assert refused.value.detail.isprintable()
        with pytest.raises(NoSuchDomain):
            domains.get_by_name(uow, typed)


def test_a_tenant_has_a_hundred_and_another_has_its_own(people: People, others: People) -> None:
    with people.unit() as uow:
        for number in range(domains.MAX_DOMAINS):
            uow.add(TenantDomain(id=new_id(), domain=f"d{number}.example", challenge="x"))
    with people.unit() as uow, pytest.raises(TooManyDomains):
        domains.add(uow, "acme.example")
    assert added(others).domain == "acme.example"


def test_the_challenge_is_random_and_the_tenants_own(people: People, others: People) -> None:
    mine, theirs = added(people), added(others)
    assert len(mine.challenge) >= 22
    assert mine.challenge != theirs.challenge
    with people.unit() as uow:
        assert domains.check(uow, domains.get(uow, mine.id), [domains.record_value(theirs)]) is not None
        domains.remove(uow, domains.get(uow, mine.id))
        assert domains.add(uow, "acme.example").challenge != mine.challenge


def test_a_proof_is_written_once_and_stays_when_the_record_goes(people: People) -> None:
    row = added(people)
    records = ["v=spf1 -all", f" {domains.record_value(row)} "]
    seen = []
    for found in (records, records, [], None):
        with people.unit() as uow:
            row = domains.get(uow, row.id)
            assert (domains.check(uow, row, found) is None) is (found is records)
            seen.append((row.checked_at, row.verified_at))
    assert {verified_at for _, verified_at in seen} == {seen[0][1]}
    assert seen[0][0] is not None
    assert [checked_at for checked_at, _ in seen] == sorted({checked_at for checked_at, _ in seen})
    assert len(recorded(people, EventType.DOMAIN_VERIFIED)) == 1


@pytest.mark.parametrize("found", [None, [], ["idp-verify="], ["idp-verify"], ["x"]])
def test_a_domain_that_is_not_proven_says_what_to_do(people: People, found: list[str] | None) -> None:
    row = added(people)
    with people.unit() as uow:
        refusal = domains.check(uow, domains.get(uow, row.id), found)
    assert refusal is not None
    assert domains.record_name(row) in refusal.detail
    assert domains.record_value(row) in refusal.detail
    with people.unit() as uow:
        row = domains.get(uow, row.id)
        assert (row.verified_at, row.checked_at is None) == (None, False)
    assert recorded(people, EventType.DOMAIN_VERIFIED) == []


def test_a_domain_that_was_removed_during_the_look_up_is_not_proven(people: People) -> None:
    row = added(people)
    with people.unit() as uow:
        stale = domains.get(uow, row.id)
        with people.unit() as meanwhile:
            domains.remove(meanwhile, domains.get(meanwhile, row.id))
        with pytest.raises(NoSuchDomain):
            domains.check(uow, stale, [domains.record_value(row)])
        with pytest.raises(NoSuchDomain):
            domains.remove(uow, stale)
    assert len(recorded(people, EventType.DOMAIN_REMOVED)) == 1
    assert recorded(people, EventType.DOMAIN_VERIFIED) == []


def at_once(job: Callable[[], object]) -> list[object]:
    """What comes of it when several do it in the same moment."""
    together = threading.Barrier(AT_ONCE)

    def one(_number: int) -> object:
        together.wait()
        try:
            return job()
        except IdPError as refused:
            return refused.code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def test_of_several_proofs_at_once_one_is_the_first(people: People) -> None:
    """R62."""
    row = added(people)

    def prove() -> object:
        with people.unit() as uow:
            return domains.check(uow, domains.get(uow, row.id), [domains.record_value(row)])

    assert at_once(prove) == [None] * AT_ONCE
    assert len(recorded(people, EventType.DOMAIN_VERIFIED)) == 1


def test_of_several_removals_at_once_one_is_the_first(people: People) -> None:
    row = added(people)

    def remove() -> object:
        with people.unit() as uow:
            domains.remove(uow, domains.get(uow, row.id))
        return "removed"

    assert sorted(map(str, at_once(remove))) == ["no-such-domain"] * (AT_ONCE - 1) + ["removed"]
    assert len(recorded(people, EventType.DOMAIN_REMOVED)) == 1


def test_the_last_place_goes_to_one_of_those_who_come_at_once(people: People) -> None:
    with people.unit() as uow:
        for number in range(domains.MAX_DOMAINS - 1):
            uow.add(TenantDomain(id=new_id(), domain=f"d{number}.example", challenge="x"))
    numbers = itertools.count()
    answers = at_once(lambda: added(people, f"late{next(numbers)}.example").domain)
    assert answers.count("too-many-domains") == AT_ONCE - 1
