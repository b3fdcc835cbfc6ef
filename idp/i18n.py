"""The language of the moment: sentences, dates and spans of time in English, German or Arabic.

    from idp.i18n import gettext as _

    _("Sign in to {tenant}", tenant=tenant.name)

The English sentence is the message id; `idp/locales/<code>.po` has the others (`make messages` keeps them).  Always
whole sentences, with `{name}` where a value goes: languages do not share an order of words.  The language is a context
variable; who serves a person sets it (`use`, `choose`), and everybody else only asks.  Tags are BCP 47.
"""

import gettext as stdlib
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from math import ceil, inf
from pathlib import Path
from typing import Literal

from babel import Locale, dates, negotiate_locale
from babel.messages import mofile, pofile

DEFAULT = "en"
LOCALES = Path(__file__).parent / "locales"

Length = Literal["short", "medium", "long", "full"]
Unit = Literal["day", "hour", "minute", "second"]

_UNITS: tuple[tuple[Unit, int], ...] = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class Language:
    """One of the languages that we speak.

    Attributes:
        code: BCP 47 tag, as in `<html lang>` and `Content-Language`.
        name: what it calls itself.
        dir: `ltr` or `rtl`.
        locale: how Babel writes numbers and dates in it.
    """

    code: str
    name: str
    dir: Literal["ltr", "rtl"]
    locale: Locale


def _language(code: str, name: str) -> Language:
    locale = Locale.parse(code)
    return Language(code, name, "rtl" if locale.character_order == "right-to-left" else "ltr", locale)


LANGUAGES = {
    language.code: language
    for language in (
        _language("en", "English"),
        _language("de", "Deutsch"),
        _language("ar", "العربية"),
    )
}

SUPPORTED = tuple(LANGUAGES)

_current: ContextVar[Language] = ContextVar("language", default=LANGUAGES[DEFAULT])


def current() -> Language:
    """The language of whoever is being served."""
    return _current.get()


def choose(code: str) -> None:
    """Speak `code` from here on; for a request, which sets it back when it ends."""
    _current.set(LANGUAGES[code])


@contextmanager
def use(code: str | None) -> Generator[Language]:
    """Speak one language for a while, as for one mail; what we do not speak becomes the default."""
    language = LANGUAGES[negotiate(code)]
    token = _current.set(language)
    try:
        yield language
    finally:
        _current.reset(token)


def match(*wishes: str | None) -> str | None:
    """The first of these tags that we speak, exactly or by its language: `de-AT` is `de`."""
    for wish in wishes:
        if wish and (found := negotiate_locale([wish.replace("_", "-")], SUPPORTED, sep="-", aliases={})):
            return found.lower()
    return None


def negotiate(*wishes: str | None) -> str:
    """As `match`; English when we speak none of them."""
    return match(*wishes) or DEFAULT


def gettext(message: str, /, **values: object) -> str:
    """A sentence in the current language, with its `{name}` placeholders filled."""
    return _filled(_catalog().gettext(message) if message else "", values)  # "" is the catalog's own header


def ngettext(singular: str, plural: str, n: int, /, **values: object) -> str:
    """A sentence about `n` things; `{n}` is filled as well."""
    return _filled(unfilled(singular, plural, n), {"n": n, **values})


def pgettext(context: str, message: str, /, **values: object) -> str:
    """A sentence whose English stands for two things; `context` tells which."""
    return _filled(_catalog().pgettext(context, message), values)


def unfilled(singular: str, plural: str, n: int) -> str:
    """As `ngettext`, with its placeholders still in it: for markup, where each value is escaped first."""
    return _catalog().ngettext(singular, plural, n)


def mark(message: str) -> str:
    """Have a constant translated, now as it is: whoever shows it calls `gettext(CONSTANT)`."""
    return message


def format_datetime(moment: datetime, length: Length = "medium") -> str:
    """A moment, in UTC, as in “27 Jul 2025, 14:05:00 UTC”."""
    written = dates.format_datetime(moment.astimezone(UTC), length, locale=current().locale)
    return f"{written} UTC" if length in {"short", "medium"} else written


def format_date(day: date, length: Length = "long") -> str:
    """A day, as in “27 July 2025”."""
    return dates.format_date(day, length, locale=current().locale)


def format_duration(span: timedelta | float) -> str:
    """How long something lasts, rounded up: “4 minutes”.  Seconds, when it is a number."""
    return _format_span(span, in_future=False)


def format_wait(span: timedelta | float) -> str:
    """When something will be, from now, rounded up: “in 4 minutes”, German “in 3 Tagen”."""
    return _format_span(span, in_future=True)


def format_ago(moment: datetime, now: datetime) -> str:
    """How long ago something was, rounded down: “4 minutes ago”; within the last minute, “just now”."""
    seconds = int((now - moment).total_seconds())
    unit, size = next(((unit, size) for unit, size in _UNITS[:-1] if seconds >= size), ("second", 0))
    if not size:
        return gettext("just now")
    whole = timedelta(seconds=-(seconds // size) * size)
    return dates.format_timedelta(whole, unit, inf, add_direction=True, locale=current().locale)


def _format_span(span: timedelta | float, *, in_future: bool) -> str:
    seconds = max(1, ceil(span.total_seconds() if isinstance(span, timedelta) else span))
    unit, size = next((unit, size) for unit, size in _UNITS if seconds >= 2 * size or size in {seconds, 1})
    whole = timedelta(seconds=ceil(seconds / size) * size)
    # No value reaches an endless threshold, so that Babel stays with our unit: 30 days are not "4 weeks".
    return dates.format_timedelta(whole, unit, inf, add_direction=in_future, locale=current().locale)


def _filled(sentence: str, values: dict[str, object]) -> str:
    return sentence.format(**values) if values else sentence


def _catalog() -> stdlib.NullTranslations:
    return _read(_current.get().code)


@cache
def _read(code: str) -> stdlib.NullTranslations:
    path = LOCALES / f"{code}.po"
    if not path.exists():  # English is what stands in the code
        return stdlib.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        mofile.write_mo(compiled, pofile.read_po(source, locale=code))
    compiled.seek(0)
    return stdlib.GNUTranslations(compiled)
