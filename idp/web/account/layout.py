"""What the pages of an account have in common: their menu, their notice, and how they answer."""

from typing import Any

from flask import Response, make_response

from idp.http import csrf, problems
from idp.http.context import current_tenant
from idp.i18n import gettext as _
from idp.i18n import mark
from idp.oauth.authorize.response import see_other
from idp.web.hosted import flash
from idp.web.rendering import render

SECTIONS = {
    "profile": mark("Profile"),
    "email": mark("Email address"),
    "password": mark("Password"),
    "connections": mark("Ways to sign in"),
    "sessions": mark("Where you’re signed in"),
    "applications": mark("Applications"),
    "activity": mark("Recent activity"),
    "data": mark("Download your data"),
    "delete": mark("Delete your account"),
}
"""Each page by the last part of its address, in the order of the menu."""


def show(here: str, *, status: int = 200, **values: Any) -> Response:
    """A page of the account.

    Args:
        here: its name in `SECTIONS`, or ``overview``.
        status: HTTP status.
        values: plain values for its template.
    """
    url = f"{current_tenant().issuer}/account"
    title = _(SECTIONS.get(here, mark("Your account")))
    common: dict[str, Any] = {
        "heading": title,
        "here": here,
        "sections": [(name, _(label), f"{url}/{name}") for name, label in SECTIONS.items()],
        "account_url": url,
        "action": f"{url}/{here}",
        "csrf": csrf.token(),
        "notice": flash.sentence(),
        "error": None,
        "errors": {},
    }
    return make_response(render(f"account/{here}.html", title, **common | values), status)


def refuse(page: Response, refused: Exception) -> Response:
    """The same page, which says why and when to try again."""
    known = problems.normalise(refused)
    page.status_code = problems.status_of(known)
    return problems.with_headers(page, known)


def back_to(path: str, notice: str | None = None) -> Response:
    """303 to one of our pages, which then says what happened."""
    query = f"?{flash.PARAMETER}={notice}" if notice is not None else ""
    return see_other(f"{current_tenant().issuer}/{path}{query}")
