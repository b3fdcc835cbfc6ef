"""Which URLs can be endpoints: what `idp.outbound` would call, as far as that can be said before a name is looked up.

Each call is checked again, with the addresses that the name has by then (R52).
"""

import ipaddress
import re
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

from idp.outbound import Network, is_public
from idp.webhooks.errors import WebhookInvalid

MAX_URL = 2048
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_HTTPS_PORTS = {None, 443}

_allowed: tuple[Network, ...] = ()


def configure(networks: Iterable[str]) -> None:
    """Let these networks (CIDR) be called too, by http and on any port; called once, by `idp.wiring`."""
    global _allowed  # noqa: PLW0603 - one installation, one list
    _allowed = tuple(map(ipaddress.ip_network, networks))


def require_callable(url: str) -> str:
    """The URL, without anything that would not be sent.

    Raises:
        WebhookInvalid: it is not one that we would call.
    """
    if len(url) > MAX_URL or not _PRINTABLE.fullmatch(url):
        raise _refused(f"A URL has at most {MAX_URL} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise _refused("This is not a URL.") from None
    if "@" in parts.netloc:
        raise _refused("A URL holds no user and no password: whoever is called knows us by the signature.")
    if parts.fragment:
        raise _refused("A URL holds no fragment: it would not be sent.")
    if parts.scheme not in {"https", "http"} or not host:
        raise _refused("A URL begins with https:// and names a host.")
    _require_reachable(parts.scheme, host, port)
    return url


def host_of(url: str) -> str:
    """For the log: paths and queries of endpoints may hold what nobody should see."""
    return urlsplit(url).hostname or ""


def _require_reachable(scheme: str, host: str, port: int | None) -> None:
    """By its form alone; a name may still lead where we do not call."""
    address = None
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
    if address is not None and any(address in network for network in _allowed):
        return
    by_name_inside = address is None and bool(_allowed)
    if scheme != "https" and not by_name_inside:
        raise _refused("A URL begins with https://.")
    if port not in _HTTPS_PORTS and not by_name_inside:
        raise _refused("Endpoints are called at port 443.")
    if address is not None and not is_public(address):
        raise _refused("This address cannot be called from here.")


def _refused(sentence: str) -> WebhookInvalid:
    return WebhookInvalid(sentence, field="url")
