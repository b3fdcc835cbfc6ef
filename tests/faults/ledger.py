"""The rules that a ledger and the database must satisfy together, whatever fault there was; each finds what breaks it.

`reconcile` is what fault tests call.  That each rule can fail is shown by forged ledgers in test_ledger.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from idp.crypto import passwords
from tests.factories import PASSWORD
from tests.faults.entries import Due, Entry, Ledger, Outcome
from tests.faults.facts import Facts

Rule = Callable[[Ledger, Facts], Iterator[str]]
_ENDS = {"revoke": Outcome.DONE, "logout": Outcome.DONE, "reuse": Outcome.REFUSED}
_HASHING = frozenset({"sign-in", "login", "password"})
LONGEST_RETRY = 60


def made_people_are_there(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """Whoever was told that a person was made finds that person, and the event."""
    for entry in ledger.of("create"):
        if entry.outcome is Outcome.DONE:
            if entry.told not in facts.people.get(entry.subject, []):
                yield f"{entry.subject} was made as {entry.told} and is not there"
            if facts.made[entry.told] == 0:
                yield f"{entry.subject} was made, and no event says so"


def one_key_makes_one_person(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """An Idempotency-Key makes one person, however often it is sent, and every answer names them."""
    for email, entries in ledger.by_subject("create").items():
        told = {entry.told for entry in entries if entry.outcome is Outcome.DONE}
        if len(told) > 1:
            yield f"the key of {email} made {sorted(told)}"
        if len(facts.people.get(email, [])) > 1:
            yield f"{email} is there more than once"
        if any(facts.made[person] > 1 for person in facts.people.get(email, [])):
            yield f"{email} was made more than once"


def roles_are_as_told(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """A role that was given is held, one that was taken is not, and the newest event agrees."""
    for person, entries in ledger.by_subject("role").items():
        possible = _possible(entries, "not held")
        is_held = "held" if person in facts.holders else "not held"
        if is_held not in possible:
            yield f"{person} should be {' or '.join(sorted(possible))}, and is {is_held}"
        newest = facts.last_role_event.get(person, "role.unassigned")
        if (newest == "role.assigned") != (is_held == "held"):
            yield f"{person} is {is_held}, and the newest event is {newest}"


def passwords_are_as_told(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """The password that was accepted last is the one that is stored, and each change has its event."""
    for email, entries in ledger.by_subject("password").items():
        possible = _possible(entries, PASSWORD)
        if not any(passwords.verify(facts.hashes.get(email, ""), candidate) for candidate in possible):
            yield f"{email} cannot sign in with any of the {len(possible)} passwords that it may have"
        done = sum(entry.outcome is Outcome.DONE for entry in entries)
        open_ones = sum(entry.is_undecided for entry in entries)
        if not done <= facts.password_events[email] <= done + open_ones:
            yield f"{email}: {done} changes were accepted, and {facts.password_events[email]} events tell of any"


def what_was_ended_is_over(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """A grant that was revoked, signed out of, or whose old token was presented, has ended in the database."""
    for entry in ledger.of(*_ENDS):
        if entry.outcome is _ENDS[entry.act]:
            family = facts.families.get(entry.subject)
            if family is None or not family.is_over:
                yield f"{entry.act} of {entry.subject} was answered, and its grant lives"


def nothing_ended_comes_back(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """What has ended is inactive, and refused, wherever somebody asks."""
    for entry in ledger.entries:
        if entry.due is Due.NO and entry.outcome is Outcome.DONE:
            yield f"{entry.act} of {entry.subject} was good after its end"


def a_code_is_good_once(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """No code brings tokens twice, and the tokens that it brought are there."""
    for code, entries in ledger.by_subject("exchange").items():
        told = [entry.told for entry in entries if entry.outcome is Outcome.DONE]
        if len(told) > 1:
            yield f"the code {code} brought tokens {len(told)} times"
        for family in told:
            if family not in facts.families:
                yield f"the code {code} brought the family {family}, which is not there"


def a_generation_has_one_successor(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """Whoever presents the same refresh token again gets the same successor, or nothing."""
    for token, entries in ledger.by_subject("refresh").items():
        told = {entry.told for entry in entries if entry.outcome is Outcome.DONE}
        if len(told) > 1:
            yield f"the refresh token {token} has the successors {sorted(told)}"


def generations_are_as_told(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """A family is as many generations on as rotations were answered, and perhaps those without an answer."""
    families: dict[str, list[Entry]] = {}
    for entry in ledger.of("refresh"):
        if entry.due is Due.YES:
            families.setdefault(entry.wanted, []).append(entry)
    for family, entries in families.items():
        done = {entry.subject for entry in entries if entry.outcome is Outcome.DONE}
        undecided = {entry.subject for entry in entries if entry.is_undecided} - done
        found = facts.families.get(family)
        if found is None or not len(done) <= found.generation <= len(done) + len(undecided):
            yield f"{family}: {len(done)} rotations were answered, {len(undecided)} stayed open, and {found} is there"


def an_outage_is_503(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """What cannot be done now is 503 with Retry-After; there is no other 5xx."""
    for entry in ledger.entries:
        if entry.outcome is Outcome.FAILED:
            yield f"{entry.act} was answered {entry.status}"
        elif entry.outcome is Outcome.UNAVAILABLE and not (
            entry.retry_after.isdecimal() and 1 <= int(entry.retry_after) <= LONGEST_RETRY
        ):
            yield f"{entry.act} was answered 503 with Retry-After {entry.retry_after!r}"


def an_outage_refuses_nobody(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """Whoever had a right to a yes is never told no: no invalid_grant, no 401, no sign-out, no wrong password."""
    for entry in ledger.entries:
        if entry.due is Due.YES and entry.outcome is Outcome.REFUSED:
            yield f"{entry.act} of {entry.subject} was refused: {entry.status} {entry.code}"


def nothing_is_torn(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """What was undecided is wholly there with its event, or not at all."""
    yield from facts.torn


def letters_arrive(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """Whoever was made gets their mail, once at least, and nothing waits for ever or was given up."""
    if facts.unsent:
        yield f"{facts.unsent} messages have not left"
    for email in ledger.by_subject("create"):
        if email in facts.people and not facts.letters[email]:
            yield f"{email} got no mail"


def documents_go_on(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """Discovery and key sets are answered all the time, database or not."""
    for entry in ledger.of("document"):
        if entry.outcome is not Outcome.DONE:
            yield f"{entry.subject} was {entry.outcome}: {entry.status}"


def no_request_breaks(ledger: Ledger, facts: Facts) -> Iterator[str]:
    """Every request is taken and answered, and no answer is an outage; the gate before the passwords may shed (R24)."""
    for entry in ledger.entries:
        sheds = entry.act in _HASHING and entry.outcome is Outcome.UNAVAILABLE
        if entry.outcome in {Outcome.UNREACHABLE, Outcome.UNKNOWN, Outcome.UNAVAILABLE} and not sheds:
            yield f"{entry.act} of {entry.subject} was {entry.outcome}: {entry.status}"


RULES: tuple[Rule, ...] = (
    made_people_are_there,
    one_key_makes_one_person,
    roles_are_as_told,
    passwords_are_as_told,
    what_was_ended_is_over,
    nothing_ended_comes_back,
    a_code_is_good_once,
    a_generation_has_one_successor,
    generations_are_as_told,
    an_outage_is_503,
    an_outage_refuses_nobody,
    nothing_is_torn,
)
"""What holds for every fault."""


def reconcile(ledger: Ledger, facts: Facts, *more: Rule) -> None:
    """Hold the ledger against the database, by `RULES` and by `more`.

    Raises:
        AssertionError: with a sentence for each thing that is not as it was told.
    """
    broken = list(violations(ledger, facts, (*RULES, *more)))
    assert not broken, "\n".join([f"{len(broken)} of {len(ledger.entries)} entries do not hold:", *broken[:40]])


def violations(ledger: Ledger, facts: Facts, rules: Sequence[Rule]) -> Iterable[str]:
    """Every rule's findings, each with the rule's name."""
    return (f"{rule.__name__}: {found}" for rule in rules for found in rule(ledger, facts))


def _possible(entries: list[Entry], first: str) -> set[str]:
    """What may be true after all of these, which one client wrote one after the other."""
    possible = {first}
    for entry in entries:
        if entry.outcome is Outcome.DONE:
            possible = {entry.wanted}
        elif entry.is_undecided:
            possible.add(entry.wanted)
    return possible
