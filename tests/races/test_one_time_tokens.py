"""One-time tokens (R33, R62): whatever is done with one, by however many, one success at most and one other answer."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from idp.authn import one_time_tokens
from idp.authn.models import OneTimeToken
from idp.authn.one_time_tokens import Issued, Purpose
from idp.ids import new_id
from idp.wiring import Wiring
from tests.factories import People
from tests.moments import pass_time
from tests.races import acts
from tests.races.racers import AT_ONCE, Racers


def issue(people: People, purpose: Purpose, subject_id: UUID | None = None) -> Issued:
    with people.unit() as uow:
        issued = one_time_tokens.issue(uow, purpose, subject_id or new_id(), message_id=new_id(), bound="a@example.com")
    assert issued is not None
    return issued


def use(people: People, text: str, *purposes: Purpose) -> bool:
    with people.unit() as uow:
        found = one_time_tokens.find(uow, text, *purposes)
        used = one_time_tokens.consume(uow, text, *purposes)
        assert (found is None) is (used is None), "what is shown and what is done differ"
        return used is not None


@pytest.mark.parametrize("purpose", Purpose)
def test_sixteen_at_once_use_a_token_once(racers: Racers, people: People, purpose: Purpose) -> None:
    token = issue(people, purpose).token
    answers = racers.race(acts.consume, [(people.tenant.slug, token, purpose.value)] * AT_ONCE)
    assert Counter(answers) == {True: 1, False: AT_ONCE - 1}


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_is_used_once(people: People, purpose: Purpose) -> None:
    token = issue(people, purpose).token
    assert [use(people, token, purpose) for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_expires(people: People, purpose: Purpose) -> None:
    early, late = issue(people, purpose).token, issue(people, purpose).token
    ttl = one_time_tokens.TTL[purpose].total_seconds()
    pass_time(people, seconds=ttl - 30)
    assert use(people, early, purpose)
    pass_time(people, seconds=31)
    assert not use(people, late, purpose)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_newer_token_supersedes_the_older(people: People, purpose: Purpose) -> None:
    subject = new_id()
    older, newer = issue(people, purpose, subject).token, issue(people, purpose, subject).token
    assert not use(people, older, purpose)
    assert use(people, newer, purpose)
    assert use(people, issue(people, purpose, subject).token, purpose), "also after it was used"


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_is_good_for_its_purpose_only(people: People, purpose: Purpose) -> None:
    token = issue(people, purpose).token
    assert not use(people, token, *(other for other in Purpose if other is not purpose))
    assert use(people, token, *Purpose)


def test_a_token_is_good_in_its_tenant_only(people: People, others: People) -> None:
    token = issue(people, Purpose.RESET_PASSWORD).token
    assert not use(others, token, *Purpose)
    assert use(people, token, *Purpose)


NEARLY: dict[str, Any] = {
    "half": lambda token: token[: len(token) // 2],
    "the other half": lambda token: token[len(token) // 2 :],
    "all but the last": lambda token: token[:-1],
    "upper case": str.upper,
    "lower case": str.lower,
    "a newline behind": lambda token: token + "\n",
    "a space before": lambda token: " " + token,
    "twice": lambda token: token * 2,
    "without its prefix": lambda token: token.removeprefix("idp_ot_"),
    "a percent behind": lambda token: token + "%",
    "a NUL behind": lambda token: token + "\x00",
    "half a character behind": lambda token: token + "\ud800",
    "fullwidth": lambda token: "".join(chr(ord(letter) + 0xFEE0) for letter in token),
    "nothing": lambda _token: "",
}


@pytest.mark.parametrize("spelling", NEARLY)
def test_nearly_the_token_is_not_the_token(people: People, spelling: str) -> None:
    token = issue(people, Purpose.INVITE).token
    assert not use(people, NEARLY[spelling](token), *Purpose)
    assert use(people, token, *Purpose)


def test_only_digests_are_stored(people: People) -> None:
    issued = issue(people, Purpose.REGISTER)
    with people.unit() as uow:
        row = uow.session.scalars(select(OneTimeToken)).one()
        stored = repr([getattr(row, column.key) for column in OneTimeToken.__table__.columns])
    assert issued.token not in stored
    assert issued.code is not None
    assert issued.code not in stored


def test_one_message_makes_one_token_and_an_earlier_one_none(people: People) -> None:
    subject, earlier, message = new_id(), new_id(), new_id()
    with people.unit() as uow:
        assert one_time_tokens.issue(uow, Purpose.INVITE, subject, message_id=message) is not None
    for again in (message, earlier):
        with people.unit() as uow:
            assert one_time_tokens.issue(uow, Purpose.INVITE, subject, message_id=again) is None
    with people.unit() as uow:
        assert uow.session.scalar(select(func.count()).select_from(OneTimeToken)) == 1


# Codes


def guess(people: People, subject: UUID, code: str, purpose: Purpose = Purpose.CHANGE_EMAIL) -> bool:
    with people.unit() as uow:
        return one_time_tokens.consume_code(uow, purpose, subject, code) is not None


def wrong(code: str | None) -> str:
    return f"{(int(code or 0) + 1) % 10**8:08}"


@pytest.mark.parametrize("wrong_guesses", range(7))
def test_a_code_bears_five_guesses(people: People, wrong_guesses: int) -> None:
    subject = new_id()
    code = issue(people, Purpose.CHANGE_EMAIL, subject).code or ""
    for _ in range(wrong_guesses):
        assert not guess(people, subject, wrong(code))
    assert guess(people, subject, code) is (wrong_guesses < one_time_tokens.MAX_GUESSES)


def test_sixteen_guesses_at_once_are_five(racers: Racers, people: People) -> None:
    subject = new_id()
    code = issue(people, Purpose.CHANGE_EMAIL, subject).code
    answers = racers.race(acts.consume_code, [(people.tenant.slug, subject, wrong(code))] * AT_ONCE)
    assert Counter(answers) == {False: AT_ONCE}
    with people.unit() as uow:
        assert uow.session.scalars(select(OneTimeToken.guesses)).one() == one_time_tokens.MAX_GUESSES


def test_sixteen_right_codes_at_once_are_one_success(racers: Racers, people: People) -> None:
    subject = new_id()
    code = issue(people, Purpose.CHANGE_EMAIL, subject).code
    answers = racers.race(acts.consume_code, [(people.tenant.slug, subject, code)] * AT_ONCE)
    assert Counter(answers) == {True: 1, False: AT_ONCE - 1}


def test_a_code_and_its_link_are_one_token(people: People) -> None:
    subject = new_id()
    issued = issue(people, Purpose.CHANGE_EMAIL, subject)
    assert guess(people, subject, issued.code or "")
    assert not use(people, issued.token, *Purpose)
    issued = issue(people, Purpose.CHANGE_EMAIL, subject)
    assert use(people, issued.token, Purpose.CHANGE_EMAIL)
    assert not guess(people, subject, issued.code or "")


def test_a_code_expires_before_its_link(people: People) -> None:
    subject = new_id()
    issued = issue(people, Purpose.CHANGE_EMAIL, subject)
    pass_time(people, minutes=10, seconds=1)
    assert not guess(people, subject, issued.code or "")
    assert use(people, issued.token, Purpose.CHANGE_EMAIL)


def test_a_code_is_its_subjects_purposes_and_tenants(people: People, others: People) -> None:
    subject = new_id()
    code = issue(people, Purpose.CHANGE_EMAIL, subject).code or ""
    assert not guess(people, new_id(), code)
    assert not guess(people, subject, code, Purpose.VERIFY_EMAIL)
    assert not guess(others, subject, code)
    assert guess(people, subject, code)


def test_an_older_code_is_no_good_even_to_a_session_that_has_read_it(people: People) -> None:
    subject = new_id()
    older = issue(people, Purpose.CHANGE_EMAIL, subject)
    with people.unit() as uow:
        read = one_time_tokens.find(uow, older.token, Purpose.CHANGE_EMAIL)
        assert read is not None
        newer = issue(people, Purpose.CHANGE_EMAIL, subject)
        assert one_time_tokens.consume_code(uow, Purpose.CHANGE_EMAIL, subject, older.code or "") is None
    assert guess(people, subject, newer.code or "")


@pytest.mark.parametrize("spaced", ["{0}{1}", "{0} {1}", " {0}\u00a0{1} ", "{0}-{1}", "{0}{1}\n"])
def test_digits_may_be_spaced_as_people_type_them(people: People, spaced: str) -> None:
    subject = new_id()
    code = issue(people, Purpose.CHANGE_EMAIL, subject).code or ""
    assert guess(people, subject, spaced.format(code[:4], code[4:]))


@pytest.mark.parametrize("typed", ["", "0", "\ud800", "\x00", "x" * 100_000, "１２３４５６７８", "-1"])
def test_what_is_no_code_is_a_wrong_guess(people: People, typed: str) -> None:
    subject = new_id()
    issue(people, Purpose.CHANGE_EMAIL, subject)
    assert not guess(people, subject, typed)


def test_a_token_without_a_code_has_none_to_guess(people: People, wiring: Wiring) -> None:
    subject = new_id()
    assert issue(people, Purpose.RESET_PASSWORD, subject).code is None
    assert not guess(people, subject, "", Purpose.RESET_PASSWORD)
