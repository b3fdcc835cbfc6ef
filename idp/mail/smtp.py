"""One attempt to hand one mail to one server: bounded in time and in what is read, whatever the other side does.

Once the server has taken the mail, nothing that happens afterwards makes it a failure, which would be a second mail.
RFC 5321; RFC 3207 (STARTTLS); RFC 8314 (implicit TLS).
"""

import ipaddress
import smtplib
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import BinaryIO, ClassVar, Self
from urllib.parse import unquote, urlsplit

from idp.mail.errors import MailSettingsInvalid, Undeliverable
from idp.outbound import Outbound

TOTAL_SECONDS = 10.0
MAX_REPLIES = 64 * 1024
PORTS = frozenset({25, 465, 587, 2525})
"""Where a server may listen that a tenant chose."""
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}


class NoTLS(ConnectionError):
    """The server offers no TLS, and what is to be said to it needs some."""


@dataclass(frozen=True, slots=True)
class Place:
    """A mail server, and how to get in."""

    RULE: ClassVar[str] = "A mail server is written smtp://user:password@host:587 or smtps://user:password@host:465."

    scheme: str
    host: str
    port: int
    username: str | None
    password: str = field(repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """From a URL.

        Raises:
            MailSettingsInvalid: it is none.
        """
        with suppress(ValueError):
            parts = urlsplit(url)
            if parts.scheme in _DEFAULT_PORTS and parts.hostname and parts.port != 0:
                return cls(
                    parts.scheme,
                    parts.hostname,
                    parts.port or _DEFAULT_PORTS[parts.scheme],
                    None if parts.username is None else unquote(parts.username),
                    unquote(parts.password or ""),
                )
        raise MailSettingsInvalid(cls.RULE, field="smtp_url")


@dataclass(slots=True)
class Attempt:
    """Made in a thread of its own and ended by whoever waits for it: neither a look-up nor a trickle can hold us up."""

    place: Place
    message: EmailMessage
    outbound: Outbound | None
    accepted: bool = False
    failure: BaseException | None = None
    line: socket.socket | None = None
    over: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, seconds: float) -> None:
        """Deliver, or raise; see `idp.mail.transport.send`."""
        thread = threading.Thread(target=self._try, name="smtp", daemon=True)
        thread.start()
        thread.join(seconds)
        if late := thread.is_alive():
            self._hang_up()
        if self.accepted:
            return
        if late:
            raise TimeoutError("The mail server took too long.")
        if self.failure is not None:
            raise self.failure

    def _try(self) -> None:
        try:
            self._converse()
        except BaseException as failure:  # noqa: BLE001 - raised again by whoever waits
            self.failure = failure
        finally:
            if self.line is not None:
                self.line.close()

    def _converse(self) -> None:
        server = _Server(self, ssl.create_default_context())
        try:
            server.connect(self.place.host, self.place.port)
            self._secure(server)
            if self.place.username is not None:
                server.login(self.place.username, self.place.password)
            server.send_message(self.message)
            self.accepted = True
            server.quit()
        except smtplib.SMTPRecipientsRefused as refused:
            _raise_if_permanent(refused, *next(iter(refused.recipients.values())))
            raise
        except smtplib.SMTPDataError as refused:
            _raise_if_permanent(refused, refused.smtp_code, refused.smtp_error)
            raise
        finally:
            server.close()

    def _secure(self, server: "_Server") -> None:
        server.ehlo_or_helo_if_needed()
        if self.place.scheme == "smtps":
            return
        if server.has_extn("starttls"):
            server.starttls(context=server.tls)
            server.ehlo()
        elif (self.place.username is not None or self.outbound is not None) and not server.is_here:
            raise NoTLS("The mail server offers no TLS, so it gets no password and no mail of ours.")

    def open(self, host: str, port: int, timeout: float) -> socket.socket:
        """The connection; of a server that a tenant chose, to an address that was checked."""
        if self.outbound is None:
            connected = socket.create_connection((host, port), timeout)
        else:
            connected = self.outbound.connect(host, port, ports=PORTS)
            connected.settimeout(timeout)
        with self.lock:
            self.line = connected.dup()
            if self.over:
                self._shut()
        return connected

    def _hang_up(self) -> None:
        with self.lock:
            self.over = True
            self._shut()

    def _shut(self) -> None:
        if self.line is not None:
            with suppress(OSError):
                self.line.shutdown(socket.SHUT_RDWR)


class _Server(smtplib.SMTP):
    """The library's client, over a connection of ours."""

    def __init__(self, attempt: Attempt, tls: ssl.SSLContext) -> None:
        domain = str(attempt.message["From"].addresses[0].domain)
        super().__init__(timeout=TOTAL_SECONDS, local_hostname=domain)
        self.attempt, self.tls = attempt, tls
        self._host = attempt.place.host  # whose certificate STARTTLS must show
        self.is_here = False

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connected = self.attempt.open(host, port, timeout)
        self.is_here = _is_this_machine(connected)
        if self.attempt.place.scheme == "smtps":
            return self.tls.wrap_socket(connected, server_hostname=host)
        return connected

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Bounded(self.sock.makefile("rb"))
        return super().getreply()


class _Bounded:
    """What a server says, up to a size."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.left = file, MAX_REPLIES

    def readline(self, limit: int) -> bytes:
        line = self.file.readline(limit)
        self.left -= len(line)
        if self.left < 0:
            raise OSError("The mail server talks too much.")
        return line

    def close(self) -> None:
        self.file.close()


def _is_this_machine(connected: socket.socket) -> bool:
    return ipaddress.ip_address(connected.getpeername()[0]).is_loopback


def _raise_if_permanent(refused: smtplib.SMTPException, code: int, text: bytes | str) -> None:
    if 500 <= code <= 599:  # noqa: PLR2004 - RFC 5321 §4.2.1
        said = text.decode(errors="replace") if isinstance(text, bytes) else text
        raise Undeliverable(f"{code} {said}") from refused
