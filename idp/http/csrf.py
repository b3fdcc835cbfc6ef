"""Cross-site requests: a form token bound to the browser, and where the browser says it comes from (R40)."""

from urllib.parse import urlsplit

from flask import request

from idp.crypto.secrets import encode, mac, matches
from idp.errors import Forbidden
from idp.http import cookies
from idp.http.context import current_settings, current_tenant
from idp.i18n import gettext as _


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
        raise ForeignForm(
            _("This form has expired, or was opened elsewhere. Go back to the application and start again.")
        )


def _token(secret: str) -> str:
    return encode(mac(secret.encode(), b"csrf", current_tenant().id.bytes))


def _is_same_origin() -> bool:
    """Where the browser says the form was.

    ``Sec-Fetch-Site`` decides where there is one.  Browsers too old for it send ``Origin``, and from our own pages
    ``null``, because those carry ``Referrer-Policy: no-referrer``; for such a form the token alone must do.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    ours = urlsplit(current_settings().base_url)
    if origin not in {None, "null", f"{ours.scheme}://{ours.netloc}"}:
        return False
    return site in {None, "same-origin", "none"}
