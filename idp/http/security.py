"""Response headers: CSP, HSTS and the rest (R41, R42)."""

from flask import Flask, Response, g

from idp.config import Settings
from idp.crypto.secrets import new_nonce

_HSTS = "max-age=31536000; includeSubDomains"
_ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"


def csp_nonce() -> str:
    """The nonce of this answer's scripts."""
    if "csp_nonce" not in g:
        g.csp_nonce = new_nonce()
    nonce: str = g.csp_nonce
    return nonce


def allow_form_action(origin: str | None) -> None:
    """Let this page's form end, by redirects, at `origin`: browsers hold the whole chain against form-action."""
    if origin is not None:
        g.form_action = origin


def isolate() -> None:
    """Keep this page out of the reach of windows that opened it; not for pages that an application may open (R42)."""
    g.isolated = True


def install(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer."""
    always = [*_ALWAYS, ("Strict-Transport-Security", _HSTS)] if settings.is_https else _ALWAYS

    @app.after_request
    def add(response: Response) -> Response:
        headers = response.headers
        if response.mimetype == "text/html":
            headers.setdefault("Content-Security-Policy", _page_policy())
            headers.setdefault("Cache-Control", "no-store")
            headers.add("Vary", "Cookie")
            if g.get("isolated"):
                headers.set("Cross-Origin-Opener-Policy", "same-origin")
        else:
            headers.setdefault("Content-Security-Policy", _NOTHING)
            headers.setdefault("Cache-Control", "no-store")
        for name, value in always:
            headers.add(name, value)
        headers.add("X-Request-Id", g.get("request_id", ""))
        return response


def _page_policy() -> str:
    action = g.get("form_action")
    return (
        f"default-src 'none'; script-src 'nonce-{csp_nonce()}'; style-src 'self'; img-src 'self'; "
        f"form-action 'self'{f' {action}' if action else ''}; "
        "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    )
