"""Redirect URIs: what may be registered, and what equals it (R2; RFC 9700 §2.1, RFC 8252 §7.3).

Compared byte for byte.  The one exception is the port of a loopback address, which a native application cannot know.
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

MAX_LENGTH = 2_000
_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()+,;=%]+")  # RFC 3986, less # and *
_LOOPBACK_PORT = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::[0-9]{1,5})?(/.*)?", re.DOTALL)
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # it ends in a CSP header, where ; would begin another directive
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")  # reverse domain, RFC 8252 §7.1


def problem(uri: str, *, native: bool, loopback_http: bool) -> str | None:
    """Why `uri` cannot be registered; None when it can.

    Args:
        uri: as given.
        native: whether an installed application registers it: loopback http and private-use schemes are its own.
        loopback_http: whether any client may use http on a loopback address, because we ourselves run on one.
    """
    if not uri or len(uri) > MAX_LENGTH:
        return f"must be 1 to {MAX_LENGTH} characters"
    if not _ALLOWED.fullmatch(uri):
        return "holds a character that a redirect URI cannot have, such as a wildcard, a fragment or a space"
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return "is not a URI"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user"
    if "/../" in f"{parts.path}/" or "/./" in f"{parts.path}/":
        return "must not hold dot segments"
    return _scheme_problem(parts, native=native, loopback_http=loopback_http)


def _scheme_problem(parts: SplitResult, *, native: bool, loopback_http: bool) -> str | None:
    if parts.scheme in {"https", "http"} and not _HOST.fullmatch(parts.hostname or ""):
        return "must name a host"
    if parts.scheme == "https":
        return None
    if parts.scheme == "http":
        if not is_loopback(parts.hostname):
            return "must be https, unless it is a loopback address"
        return None if native or loopback_http else "may use http on a loopback address only for a native application"
    if native and _PRIVATE_SCHEME.fullmatch(parts.scheme):
        return None
    return "must be an absolute https URI"


def is_loopback(host: str | None) -> bool:
    """Whether `host` can only be this very machine."""
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False


def matches(sent: str, registered: str, *, native: bool) -> bool:
    """Whether `sent` is `registered`: the same bytes, or the same but for the port of a loopback address."""
    if sent == registered:
        return True
    if not native or len(sent) > MAX_LENGTH:
        return False
    one, other = _LOOPBACK_PORT.fullmatch(sent), _LOOPBACK_PORT.fullmatch(registered)
    return one is not None and other is not None and one.groups() == other.groups()


def origin(uri: str) -> str:
    """Scheme, host and port of an http(s) URI, the scheme alone of others: a source as CSP wants it."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"https", "http"} else f"{parts.scheme}:"
