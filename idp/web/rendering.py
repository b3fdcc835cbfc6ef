"""Pages: the values that every template gets, and errors as pages."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from idp import errors, i18n, templating
from idp.http import language, problems
from idp.http.security import csp_nonce
from idp.i18n import gettext as _
from idp.i18n import mark
from idp.oauth.errors import PageError
from idp.tenants.models import Tenant

STATIC = Path(__file__).parent / "static"
_HEADINGS = {
    400: mark("This link is not one that we understand"),
    403: mark("You can’t do this here"),
    404: mark("There is nothing here"),
    405: mark("There is nothing here"),
    410: mark("This page has expired"),
    413: mark("That was too much"),
    429: mark("That was too often"),
    503: mark("We’re very busy right now"),
}
_ADVICE = {
    400: mark("Go back to the application and start again."),
    404: mark("Check the address, or go back to the application and start again."),
    405: mark("Check the address, or go back to the application and start again."),
    413: mark("What was sent is larger than anything that we ask for. Nothing was changed."),
}
"""What to do about an error that the framework found."""


def install(app: Flask, pages: tuple[Blueprint, ...]) -> None:
    """Give the application its templates, and its errors their form.

    A page on the browser-facing blueprints `pages`, and for a browser outside of every blueprint; problem+json
    for everybody else.
    """
    named = {blueprint.name for blueprint in pages}

    def answer(error: Exception) -> Response:
        is_page = request.blueprint in named or (request.blueprint is None and _wants_page())
        return error_page(error) if is_page else problems.problem(error)

    templating.install(app.jinja_env)
    app.jinja_env.globals["static_url"] = static_url
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Exception, answer)


@cache
def static_url(name: str) -> str:
    """Address of a static file, with its version in it."""
    version = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={version}"


def render(template: str, title: str, **values: Any) -> str:
    """A page of the current tenant, or of nobody.

    Args:
        template: its path.
        title: of the window.
        values: plain values for the template.
    """
    return render_template(template, page=_page(title), **values)


def error_page(error: Exception) -> Response:
    """What went wrong, what to do, and a reference for whoever is asked about it (R60)."""
    known = problems.normalise(error)
    status = problems.status_of(known)
    heading, facts = _(_HEADINGS.get(status, mark("Something went wrong"))), []
    if isinstance(known, PageError):
        heading, facts = known.heading, known.facts
    detail = known.detail if isinstance(known, errors.IdPError) else _(_ADVICE.get(status, ""))
    page = render(
        "hosted/error.html",
        heading,
        status=status,
        heading=heading,
        detail=detail or _(problems.NOTHING_CHANGED),
        reference=g.get("request_id", ""),
        facts=facts,
        way_on=None,
    )
    return problems.with_headers(make_response(page, status), known)


def _wants_page() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


def _page(title: str) -> dict[str, Any]:
    tenant: Tenant | None = g.get("tenant")
    page: dict[str, Any] = {
        "title": title,
        "tenant_name": None,
        "logo_url": None,
        "theme_url": None,
        "csp_nonce": csp_nonce(),
        "lang": i18n.current().code,
        "dir": i18n.current().dir,
        "languages": language.choices(),
        "links": [],
    }
    if tenant is not None:
        branding = tenant.branding
        page["title"] = f"{title} · {tenant.name}"
        page["tenant_name"] = tenant.name
        page["theme_url"] = f"/t/{tenant.slug}/theme.css?v={branding.accent.removeprefix('#')}"
        if branding.logo_etag is not None:
            page["logo_url"] = f"/t/{tenant.slug}/branding/logo?v={branding.logo_etag}"
        named = ((_("Terms"), branding.terms_url), (_("Privacy"), branding.privacy_url))
        page["links"] = [(label, str(url)) for label, url in named if url is not None]
    return page
