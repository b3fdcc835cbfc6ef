"""The authorization response: query or form_post, always with ``iss`` (RFC 9207), never by 307 (R5)."""

from urllib.parse import urlencode

from flask import Response, make_response, redirect, render_template

from idp.http.context import current_tenant
from idp.http.security import allow_form_action, csp_nonce
from idp.oauth.models import ResponseMode
from idp.oauth.redirect_uris import origin


def answer(redirect_uri: str, mode: ResponseMode, state: str | None, **members: str) -> Response:
    """Send the browser back to the client.

    Args:
        redirect_uri: proven to be the client's.
        mode: how the members travel.
        state: as the client sent it.
        members: ``code``, or ``error`` and ``error_description``.
    """
    fields = members | ({"state": state} if state is not None else {}) | {"iss": current_tenant().issuer}
    if mode == "query":
        return with_query(redirect_uri, fields)
    allow_form_action(origin(redirect_uri))
    page = render_template(
        "form_post.html", action=redirect_uri, fields=fields, csp_nonce=csp_nonce(), static_url="/static"
    )
    return make_response(page)


def with_query(uri: str, fields: dict[str, str]) -> Response:
    """303 to `uri`, its own query kept (RFC 6749 §3.1.2)."""
    if not fields:
        return see_other(uri)
    return see_other(f"{uri}{'&' if '?' in uri else '?'}{urlencode(fields)}")


def see_other(url: str) -> Response:
    """303: the next request is a GET, whatever this one was."""
    response = redirect(url, code=303)
    assert isinstance(response, Response)  # noqa: S101 - Flask's own class, for mypy
    response.headers["Cache-Control"] = "no-store"
    return response
