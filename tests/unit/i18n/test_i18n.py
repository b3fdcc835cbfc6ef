"""The language of the moment: who is understood, how values get into sentences, how long something takes."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import i18n


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.choose(i18n.DEFAULT)


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        (("de",), "de"),
        (("de-AT",), "de"),
        (("DE_at",), "de"),
        (("ar-EG-u-nu-latn",), "ar"),
        (("fr", None, "", "ar", "de"), "ar"),
        (("fr",), "en"),
        ((), "en"),
        (("deutsch",), "en"),
        (("../../de", "d\0e", "-", "_", "de" * 10_000), "en"),
    ],
)
def test_the_first_language_that_we_speak_is_spoken(wishes: tuple[str | None, ...], code: str) -> None:
    assert i18n.negotiate(*wishes) == code


@given(st.text())
def test_no_wish_is_too_strange(wish: str) -> None:
    assert i18n.negotiate(wish) in i18n.SUPPORTED


def test_a_language_knows_its_name_and_its_direction() -> None:
    assert [(item.code, item.name, item.dir) for item in i18n.LANGUAGES.values()] == [
        ("en", "English", "ltr"),
        ("de", "Deutsch", "ltr"),
        ("ar", "العربية", "rtl"),
    ]


def test_a_language_is_spoken_for_a_while_and_then_the_one_before() -> None:
    with i18n.use("de"), i18n.use("ar-EG"):
        assert i18n.current().code == "ar"
    with i18n.use(None):
        assert i18n.current().code == "en"
    with pytest.raises(ZeroDivisionError), i18n.use("de"):
        raise ZeroDivisionError
    assert i18n.current().code == "en"


def test_a_thread_starts_in_english() -> None:
    heard: list[str] = []
    with i18n.use("de"):
        thread = threading.Thread(target=lambda: heard.append(i18n.current().code))
        thread.start()
        thread.join()
    assert heard == ["en"]


def test_a_sentence_is_translated_and_then_filled() -> None:
    with i18n.use("de"):
        assert i18n.gettext("Sign in to {tenant}", tenant="{x} 100%") == "Bei {x} 100% anmelden"
        assert i18n.gettext("Not one of ours, {name}", name="Ada") == "Not one of ours, Ada"
        assert not i18n.gettext("")
    assert i18n.gettext("Sign in to {tenant}", tenant="Acme") == "Sign in to Acme"
    assert i18n.gettext("{as it is}") == "{as it is}"


@pytest.mark.parametrize(("n", "text"), [(1, "1 thing"), (2, "2 things"), (0, "0 things")])
def test_a_sentence_about_many(n: int, text: str) -> None:
    assert i18n.ngettext("{n} thing", "{n} things", n) == text


@pytest.mark.parametrize(
    ("span", "english", "german", "arabic"),
    [
        (0.2, "in 1 second", "in 1 Sekunde", "خلال ثانية واحدة"),
        (61, "in 61 seconds", "in 61 Sekunden", "خلال 61 ثانية"),
        (timedelta(minutes=4), "in 4 minutes", "in 4 Minuten", "خلال 4 دقائق"),
        (timedelta(minutes=90), "in 90 minutes", "in 90 Minuten", "خلال 90 دقيقة"),
        (timedelta(days=2, seconds=1), "in 3 days", "in 3 Tagen", "خلال 3 أيام"),
        (timedelta(days=30), "in 30 days", "in 30 Tagen", "خلال 30 يومًا"),
    ],
)
def test_a_wait_is_never_shorter_than_it_is(span: float, english: str, german: str, arabic: str) -> None:
    said = []
    for code in ("en", "de", "ar"):
        with i18n.use(code):
            said.append(i18n.format_wait(span))
    assert said == [english, german, arabic]


def test_how_long_something_lasts() -> None:
    assert i18n.format_duration(timedelta(hours=1)) == "1 hour"
    with i18n.use("de"):
        assert i18n.format_duration(timedelta(days=2)) == "2 Tage"
    with i18n.use("ar"):
        assert i18n.format_duration(timedelta(days=2)) == "يومان"


def test_moments_are_said_in_utc() -> None:
    moment = datetime(2026, 11, 24, 18, 5, tzinfo=UTC)
    with i18n.use("de"):
        assert i18n.format_datetime(moment) == "24.11.2026, 18:05:00 UTC"
        assert i18n.format_date(date(2026, 11, 24)) == "24. November 2026"
