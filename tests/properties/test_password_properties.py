"""Passwords are normalised once and for all, counted as they are hashed, and never cut (R25)."""

import unicodedata
import uuid
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from idp.authn import blocklist
from idp.authn.errors import PasswordUnacceptable
from idp.authn.password_rules import normalise, require_acceptable
from idp.policy import Policy

TENANT = SimpleNamespace(
    id=uuid.UUID(int=1),
    slug="acme",
    name="Acme",
    issuer="https://id.example/t/acme",
    policy=Policy(password_min_length=8),
    data_key_sealed=None,
)
TYPED = st.text(max_size=200)
FORMS = st.sampled_from(["NFC", "NFD"])


@given(TYPED)
def test_normalising_twice_changes_nothing(typed: str) -> None:
    assert normalise(normalise(typed)) == normalise(typed)


@given(TYPED, FORMS)
def test_every_keyboard_makes_the_same_password(typed: str, form: str) -> None:
    assert normalise(unicodedata.normalize(form, typed)) == normalise(typed)


@given(TYPED)
def test_what_is_accepted_is_whole_and_of_the_right_length(typed: str) -> None:
    try:
        accepted = require_acceptable(TENANT, typed, words=("ada@example.com",))
    except PasswordUnacceptable:
        return
    assert accepted == unicodedata.normalize("NFC", typed)
    assert 8 <= len(accepted) <= 128


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=20))
def test_what_is_known_only_makes_guessing_easier(password: str, word: str) -> None:
    knowing = blocklist.guess(password, blocklist.known_words((word,)))
    assert 0 <= knowing.bits <= blocklist.guess(password, frozenset()).bits


@given(st.sampled_from(["acme", "Rocket", "jennifer", "qwerty"]), st.integers(2, 30))
def test_a_word_is_no_better_for_being_said_again(word: str, times: int) -> None:
    assert blocklist.guess(word * times, frozenset({"acme"})).bits < 30
