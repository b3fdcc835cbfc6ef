"""Whether a password is known from a breach elsewhere, asked without giving it away (R25).

The range protocol of Have I Been Pwned: five characters of a SHA-1 digest go out, every known digest that begins with
them comes back with padding, and the comparison happens here.  Off unless the deployment names an endpoint and the
tenant wants it; an endpoint that does not answer never keeps anybody from setting a password.
"""

import hashlib

from prometheus_client import Counter

from idp import log
from idp.outbound import Answer, Outbound, OutboundFailed, OutboundRefused

_PREFIX = 5
_OK = 200

_lookups = Counter("idp_breached_password_lookups", "Passwords looked up in a list of breaches.", ["outcome"])


_endpoints: list[tuple[str, Outbound]] = []
"""The one endpoint and the client that calls it, or none."""


def connect(url: str | None, client: Outbound) -> None:
    """Name the endpoint, once at the start of a process.

    Args:
        url: the address of its ranges, to which ``/ABCDE`` is added; none turns the look-up off.
        client: calls it.
    """
    _endpoints[:] = [] if url is None else [(url.rstrip("/"), client)]


def is_known(password: str) -> bool:
    """Whether the normalised `password` is in the list.  When nobody can say, it is not."""
    if not _endpoints:
        return False
    ((url, client),) = _endpoints
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    try:
        answer = client.get(f"{url}/{digest[:_PREFIX]}", headers={"Add-Padding": "true"})
        known = _count(answer, digest[_PREFIX:]) > 0
    except (OutboundFailed, OutboundRefused, ValueError) as failed:
        _lookups.labels("failed").inc()
        log.get().warning("breached.lookup_failed", reason=type(failed).__name__)
        return False
    _lookups.labels("known" if known else "unknown").inc()
    return known


def _count(answer: Answer, suffix: str) -> int:
    """How often the digest that ends in `suffix` was seen; entries that only pad say 0."""
    if answer.status != _OK:
        raise ValueError
    for line in answer.body.decode("ascii").splitlines():
        ending, _, count = line.partition(":")
        if ending.strip().upper() == suffix:
            return int(count)
    return 0
