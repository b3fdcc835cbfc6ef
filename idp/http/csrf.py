"""Cross-site requests: a form token bound to the browser, and where the browser says it comes from (R40)."""

from urllib.parse import urlsplit

from flask import request

from idp.crypto.secrets import encode, mac, matches
from idp.errors import Forbidden
from idp.http import cookies
from idp.http.context import current_settings, current_tenant


class ForeignForm(Forbidden):
    """A form that this browser did not get from us."""

    code = "foreign-form"


def token() -> str:
    """The value of every form's hidden ``csrf`` field."""
    return _token(cookies.ensure_browser_secret())


def require_own_form() -> None:
    """Refuse a POST that did not start on one of our pages in this browser.

    Raises:
        ForeignForm: no cookie, a wrong token, or another origin.
    """
    secret = cookies.browser_secret()
    sent = request.form.get("csrf", "")
    if secret is None or not matches(_token(secret).encode(), sent.encode()) or not _is_same_origin():
        raise ForeignForm("This form has expired, or was opened elsewhere. Go back to the application and start again.")


def _token(secret: str) -> str:
    return encode(mac(secret.encode(), b"csrf", current_tenant().id.bytes))


def _is_same_origin() -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    ours = urlsplit(current_settings().base_url)
    return origin is None or origin == f"{ours.scheme}://{ours.netloc}"
