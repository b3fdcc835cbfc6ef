"""Each rule of the ledger, held against a forged one that breaks it: a check that cannot fail is worth nothing."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from tests import factories
from tests.faults import ledger as rules
from tests.faults.entries import Due, Entry, Ledger, Outcome
from tests.faults.facts import Facts, Family
from tests.faults.ledger import Rule, violations
from tests.faults.load import BASIC_ACTS, not_served

DONE, REFUSED, UNKNOWN, UNAVAILABLE = Outcome.DONE, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.UNAVAILABLE
NEW = "another battery staple"

GOOD = [
    Entry("create", "ida@example.com", UNKNOWN, wanted="key"),
    Entry("create", "ida@example.com", DONE, wanted="key", told="ida"),
    Entry("role", "ida", DONE, wanted="held"),
    Entry("password", "ida@example.com", DONE, wanted=NEW),
    Entry("exchange", "code", DONE, told="family"),
    Entry("refresh", "first", UNAVAILABLE, wanted="family", retry_after="5", status=503),
    Entry("refresh", "first", DONE, wanted="family", told="second"),
    Entry("revoke", "family", DONE),
    Entry("introspect", "family", REFUSED, due=Due.NO),
    Entry("document", "/jwks.json", DONE),
]


@pytest.fixture(scope="module")
def facts() -> Facts:
    """What agrees with `GOOD`."""
    from idp.crypto import passwords

    with factories.cheap_passwords():
        return Facts(
            people={"ida@example.com": ["ida"]},
            made=Counter(ida=1),
            holders={"ida"},
            last_role_event={"ida": "role.assigned"},
            hashes={"ida@example.com": passwords.hash_password(NEW)},
            password_events=Counter({"ida@example.com": 1}),
            families={"family": Family(1, is_over=True)},
            letters=Counter({"ida@example.com": 1}),
        )


def found(entries: list[Entry], facts: Facts, rule: Rule) -> list[str]:
    with factories.cheap_passwords():
        return list(violations(Ledger(entries), facts, [rule]))


ALL = (*rules.RULES, rules.letters_arrive, rules.documents_go_on)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_a_good_ledger_satisfies(rule: Rule, facts: Facts) -> None:
    assert found(GOOD, facts, rule) == []


FORGED_FACTS: dict[str, tuple[Rule, dict[str, Any]]] = {
    "somebody is lost": (rules.made_people_are_there, {"people": {}}),
    "an event is lost": (rules.made_people_are_there, {"made": Counter()}),
    "somebody is there twice": (rules.one_key_makes_one_person, {"people": {"ida@example.com": ["ida", "eve"]}}),
    "somebody was made twice": (rules.one_key_makes_one_person, {"made": Counter(ida=2)}),
    "a role is lost": (rules.roles_are_as_told, {"holders": set(), "last_role_event": {"ida": "role.unassigned"}}),
    "a role has no event": (rules.roles_are_as_told, {"last_role_event": {}}),
    "a password is lost": (rules.passwords_are_as_told, {"hashes": {}}),
    "a password has no event": (rules.passwords_are_as_told, {"password_events": Counter()}),
    "a password changed twice": (rules.passwords_are_as_told, {"password_events": Counter({"ida@example.com": 2})}),
    "a revocation is lost": (rules.what_was_ended_is_over, {"families": {"family": Family(1, is_over=False)}}),
    "tokens are lost": (rules.a_code_is_good_once, {"families": {}}),
    "a rotation is lost": (rules.generations_are_as_told, {"families": {"family": Family(0, is_over=True)}}),
    "a rotation too many": (rules.generations_are_as_told, {"families": {"family": Family(2, is_over=True)}}),
    "half of a transaction": (rules.nothing_is_torn, {"torn": ["people without an address: ida"]}),
    "a mail is lost": (rules.letters_arrive, {"letters": Counter()}),
    "a mail waits": (rules.letters_arrive, {"unsent": 1}),
}


@pytest.mark.parametrize("name", FORGED_FACTS)
def test_a_database_is_caught_in_which(name: str, facts: Facts) -> None:
    rule, changes = FORGED_FACTS[name]
    assert found(GOOD, replace(facts, **changes), rule)


FORGED_ENTRIES: dict[str, tuple[Rule, Entry]] = {
    "a key made somebody else": (
        rules.one_key_makes_one_person,
        Entry("create", "ida@example.com", DONE, wanted="key", told="eve"),
    ),
    "a code was good twice": (rules.a_code_is_good_once, Entry("exchange", "code", DONE, told="family")),
    "a generation has two successors": (
        rules.a_generation_has_one_successor,
        Entry("refresh", "first", DONE, wanted="family", told="third"),
    ),
    "a revoked token is active": (rules.nothing_ended_comes_back, Entry("introspect", "family", DONE, due=Due.NO)),
    "a revoked token is refreshed": (rules.nothing_ended_comes_back, Entry("refresh", "second", DONE, due=Due.NO)),
    "a server fails": (rules.an_outage_is_503, Entry("refresh", "first", Outcome.FAILED, status=500)),
    "an outage has no Retry-After": (rules.an_outage_is_503, Entry("refresh", "first", UNAVAILABLE, status=503)),
    "an outage says to come tomorrow": (
        rules.an_outage_is_503,
        Entry("refresh", "first", UNAVAILABLE, status=503, retry_after="86400"),
    ),
    "a good token is refused": (
        rules.an_outage_refuses_nobody,
        Entry("refresh", "first", REFUSED, status=400, code="invalid_grant"),
    ),
    "somebody is signed out": (rules.an_outage_refuses_nobody, Entry("authorize", "ida@example.com", REFUSED)),
    "a document is gone": (rules.documents_go_on, Entry("document", "/jwks.json", UNAVAILABLE, status=503)),
    "a role was taken and is held": (rules.roles_are_as_told, Entry("role", "ida", DONE, wanted="not held")),
    "the password is another": (
        rules.passwords_are_as_told,
        Entry("password", "ida@example.com", DONE, wanted="yet another battery"),
    ),
    "a sign-out was answered and nothing ended": (rules.what_was_ended_is_over, Entry("logout", "other", DONE)),
    "a connection broke": (rules.no_request_breaks, Entry("refresh", "first", UNKNOWN)),
    "nobody took a connection": (rules.no_request_breaks, Entry("refresh", "first", Outcome.UNREACHABLE)),
}


@pytest.mark.parametrize("name", FORGED_ENTRIES)
def test_a_ledger_is_caught_in_which(name: str, facts: Facts) -> None:
    rule, entry = FORGED_ENTRIES[name]
    assert found([*GOOD, entry], facts, rule)


def test_every_rule_is_among_those_that_are_shown_to_fail() -> None:
    shown = {rule for rule, _ in (*FORGED_FACTS.values(), *FORGED_ENTRIES.values())}
    assert set(ALL) <= shown


def test_what_stayed_undecided_may_be_either(facts: Facts) -> None:
    """Neither a role, nor a password, nor a rotation, whose answer was lost, is held against the database."""
    lost = [
        Entry("role", "ida", UNKNOWN, wanted="not held"),
        Entry("password", "ida@example.com", UNAVAILABLE, wanted="yet another battery"),
        Entry("refresh", "second", UNKNOWN, wanted="family"),
    ]
    gone_on = replace(facts, families={"family": Family(2, is_over=True)})
    for rule in (rules.roles_are_as_told, rules.passwords_are_as_told, rules.generations_are_as_told):
        assert found([*GOOD, *lost], facts, rule) == []
    assert found([*GOOD, *lost], gone_on, rules.generations_are_as_told) == []


def test_reconcile_says_what_does_not_hold(facts: Facts) -> None:
    with factories.cheap_passwords(), pytest.raises(AssertionError, match="made_people_are_there: ida"):
        rules.reconcile(Ledger(GOOD), replace(facts, people={}))


def test_a_part_that_does_not_come_back_is_missed() -> None:
    """It counts who asked after the fault was over, and not who was answered then."""
    before = [Entry(act, "any", DONE, asked_at=1.0, answered_at=9.0) for act in BASIC_ACTS]
    after = [replace(entry, asked_at=5.0) for entry in before]
    assert not_served(before, 5.0) == set(BASIC_ACTS)
    assert not_served([*before, *after[1:]], 5.0) == {BASIC_ACTS[0]}
    assert not_served([*before, *after[1:], replace(after[0], outcome=UNAVAILABLE)], 5.0) == {BASIC_ACTS[0]}
    assert not_served([*before, *after], 5.0) == set()
