"""TXT records of the DNS, by which somebody shows that a domain is theirs (RFC 1035 §3.3.14).

Bounded in time, in number and in what is read, and generic in what it says: a name server belongs to whoever is asked
about, and may answer slowly, at length or with noise.
"""

import threading
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from idp.errors import Unavailable

LIFETIME_SECONDS = 5.0
MOST = 100
"""Records that are looked at; whoever has more hides something."""
CONCURRENT_LOOK_UPS = 2
"""In one process: each holds a thread for as long as somebody else's name server likes, and others need theirs."""
_places = threading.BoundedSemaphore(CONCURRENT_LOOK_UPS)


class NameServersSilent(Exception):
    """No name server answered in time, or none that we understand; whose fault it is cannot be told from here."""


class TooManyLookUps(Unavailable):
    """All places for look-ups are taken."""

    code = "too-many-look-ups"


def look_up(name: str, servers: Sequence[str] = ()) -> list[str]:
    """The TXT records at `name`, each as one text; none when the name does not exist.

    Args:
        name: absolute or not, in ASCII.
        servers: ``ip`` or ``ip:port`` of name servers; the system's when there are none.

    Raises:
        NameServersSilent: nobody answered, or nothing that makes sense.
        TooManyLookUps: others are being looked up; nobody was asked.
    """
    if not _places.acquire(blocking=False):
        raise TooManyLookUps("Too many domains are being looked up. Try again in a moment.")
    try:
        answer = _resolver(servers).resolve(dns.name.from_text(name), "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError, ValueError):
        raise NameServersSilent from None
    finally:
        _places.release()
    return [b"".join(record.strings).decode(errors="replace") for record in [*(answer.rrset or ())][:MOST]]


def _resolver(servers: Sequence[str]) -> dns.resolver.Resolver:
    resolver = dns.resolver.Resolver(configure=not servers)
    resolver.lifetime = LIFETIME_SECONDS
    if servers:
        resolver.nameservers = [_server(text) for text in servers]
    return resolver


def _server(text: str) -> dns.nameserver.Do53Nameserver:
    host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "53")
    return dns.nameserver.Do53Nameserver(host, int(port))
