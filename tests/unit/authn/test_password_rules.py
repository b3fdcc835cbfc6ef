"""Which passwords are accepted: long enough, whole, and not among the first that would be guessed (R25)."""

import time
import unicodedata

import pytest

from idp import i18n
from idp.authn import passwords
from idp.authn.errors import PasswordUnacceptable
from idp.authn.password_rules import require_acceptable
from idp.db.unit import UnitOfWork
from idp.tenants.models import Tenant
from idp.wiring import Wiring
from tests.factories import PASSWORD, make_tenant, make_user

ADA = ("ada.lovelace@analytical.example", "Ada King, Countess of Lovelace", "Ada")


@pytest.fixture
def acme(wiring: Wiring) -> Tenant:
    tenant = make_tenant(wiring)
    tenant.slug, tenant.name, tenant.issuer = "acme", "Acme Rocketry", "https://login.acme.example/t/acme"
    return tenant


@pytest.fixture
def lenient(wiring: Wiring) -> Tenant:
    return make_tenant(wiring, password_min_length="8")


def refusal(tenant: Tenant, password: str, *words: str) -> str:
    with pytest.raises(PasswordUnacceptable) as refused:
        require_acceptable(tenant, password, words=words)
    assert refused.value.field == "password"
    assert password not in refused.value.detail
    return refused.value.detail


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "vq7xk2mpz9wt4rb",
        "829104857102948",
        "x" + "é" * 3 + "Zwölf Boxkämpfer",
        "пароль совсем не простой",
        "我的密码很长而且别人猜不到它的意思",
        "my acme account needs four words",
        "    leading and trailing    ",
    ],
)
def test_a_long_password_of_its_own_is_accepted_as_it_is(acme: Tenant, password: str) -> None:
    assert require_acceptable(acme, password, words=ADA) == password


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password1!Password1!",
        "P@ssw0rdP@ssw0rd",
        "password password",
        "letmeinpassword1!",
        "ilovefootball2024",
        "Summer2024Summer2024",
        "michaeljennifer",
        "iloveyouforever",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "abcabcabcabcabcabc",
        "1234567890123456",
        "0987654321098765",
        "abcdefghijklmnop",
        "qwertyuiopasdfghjkl",
        "QWERTZUIOPASDFGHJKL",
        "1qaz2wsx3edc4rfv",
        "a1b2c3d4e5f6g7h8",
        "!@#$%^&*()!@#$%^&*()",
        "ｐａｓｓｗｏｒｄｐａｓｓｗｏｒｄ",
        "               ",
        "密码密码密码密码密码密码密码密码",
        "111222333444555",
    ],
)
def test_what_everybody_guesses_first_is_refused_at_any_length(acme: Tenant, password: str) -> None:
    assert "first that would be guessed" in refusal(acme, password)


@pytest.mark.parametrize(
    "password",
    [
        "acmeacmeacmeacme",
        "Acme2024!Acme2024!",
        "AcmeRocketry2026!",
        "login.acme.example",
        "4cm3-r0ck3try-2026",
        "ada.lovelace@analytical.example",
        "ADA.LOVELACE@analytical.example1",
        "lovelace-analytical",
        "Countess of Lovelace",
        "AdaLovelace1815",
        "adaadaadaadaada",
        "idpidpidpidpidp",
        "identity-provider",
    ],
)
def test_what_is_known_of_person_and_tenant_is_refused(acme: Tenant, password: str) -> None:
    assert "too close to your email address, your name or Acme Rocketry" in refusal(acme, password, *ADA)


def test_a_stranger_may_have_what_is_too_close_to_somebody_else(acme: Tenant) -> None:
    assert require_acceptable(acme, "lovelace-analytical-1815", words=("grace@example.com",))


@pytest.mark.parametrize("password", ["sunshine", "Sunshine1!", "trustno1", "12345678", "qwerty123", "jennifer1987"])
def test_a_tenant_with_shorter_passwords_has_the_same_list(lenient: Tenant, password: str) -> None:
    refusal(lenient, password)


def test_a_short_random_password_is_enough_for_a_tenant_that_says_so(lenient: Tenant) -> None:
    assert require_acceptable(lenient, "h7#Kq9v!", words=())


def test_length_is_counted_in_composed_characters(acme: Tenant) -> None:
    fourteen, fifteen = "éàüçñôïâêùãõžš", "éàüçñôïâêùãõžšč"
    decomposed = unicodedata.normalize("NFD", fourteen)
    assert len(decomposed) == 28
    assert refusal(acme, decomposed) == "A password needs at least 15 characters."
    assert require_acceptable(acme, unicodedata.normalize("NFD", fifteen), words=()) == fifteen


def test_a_longer_password_is_refused_and_not_cut(acme: Tenant) -> None:
    longest = "vq7xk2mpz9wt4rbé" * 8
    assert require_acceptable(acme, unicodedata.normalize("NFD", longest), words=()) == longest
    assert refusal(acme, longest + "x") == "A password has at most 128 characters."


@pytest.mark.parametrize("size", [10_000, 1_000_000])
def test_a_password_of_any_size_is_answered_at_once(acme: Tenant, size: int) -> None:
    began = time.monotonic()
    refusal(acme, "e\N{COMBINING ACUTE ACCENT}" * size)
    assert time.monotonic() - began < 0.1


@pytest.mark.parametrize("character", ["\x00", "\n", "\t", "\x1b", "\x7f", "\x85", "\ud800"])
def test_a_control_character_is_refused(acme: Tenant, character: str) -> None:
    assert "control characters" in refusal(acme, f"vq7xk2mpz9{character}wt4rb")


def test_the_refusal_speaks_the_language_of_the_moment(acme: Tenant) -> None:
    with i18n.use("ar"):
        arabic = refusal(acme, "short")
    assert arabic
    assert refusal(acme, "short") == "A password needs at least 15 characters."


def test_a_person_is_known_by_address_and_names(uow: UnitOfWork) -> None:
    user = make_user(uow, email="grace@navy.example", name="Grace Brewster Hopper", nickname="Amazing")
    for close in ("grace@navy.example", "brewster.hopper", "Amazing-Grace-1906"):
        with pytest.raises(PasswordUnacceptable, match="too close"):
            passwords.set_password(uow, user, close)
    passwords.set_password(uow, user, "Straße nach Übersee")
    assert passwords.verify(uow, user, unicodedata.normalize("NFD", "Straße nach Übersee"))
