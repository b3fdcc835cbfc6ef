"""Cookies: ``__Host-idp-<tenant hash>``, Secure, HttpOnly, SameSite=Lax; on loopback http without the first two (R39).

Three a tenant: the session's secret, the browser's, which binds half-finished flows and forms to one browser, and the
language that was chosen in it.
"""

import hashlib

from flask import Response, g, request

from idp.crypto.secrets import new_secret
from idp.http.context import current_settings, current_tenant

_LONGEST = 100


def session_secret() -> str | None:
    """What the session cookie holds; believe nothing of it."""
    return _read(_name(""))


def browser_secret() -> str | None:
    """What the browser cookie holds; None when there is none of our shape."""
    value = _read(_name("-b"))
    return value if value is not None and value.startswith("idp_br_") else None


def ensure_browser_secret() -> str:
    """The browser's secret, made and set with this answer when there is none yet."""
    secret = browser_secret() or g.get("new_browser_secret")
    if secret is None:
        secret = g.new_browser_secret = new_secret("br")
        set_later(_name("-b"), secret)
    return secret


def set_session(secret: str) -> None:
    """Give the browser a session with this answer."""
    set_later(_name(""), secret)


def clear_session() -> None:
    """Take the session from the browser with this answer."""
    set_later(_name(""), "")


def language() -> str | None:
    """The language that was chosen in this browser; believe nothing of it."""
    return _read(_name("-l"))


def set_language(code: str) -> None:
    """Remember the language with this answer."""
    set_later(_name("-l"), code)


def set_later(name: str, value: str) -> None:
    """Queue a cookie for the answer of this request; an empty value deletes it."""
    g.setdefault("cookies", {})[name] = value


def forget() -> None:
    """Set no cookie after all: what they stand for was not committed."""
    g.pop("cookies", None)


def apply(response: Response) -> Response:
    """Write what was queued; an ``after_request`` function."""
    secure = bool(g.get("settings")) and current_settings().is_https
    for name, value in g.get("cookies", {}).items():
        if value:
            response.set_cookie(name, value, secure=secure, httponly=True, samesite="Lax", path="/")
        else:
            response.delete_cookie(name, secure=secure, httponly=True, samesite="Lax", path="/")
    return response


def _name(suffix: str) -> str:
    tenant_hash = hashlib.sha256(current_tenant().id.bytes).hexdigest()[:16]
    return f"{'__Host-' if current_settings().is_https else ''}idp-{tenant_hash}{suffix}"


def _read(name: str) -> str | None:
    value = request.cookies.get(name)
    return value if value is not None and len(value) <= _LONGEST and value.isascii() else None
