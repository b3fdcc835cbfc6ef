"""The one client by which we call somebody else's server over HTTP (R52, R53).

https to port 443 of public addresses; whatever else a deployment needs stands in its allow-list of networks.  The
address that was checked is the address that is called, redirects are answers like any other, and time, size and
concurrency are bounded however slowly the other side talks.  Errors say nothing about what stands at an address.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import SplitResult, urlsplit

from idp import log
from idp.errors import Invalid, Unavailable

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 5.0
MAX_BYTES = 1024 * 1024
CONCURRENT_CALLS = 8

_DEFAULT_PORTS = {"https": 443, "http": 80}
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_UNICAST_IPV6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        # What Python 3.11 takes for global: 6to4, its relays, Teredo, protocol assignments, documentation; and the
        # agent of Azure's hosts.
        ("2002::/16", "192.88.99.0/24", "2001::/32", "192.0.0.0/24", "3fff::/20", "168.63.129.16/32"),
    )
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class OutboundRefused(Invalid):
    """We do not call this address, whatever stands there."""

    code = "outbound-refused"


class OutboundFailed(Unavailable):
    """The other side is away, slow, too verbose or not who it should be."""

    code = "outbound-failed"


class OutboundBusy(OutboundFailed):
    """The other side was not called: we are calling as many as we can."""

    code = "outbound-busy"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; a redirect is not followed.

    Attributes:
        status: of HTTP.
        headers: names in lower case; of those that repeat, the last.
        body: at most `MAX_BYTES`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(slots=True)
class _Call:
    """One exchange, made in a thread of its own and ended by whoever waits for it."""

    method: str
    url: SplitResult
    headers: Mapping[str, str]
    body: bytes | None
    answer: Answer | None = None
    refused: bool = False
    failure: str = "Timeout"
    line: socket.socket | None = None
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hang_up(self) -> None:
        """End it wherever it is: a second handle on the connection reaches it even in the middle of TLS."""
        with self.lock:
            self.over = True
            if self.line is not None:
                with suppress(OSError):
                    self.line.shutdown(socket.SHUT_RDWR)

    def watch(self, connected: socket.socket) -> None:
        """Keep a handle for `hang_up`."""
        with self.lock:
            self.line = connected.dup()
            if self.over:
                self.line.shutdown(socket.SHUT_RDWR)


class Outbound:
    """Calls, a few at a time.

    Args:
        allow: networks (CIDR) that may be called by http too and on any port; none in production.
    """

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self._allowed: tuple[Network, ...] = tuple(map(ipaddress.ip_network, allow))
        self._places = threading.BoundedSemaphore(CONCURRENT_CALLS)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for `url`.

        Raises:
            OutboundRefused: we do not call this address.
            OutboundFailed: no whole answer in time; `OutboundBusy` if it was not even asked.
        """
        return self._call("GET", url, headers, None)

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """Send `body` to `url`; errors as in `get`."""
        return self._call("POST", url, headers, body)

    def _call(self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> Answer:
        ends = time.monotonic() + TOTAL_SECONDS
        call = _Call(method, _parse(url), {"User-Agent": "idp", "Connection": "close", **(headers or {})}, body)
        if not self._places.acquire(timeout=TOTAL_SECONDS):
            raise _failed("Busy", OutboundBusy)
        # Looking up a name cannot be interrupted, so a thread does it and keeps the place until it is through.
        thread = threading.Thread(target=self._run, args=(call,), name="outbound", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._places.release()
            raise _failed("NoThread") from None
        thread.join(max(0.0, ends - time.monotonic()))
        if thread.is_alive():
            call.hang_up()
            raise _failed("Timeout")
        if call.refused:
            raise OutboundRefused("This address cannot be called from here.")
        if call.answer is None:
            raise _failed(call.failure)
        return call.answer

    def _run(self, call: _Call) -> None:
        try:
            call.answer = self._exchange(call)
        except OutboundRefused:
            call.refused = True
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            call.failure = type(error).__name__  # AttributeError: hung up while http.client was reading
        finally:
            if call.line is not None:
                call.line.close()
            self._places.release()

    def _exchange(self, call: _Call) -> Answer | None:
        host, port = _host(call.url), _port(call.url)
        by_rule = call.url.scheme == "https" and port == _DEFAULT_PORTS["https"]
        connected = _connect(self._permitted(host, port, by_rule=by_rule), port)
        try:
            call.watch(connected)
            connected.settimeout(TOTAL_SECONDS)
            if call.url.scheme == "https":
                connected = self._tls.wrap_socket(connected, server_hostname=host)
            return _converse(call, connected, host, port)
        finally:
            connected.close()

    def connect(self, host: str, port: int, *, ports: Collection[int]) -> socket.socket:
        """A connection for a protocol other than HTTP, such as SMTP; whoever uses it bounds it.

        Args:
            host: of the other side.
            port: of the other side.
            ports: those that such a server has at public addresses.

        Raises:
            OutboundRefused: we do not call this address.
            OSError: nobody answers there.
        """
        return _connect(self._permitted(host, port, by_rule=port in ports), port)

    def _permitted(self, host: str, port: int, *, by_rule: bool) -> list[Address]:
        found = [ipaddress.ip_address(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        for address in found:
            if not (any(address in network for network in self._allowed) or (by_rule and is_public(address))):
                raise OutboundRefused("This address cannot be called from here.")
        return list(dict.fromkeys(found))


def is_public(address: Address) -> bool:
    """Whether `address` is a host on the internet, and not on our side of any router."""
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST_IPV6:
        return False
    special = address.is_multicast or address.is_reserved or any(address in network for network in _NOT_PUBLIC)
    return address.is_global and not special


def _connect(addresses: list[Address], port: int) -> socket.socket:
    ends, failure = time.monotonic() + CONNECT_SECONDS, OSError()
    for left, address in zip(range(len(addresses), 0, -1), addresses, strict=True):
        try:
            return socket.create_connection((str(address), port), max(0.1, ends - time.monotonic()) / left)
        except OSError as error:
            failure = error
    raise failure


def _converse(call: _Call, connected: socket.socket, host: str, port: int) -> Answer | None:
    kind = http.client.HTTPSConnection if call.url.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port)
    connection.sock = connected
    target = call.url._replace(scheme="", netloc="", fragment="").geturl() or "/"
    connection.request(call.method, target, body=call.body, headers=dict(call.headers))
    response = connection.getresponse()
    body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise http.client.HTTPException
    if response.length:  # announced and never sent
        raise http.client.IncompleteRead(body)
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


def _parse(url: str) -> SplitResult:
    with suppress(ValueError):
        parts = urlsplit(url)
        whole = parts.scheme in _DEFAULT_PORTS and _host(parts) and _port(parts) and "@" not in parts.netloc
        if whole and not _UNPRINTABLE.search(url):
            return parts
    raise OutboundRefused("This address cannot be called from here.")


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _port(parts: SplitResult) -> int:
    return _DEFAULT_PORTS[parts.scheme] if parts.port is None else parts.port


def _failed(reason: str, kind: type[OutboundFailed] = OutboundFailed) -> OutboundFailed:
    log.get().warning("outbound.failed", reason=reason)
    return kind("Another server did not answer as it should.")
