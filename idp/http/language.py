"""Which language an answer is in: asked for in the address, chosen before, the account's, the browser's, the tenant's.

In this order:

1. ``ui_locales`` of the address or of the authorization request (OpenID Connect Core §3.1.2.1), and the switch in the
   footer, which is the same parameter.  The browser's language cookie keeps it through the steps of a flow.
2. The cookie.
3. The account's locale, once the page knows whose it is (`prefer`).
4. ``Accept-Language`` (RFC 9110 §12.5.4).
5. The tenant's ``default_locale``.

What we do not speak is passed over.  Programs are answered in English: RFC 6749 §5.2 allows ASCII only.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from idp import i18n
from idp.http import cookies

PARAMETER = "ui_locales"
_ABOUT = ("flow", "token", "invitation")
"""What a page that answers a form is about."""
_SPOKEN = frozenset({"text/html", "application/problem+json"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One language of the switch in the footer: this page in it."""

    code: str
    name: str
    url: str
    is_current: bool


def install(app: Flask, *, pages: tuple[Blueprint, ...], programs: tuple[Blueprint, ...]) -> None:
    """Set the language of every request.  Comes before the tenant is known, so that its refusals are understood.

    Args:
        app: the application.
        pages: blueprints for people; these alone keep a choice.
        programs: blueprints whose answers are English.
    """
    keeping = {blueprint.name for blueprint in pages}
    english = {blueprint.name for blueprint in programs}

    @app.before_request
    def begin() -> None:
        g.keeps_language = request.blueprint in keeping
        if request.blueprint in english:
            g.language_is_chosen = True
        else:
            i18n.choose(i18n.negotiate(*_asked(), *_accepted()))

    @app.after_request
    def declare(response: Response) -> Response:
        if response.mimetype in _SPOKEN:
            response.headers.setdefault("Content-Language", i18n.current().code)
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        i18n.choose(i18n.DEFAULT)  # the thread serves somebody else next


def choose() -> None:
    """Decide again, now that the tenant is known; a ``before_request`` function."""
    if g.get("language_is_chosen") or g.get("tenant") is None:
        return
    remembered = cookies.language() if g.keeps_language else None
    if asked := i18n.match(*_asked()):
        ask(asked.split())
    elif remembered := i18n.match(remembered):
        _decide(remembered)
    else:
        i18n.choose(i18n.negotiate(*_accepted(), g.tenant.policy.default_locale))


def ask(ui_locales: Iterable[str]) -> None:
    """Speak the first of these that we can, here and on the pages that this browser sees next."""
    asked = i18n.match(*ui_locales)
    if asked is None:
        return
    _decide(asked)
    if g.keeps_language and cookies.language() != asked:
        cookies.set_language(asked)


def prefer(locale: str | None) -> None:
    """Speak the language of the account that this page is about, unless another was chosen here."""
    if not g.get("language_is_chosen") and (code := i18n.match(locale)):
        i18n.choose(code)


def choices() -> list[Choice]:
    """This page in each language, with nothing of its address lost."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != PARAMETER]
    with suppress(HTTPException):  # on the page about a form that cannot be read
        kept += [(name, request.form[name]) for name in _ABOUT if name in request.form and name not in request.args]
    return [
        Choice(
            language.code,
            language.name,
            f"{request.path}?{urlencode([*kept, (PARAMETER, language.code)])}",
            language is i18n.current(),
        )
        for language in i18n.LANGUAGES.values()
    ]


def _decide(code: str) -> None:
    g.language_is_chosen = True
    i18n.choose(code)


def _asked() -> list[str]:
    return request.args.get(PARAMETER, "").split()


def _accepted() -> list[str]:
    return [tag for tag, quality in request.accept_languages if quality > 0]
